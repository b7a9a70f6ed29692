"""The loader of many small files of one feed into PostgreSQL in one transaction."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, groupby
from typing import IO, Any

from psycopg import Cursor

from estrela.errors import FileRefusedError, LoadError
from estrela.etl.feed_loader import Loaded, holds_back
from estrela.etl.feed_rows.judge import Judge
from estrela.etl.feed_rows.rows import unpacked_rows
from estrela.etl.feed_rows.wire import Wire
from estrela.etl.loaders.landed_claim import damage_refused, landed_of
from estrela.etl.loaders.postgres_table import PostgresTable, copy_statement
from estrela.etl.loaders.reject_spool import RejectSpool, copy_spools, require_tolerable
from estrela.hooks.database import DatabaseManager
from estrela.hooks.landed_files import LandedFiles
from estrela.ledger.claims import Account, Claim, settle_done
from estrela.model.feed import Feed, Load, OnOverwrite

TEXT_BYTES = 4 << 20
"""Bytes of a file's rows held in memory; larger files are spooled to disk."""
NEW_LOADS = "SELECT nextval(pg_get_serial_sequence('ledger.loads', 'id')) FROM generate_series(1, %s)"
LOADS = """
INSERT INTO ledger.loads (
  id, file, kind, run, started_at, ended_at, rows_in, rows_loaded, rows_rejected, rows_changed
) OVERRIDING SYSTEM VALUE
SELECT l.id, l.file, 'load', %(run)s, l.started_at, clock_timestamp(), l.rows_in, l.rows_loaded, l.rows_rejected,
  l.rows_changed
FROM unnest(
  %(ids)s::bigint[], %(files)s::bigint[], %(started)s::timestamptz[], %(rows_in)s::bigint[], %(rows_loaded)s::bigint[],
  %(rows_rejected)s::bigint[], %(rows_changed)s::bigint[]
) AS l (id, file, started_at, rows_in, rows_loaded, rows_rejected, rows_changed)
"""
OLDER = """
SELECT o.id, n.id FROM ledger.files o
JOIN unnest(%(files)s::bigint[], %(buckets)s::text[], %(keys)s::text[]) AS n (id, bucket, key)
  ON (o.bucket, o.key) = (n.bucket, n.key)
WHERE o.feed = %(feed)s AND o.id <> n.id AND o.state = 'Done' AND o.superseded_by IS NULL
"""
SUPERSEDED = """
UPDATE ledger.files o SET superseded_by = n.id
FROM unnest(%s::bigint[], %s::bigint[]) AS n (older, id) WHERE o.id = n.older
"""


@dataclass
class Judged:
    """A file that was read: its good rows as ``text`` for COPY, its rejects, and the number of good rows."""

    claim: Claim
    rejects: RejectSpool
    started_at: datetime
    text: IO[bytes]
    sha256: str
    wire: Wire
    columns: tuple[str, ...]
    rows: int

    @property
    def form(self) -> tuple[tuple[str, ...], str, str]:
        """The properties that all files of one COPY must share."""
        return self.columns, self.wire.delimiter, self.wire.quote

    def account(self, changed: int) -> Account:
        """Return the counts of the load, which changed ``changed`` rows of the target."""
        return Account(self.rows + self.rejects.count, self.rows, self.rejects.count, changed)


