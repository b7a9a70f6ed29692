"""Loads a claimed file into Redshift: rows and an audit row in one transaction, after which the ledger is settled.

A load that died between the two is settled from its audit row by the next one, and not repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, cast

from estrela.errors import ClaimLostError, LoadError
from estrela.etl.feed_loader import FeedLoader
from estrela.etl.feed_rows.judge import Judge
from estrela.etl.feed_rows.rows import Hashing, unpacked_rows
from estrela.etl.feed_rows.wire import Wire
from estrela.etl.loaders.copy_folder import CopyFolder, CopyParts
from estrela.etl.loaders.landed_claim import damage_refused, landed_of
from estrela.etl.loaders.postgres import supersede
from estrela.etl.loaders.redshift_audit import Audit, AuditRow
from estrela.etl.loaders.redshift_table import RedshiftTable, columns_of
from estrela.etl.loaders.reject_spool import RejectSpool, require_tolerable
from estrela.hooks.database import DatabaseManager
from estrela.hooks.landed_files import LandedFiles
from estrela.hooks.redshift import RedshiftData, StatementError
from estrela.ledger.claims import Account, Claim, settle
from estrela.ledger.state import State
from estrela.model.feed import Feed, Load, OnOverwrite

NEW_LOAD = "SELECT nextval(pg_get_serial_sequence('ledger.loads', 'id'))"
INTENDED = """
INSERT INTO ledger.loads (id, file, kind, run, rows_in, rows_loaded, rows_rejected) OVERRIDING SYSTEM VALUE
SELECT %s, id, 'load', %s, %s, %s, %s FROM ledger.files
WHERE id = %s AND fence = %s AND state = 'In Progress' AND lease_until > clock_timestamp()
"""
IS_SETTLED = "SELECT 1 FROM ledger.loads WHERE id = %s AND ended_at IS NOT NULL"
ENDED = "UPDATE ledger.loads SET ended_at = clock_timestamp(), rows_changed = %s WHERE id = %s"
COUNTED = "UPDATE ledger.rejects SET is_counted = true WHERE load = %s"
FORGOTTEN = """
WITH died AS (
  UPDATE ledger.loads SET ended_at = clock_timestamp(), rows_in = 0, rows_loaded = 0, rows_rejected = 0,
    error = 'the worker died before the commit in Redshift; load ' || %(load)s || ' took its place'
  WHERE file = %(file)s AND id <> %(load)s AND kind = 'load' AND ended_at IS NULL RETURNING id
)
DELETE FROM ledger.rejects r USING died WHERE r.load = died.id
"""
POSITION = """
SELECT encode(convert_to(place, 'UTF8'), 'hex') || ' ' || to_char(arrived_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')
  || ' ' || sequencer || ' ' || lpad(CAST(id AS text), 20, '0') FROM ledger.files WHERE id = %s
"""
"""The sort key of a feed's files, as a text that Redshift compares byte by byte."""


FENCE = 1
"""Place of the statement that fails if another load was committed since the worker looked."""


@dataclass(frozen=True)
class Judged:
    """Result of reading a file: counts, the sha256 of the whole, and the form and columns of its good rows."""

    account: Account
    sha256: str
    wire: Wire
    columns: tuple[str, ...]


@dataclass(frozen=True)
class RedshiftLoader(FeedLoader):
    """Loads files into ``redshift``, by way of ``folder``. ``database`` holds the ledger."""

    database: DatabaseManager
    files: LandedFiles
    redshift: RedshiftData
    folder: CopyFolder
    pii_key: bytes = b""

    def load(self, claim: Claim) -> Account:
        """Load the file and set it to Done, or change nothing that is seen.

        Raises FileRefusedError where the file is not as declared, ClaimLostError where another worker may have it, and
        LoadError.
        """
        audit = Audit.of(claim)
        newest = audit.newest(self.redshift)
        if newest and self._is_of(claim, newest):
            return self._settled(claim, newest)
        load = self._new_load()
        spool = RejectSpool(claim.file, load, is_counted=False)
        with self.folder.writing(claim.feed.name, claim.file, load) as parts:
            judged = self.judged(claim, Judge.of(claim.feed, self.pii_key), spool, parts)
            require_tolerable(claim, judged.account, spool)
        self._intend(claim, load, judged.account, spool)
        columns, table = self.ensured(claim.feed), RedshiftTable(claim.feed)
        position = self.position(claim.file)
        head = [audit.locked(), audit.fenced(newest.load if newest else 0), *self._emptied(claim, audit, columns)]
        head += self.staged(claim.feed, judged, parts)
        checks = {len(head): f"not all of the {judged.account.loaded} rows arrived"}
        statements = [*head, table.has_all(judged.account.loaded), *table.merged(audit.newer_files(position))]
        if claim.feed.key and claim.feed.load is not Load.UPSERT:
            checks[len(statements)] = f"a key ({', '.join(claim.feed.key)}) would be twice in the table"
            statements.append(table.has_keys_once())
        statements += [audit.written(load, claim.file, "load", position, judged.sha256, judged.account), table.unstaged]
        return self._settled(claim, self._committed(claim, audit, statements, checks))

    def plan(self, claim: Claim) -> Account:
        """Return what :meth:`load` would do with the file, without Redshift: how many rows of the table differ then is
        not asked, and said to be all that would be loaded. Raises what :meth:`load` raises.
        """
        spool = RejectSpool(claim.file, 0)
        account = self.judged(claim, Judge.of(claim.feed, self.pii_key), spool, None).account
        require_tolerable(claim, account, spool)
        return account

    def ensure(self, table: Feed) -> None:
        """Create the table of the feed ``table``, or bring it in line. Raises LoadError."""
        self.ensured(table)

    def ensured(self, feed: Feed) -> dict[str, str]:
        """As :meth:`ensure`; return the columns and types that the table has then."""
        table = RedshiftTable(feed)
        existing = columns_of(self.redshift.query(feed.target, table.columns_query))
        if not existing:
            self.redshift.transact(feed.target, [*table.created(), Audit(feed, "").created()])
            return table.declared
        if feed.load is Load.REPLACE or existing == table.declared:
            return existing
        if changes := table.evolved(existing):
            self.redshift.transact(feed.target, changes)
        return table.declared

    def staged(self, feed: Feed, judged: Judged, parts: CopyParts) -> list[str]:
        """Return what brings the good rows into the staging table."""
        wire, role = judged.wire, self.redshift.role
        return RedshiftTable(feed).staged(judged.columns, parts.manifest, role, wire.delimiter, wire.quote)

    def position(self, file: int) -> str:
        """Return the place of a file in the order of its feed."""
        with self.database.transaction("ledger.files") as cursor:
            row = cursor.execute(POSITION, (file,)).fetchone()
        assert row is not None
        return str(row[0])

    def _new_load(self) -> int:
        with self.database.transaction("ledger.loads") as cursor:
            row = cursor.execute(NEW_LOAD).fetchone()
        assert row is not None
        return int(row[0])

    def judged(
        self,
        claim: Claim,
        judge: Judge,
        spool: RejectSpool,
        parts: CopyParts | None,
        only: frozenset[int] | None = None,
    ) -> Judged:
        """Write the good rows of a file, or of the lines ``only``, to ``parts`` and the bad ones to ``spool``."""
        loaded = 0
        with self.files.open(landed_of(claim)) as body:
            stream = Hashing(body)
            with damage_refused(claim), unpacked_rows(cast(IO[bytes], stream), judge, claim.address, only) as rows:
                wire = rows.wire(spool.file, spool.load)
                for piece in rows.pieces(wire):
                    loaded += piece.rows
                    spool.add(piece.rejects)
                    if parts:
                        parts.write(piece.text)
            sha256 = stream.drain()
        return Judged(Account(loaded + spool.count, loaded, spool.count, loaded), sha256, wire, rows.columns)

    def _intend(self, claim: Claim, load: int, account: Account, spool: RejectSpool) -> None:
        """Note what is about to be committed in Redshift: the rejects have to outlive a kill after that commit."""
        with self.database.transaction("ledger.loads") as cursor:
            counts = (account.rows, account.loaded, account.rejected)
            if cursor.execute(INTENDED, (load, claim.run, *counts, claim.file, claim.fence)).rowcount != 1:
                raise ClaimLostError(claim.feed.name, claim.address)
            spool.copy(cursor)

    def _emptied(self, claim: Claim, audit: Audit, existing: dict[str, str]) -> list[str]:
        """Return the statements that delete rows of older versions, and those that this file left earlier."""
        table = RedshiftTable(claim.feed)
        if claim.feed.is_whole:
            changed = table.replaced(existing) if claim.feed.load is Load.REPLACE else []
            return [table.withdrawn(""), *changed]
        if claim.feed.on_overwrite is OnOverwrite.APPEND_VERSION:
            return [table.withdrawn(f"source_file = {claim.file}")]
        return [table.withdrawn(f"source_file = {claim.file} OR source_file IN ({audit.older_files()})")]

    def _committed(self, claim: Claim, audit: Audit, statements: Sequence[str], checks: Mapping[int, str]) -> AuditRow:
        """Run a load's transaction; return its audit row, or that of an earlier load of the file that won.

        ``checks`` are what the failure of a statement means, by its place.
        """
        try:
            self.redshift.transact(claim.feed.target, statements)
        except StatementError as error:
            if error.place in checks:
                raise LoadError(claim.feed.target, checks[error.place], retriable=False) from error
            if error.place != FENCE:
                raise
        newest = audit.newest(self.redshift)
        if newest is None or not self._is_of(claim, newest):
            problem = "another load of the feed was committed meanwhile; nothing of this one was"
            raise LoadError(claim.feed.target, problem, retriable=True)
        return newest

    def _is_of(self, claim: Claim, row: AuditRow) -> bool:
        """Return whether ``row`` is a load of the claimed file that the ledger does not know to be committed."""
        if row.file != claim.file or row.kind != "load":
            return False
        with self.database.transaction("ledger.loads") as cursor:
            return cursor.execute(IS_SETTLED, (row.load,)).fetchone() is None

    def _settled(self, claim: Claim, row: AuditRow) -> Account:
        """Make the ledger say what the audit row says."""
        self.folder.clear(claim.feed.name, claim.file)
        with self.database.transaction("ledger.files") as cursor:
            cursor.execute(ENDED, (row.account.changed, row.load))
            cursor.execute(COUNTED, (row.load,))
            cursor.execute(FORGOTTEN, {"load": row.load, "file": row.file})
            supersede(cursor, claim)
            settle(cursor, claim, State.DONE, account=row.account, sha256=row.sha256)
        return row.account
