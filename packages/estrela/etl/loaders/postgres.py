"""Loads a claimed file into PostgreSQL: rows, rejects, counts and Done in one transaction."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, cast

from psycopg import Cursor
from psycopg.sql import SQL, Composable, Identifier, Literal

from estrela.errors import FileRefusedError
from estrela.etl.feed_loader import FeedLoader
from estrela.etl.feed_rows.file_rows import FeedRows
from estrela.etl.feed_rows.judge import Judge, Reject
from estrela.etl.feed_rows.rows import Hashing, unpacked_rows
from estrela.etl.feed_rows.wire import Wire
from estrela.etl.loaders.postgres_table import PostgresTable
from estrela.etl.readers.compression import DamagedFileError
from estrela.hooks.database import DatabaseManager
from estrela.hooks.landed_files import Landed, LandedFiles
from estrela.ledger.claims import Account, Claim, settle
from estrela.ledger.state import State
from estrela.model.feed import Feed, Load, OnOverwrite

SUPERSEDED = """
UPDATE ledger.files SET superseded_by = %(file)s
WHERE feed = %(feed)s AND id <> %(file)s AND state = 'Done' AND superseded_by IS NULL
  AND (%(whole)s OR (bucket, key) = (%(bucket)s, %(key)s))
RETURNING id
"""
BEGUN = "INSERT INTO ledger.loads (file, kind, run) VALUES (%s, %s, %s) RETURNING id"
ENDED = """
UPDATE ledger.loads
SET ended_at = clock_timestamp(), rows_in = %s, rows_loaded = %s, rows_rejected = %s, rows_changed = %s WHERE id = %s
"""
SPOOL_BYTES = 1 << 20
SHOWN_REJECTS = 1000
"""Most rejects that are kept of a file that failed; they explain it."""
REJECTS = """
COPY ledger.rejects (file, load, line, column_name, value, code, reason, raw_line, is_counted) FROM STDIN (FORMAT csv)
"""


class TooManyRejectsError(FileRefusedError):
    """More rows of a file are bad than its feed tolerates; ``rejects`` are the first of them."""

    def __init__(self, claim: Claim, account: Account, rejects: tuple[Reject, ...]) -> None:
        self.account, self.rejects = account, rejects
        first = rejects[0]
        where = f"line {first.line}" + (f", column {first.column}" if first.column else "")
        reason = (
            f"{account.rejected} of {account.rows} rows are bad, more than the feed tolerates; the first: {where}: "
            f"{first.value!r}: {first.reason}"
        )
        super().__init__(claim.feed.name, claim.address, reason)


class RejectSpool:
    """Rejects of one load, on disk where they are many, in the form that COPY reads."""

    def __init__(self, file: int, load: int, *, is_counted: bool = True) -> None:
        self._is_counted = str(is_counted).lower()
        self.file, self.load = file, load
        self._wire, self._text = Wire(file, load), tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115
        self.first: list[Reject] = []
        self.count = 0

    def add(self, rejects: Iterable[Reject]) -> None:
        """Keep ``rejects``."""
        for one in rejects:
            values = (one.column, one.value, one.code, one.reason, one.raw_line, self._is_counted)
            self._text.write(self._wire.row(one.line, values).encode())
            self.count += 1
            if len(self.first) < SHOWN_REJECTS:
                self.first.append(one)

    def copy(self, cursor: Cursor[Any]) -> None:
        """Write the rejects to the ledger."""
        if not self.count:
            return  # a COPY of nothing takes as long as that of a small file
        self._text.seek(0)
        with cursor.copy(REJECTS) as copy:
            while chunk := self._text.read(SPOOL_BYTES):
                copy.write(chunk)


@dataclass(frozen=True)
class PostgresLoader(FeedLoader):
    """Loads files into the database that holds the ledger too. ``pii_key`` is the key of hashed values."""

    database: DatabaseManager
    files: LandedFiles
    pii_key: bytes = b""

    def ensure(self, table: Feed) -> None:
        """Create the target of a feed if it does not exist, and bring it in line. Raises LoadError."""
        with self.database.transaction(table.target) as cursor:
            PostgresTable(table, cursor).ensure()

    def load(self, claim: Claim) -> Account:
        """Load the file and set it to Done in one transaction; raises as :class:`FeedLoader` says."""
        judge = Judge.of(claim.feed, self.pii_key)
        with self.files.open(landed_of(claim)) as body, self.database.transaction(claim.feed.target) as cursor:
            stream = Hashing(body)
            account = self._loaded(cursor, claim, judge, stream)
            settle(cursor, claim, State.DONE, account=account, sha256=stream.drain())
        return account

    def plan(self, claim: Claim) -> Account:
        """Return what :meth:`load` would do with the file now; changes nothing. Raises what :meth:`load` raises."""
        judge = Judge.of(claim.feed, self.pii_key)
        with self.files.open(landed_of(claim)) as body, self.database.transaction(claim.feed.target) as cursor:
            try:
                return self._loaded(cursor, claim, judge, Hashing(body))
            finally:
                cursor.connection.rollback()

    def _loaded(self, cursor: Cursor[Any], claim: Claim, judge: Judge, stream: Hashing) -> Account:
        load = begin_load(cursor, claim.file, "load", claim.run)
        table = PostgresTable(claim.feed, cursor)
        table.ensure()
        target = table.begin(supersede(cursor, claim))
        spool = RejectSpool(claim.file, load)
        with damage_refused(claim), unpacked_rows(cast(IO[bytes], stream), judge, claim.address) as rows:
            loaded = copy_rows(cursor, target, rows, spool)
        account = Account(loaded + spool.count, loaded, spool.count, loaded)
        require_tolerable(claim, account, spool)
        if claim.feed.load is Load.UPSERT:
            account = Account(account.rows, loaded, spool.count, table.merge(claim.file))
        spool.copy(cursor)
        end_load(cursor, load, account)
        return account


def require_tolerable(claim: Claim, account: Account, spool: RejectSpool) -> None:
    """Raise TooManyRejectsError if more rows are bad than the feed tolerates."""
    if not claim.feed.tolerance.allows(account.rejected, account.rows):
        raise TooManyRejectsError(claim, account, tuple(spool.first))


def supersede(cursor: Cursor[Any], claim: Claim) -> list[int]:
    """Return the loaded files whose rows leave: older versions of the file, or all where it holds all rows."""
    feed = claim.feed
    if feed.on_overwrite is OnOverwrite.APPEND_VERSION:
        return []
    given = {"file": claim.file, "feed": feed.name, "bucket": claim.bucket, "key": claim.key}
    found = cursor.execute(SUPERSEDED, {**given, "whole": feed.is_whole}).fetchall()
    return [id_ for (id_,) in found]


def landed_of(claim: Claim) -> Landed:
    """Return where the file of a claim is: where it arrived, or in the archive."""
    if claim.archive_uri:
        bucket, _, key = claim.archive_uri.removeprefix("s3://").partition("/")
        return Landed(bucket, key, "", "", claim.size)
    return Landed(claim.bucket, claim.key, claim.version, claim.etag, claim.size)


@contextmanager
def damage_refused(claim: Claim) -> Iterator[None]:
    """Turn a DamagedFileError of the block into a FileRefusedError of the file of ``claim``."""
    try:
        yield
    except DamagedFileError as error:
        raise FileRefusedError(claim.feed.name, claim.address, str(error)) from error


def begin_load(cursor: Cursor[Any], file: int, kind: str, run: str) -> int:
    """Note the begin of a load, and return its number."""
    found = cursor.execute(BEGUN, (file, kind, run)).fetchone()
    assert found is not None
    return int(found[0])


def end_load(cursor: Cursor[Any], load: int, account: Account) -> None:
    """Note the counts of a load."""
    cursor.execute(ENDED, (account.rows, account.loaded, account.rejected, account.changed, load))


def copy_rows(cursor: Cursor[Any], target: Composable, rows: FeedRows, spool: RejectSpool) -> int:
    """Stream the rows into ``target`` and the rejects into ``spool``; return the number of rows.

    Raises DamagedFileError.
    """
    wire = rows.wire(spool.file, spool.load)
    columns = SQL(", ").join(map(Identifier, ("source_file", "source_load", "source_line", *rows.columns)))
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT csv, DELIMITER {}, QUOTE {})").format(
        target, columns, Literal(wire.delimiter), Literal(wire.quote)
    )
    loaded = 0
    with cursor.copy(statement) as copy:
        for piece in rows.pieces(wire):
            copy.write(piece.text)
            loaded += piece.rows
            spool.add(piece.rejects)
    return loaded