@dataclass(frozen=True)
class PostgresBatch:
    """Loads files, read by ``judge``, into the database of the ledger."""

    database: DatabaseManager
    files: LandedFiles
    judge: Judge

    def load(self, claims: Sequence[Claim]) -> Loaded:
        """Load the files of one feed and set the good ones to Done; return the others with their errors.

        A file is read completely before its first row is sent, so that a refused file does not affect the others.
        Raises LoadError or ClaimLostError if the transaction fails; nothing is changed then.
        """
        feed, loaded = self.judge.feed, Loaded()
        with self.database.transaction(feed.target) as cursor:
            loads = [id_ for (id_,) in cursor.execute(NEW_LOADS, (len(claims),)).fetchall()]
            table = PostgresTable(feed, cursor)
            table.ensure()
            target = table.stage() if feed.load is Load.UPSERT else table.name
            done: list[Judged] = []
            for _, files in groupby(self._judged(claims, loads, loaded), key=lambda judged: judged.form):
                first = next(files)
                with cursor.copy(copy_statement(target, first.columns, first.wire)) as copy:
                    for file in chain([first], files):
                        while chunk := file.text.read(TEXT_BYTES):
                            copy.write(chunk)
                        file.text.close()
                        done.append(file)
            ids = [judged.claim.file for judged in done]
            changed = {judged.claim.file: judged.rows for judged in done}
            if older := _superseded(cursor, feed, [judged.claim for judged in done]):
                table.withdraw(older)
            if feed.load is Load.UPSERT:
                changed = dict.fromkeys(ids, 0) | table.merge(ids)
            results = [(judged, judged.account(changed[judged.claim.file])) for judged in done]
            _write(cursor, results)
            settle_done(cursor, [(judged.claim, account, judged.sha256) for judged, account in results])
            loaded.accounts = [(judged.claim, account) for judged, account in results]
        return loaded

    def _judged(self, claims: Sequence[Claim], loads: Sequence[int], loaded: Loaded) -> Iterator[Judged]:
        """Yield the files that can be loaded; record in ``loaded`` the files that cannot be loaded or must wait."""
        contents = self.files.read_all([landed_of(claim) for claim in claims])
        for number, (claim, load, content) in enumerate(zip(claims, loads, contents, strict=True), 1):
            try:
                if isinstance(content, LoadError):
                    raise content
                yield self._read(claim, load, content)
            except (LoadError, FileRefusedError) as error:
                loaded.failures.append((claim, error))
                if holds_back(claim, error):
                    loaded.left = claims[number:]
                    return

    def _read(self, claim: Claim, load: int, content: bytes) -> Judged:
        """Read a file completely. Raises FileRefusedError."""
        started_at = datetime.now(UTC)
        rejects, loaded = RejectSpool(claim.file, load), 0
        text = tempfile.SpooledTemporaryFile(TEXT_BYTES)  # noqa: SIM115 - closed once it is sent
        with damage_refused(claim), unpacked_rows(io.BytesIO(content), self.judge, claim.address) as rows:
            wire = rows.wire(claim.file, load)
            for piece in rows.pieces(wire):
                text.write(piece.text.encode())
                loaded += piece.rows
                rejects.add(piece.rejects)
            columns = rows.columns
        account = Account(loaded + rejects.count, loaded, rejects.count, loaded)
        require_tolerable(claim, account, rejects)
        text.seek(0)
        sha256 = hashlib.sha256(content).hexdigest()
        return Judged(claim, rejects, started_at, text, sha256, wire, columns, loaded)


def _superseded(cursor: Cursor[Any], feed: Feed, claims: Sequence[Claim]) -> list[int]:
    """Mark and return the loaded older versions of the files, whose rows must be deleted.

    A file with a loaded version is normally claimed alone. It is in a batch only if two workers claimed two versions at
    the same time.
    """
    if feed.on_overwrite is OnOverwrite.APPEND_VERSION:
        return []
    names = {"buckets": [claim.bucket for claim in claims], "keys": [claim.key for claim in claims]}
    pairs = cursor.execute(OLDER, {"files": [claim.file for claim in claims], "feed": feed.name, **names}).fetchall()
    older = [id_ for id_, _ in pairs]
    if older:
        cursor.execute(SUPERSEDED, (older, [id_ for _, id_ in pairs]))
    return older


def _write(cursor: Cursor[Any], results: Sequence[tuple[Judged, Account]]) -> None:
    """Record the loads and their rejects."""
    done, accounts = [judged for judged, _ in results], [account for _, account in results]
    given = {
        "run": done[0].claim.run if done else "",
        "ids": [judged.rejects.load for judged in done],
        "files": [judged.claim.file for judged in done],
        "started": [judged.started_at for judged in done],
        "rows_in": [account.rows for account in accounts],
        "rows_loaded": [account.loaded for account in accounts],
        "rows_rejected": [account.rejected for account in accounts],
        "rows_changed": [account.changed for account in accounts],
    }
    cursor.execute(LOADS, given)
    copy_spools(cursor, [judged.rejects for judged in done])
