"""The loader of claimed files into Redshift: commits rows with an audit row, then settles the ledger.

If a worker dies between the two, the next load settles the file from its audit row instead of loading it again.
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
    error = 'the worker died before the commit in Redshift; load ' || %(load)s || ' has replaced this one'
  WHERE file = %(file)s AND id <> %(load)s AND kind = 'load' AND ended_at IS NULL RETURNING id
)
DELETE FROM ledger.rejects r USING died WHERE r.load = died.id
"""
POSITION = """
SELECT encode(convert_to(place, 'UTF8'), 'hex') || ' ' || to_char(arrived_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')
  || ' ' || sequencer || ' ' || lpad(CAST(id AS text), 20, '0') FROM ledger.files WHERE id = %s
"""
"""The sort key of a feed's files as a text that Redshift compares bytewise."""


FENCE = 1
"""Index of the statement that fails if another load was committed after the worker read the audit table."""


@dataclass(frozen=True)
class Judged:
    """Result of reading a file: counts, its sha256, and the format and columns of its good rows."""

    account: Account
    sha256: str
    wire: Wire
    columns: tuple[str, ...]


@dataclass(frozen=True)
class RedshiftLoader(FeedLoader):
    """Loads files into ``redshift`` through staged files in ``folder``. ``database`` holds the ledger."""

    database: DatabaseManager
    files: LandedFiles
    redshift: RedshiftData
    folder: CopyFolder
    pii_key: bytes = b""

    def load(self, claim: Claim) -> Account:
        """Load the file and set it to Done, or change nothing visible.

        Raises FileRefusedError if the file differs from the declaration, ClaimLostError if another worker may have the
        claim, and LoadError.
        """
        audit = Audit.of(claim)
        newest = audit.newest(self.redshift)
        if newest and self._is_unsettled_load(claim, newest):
            return self._settled(claim, newest)
        load = self._new_load()
        spool = RejectSpool(claim.file, load, is_counted=False)
        with self.folder.writing(claim.feed.name, claim.file, load) as parts:
            judged = self.judged(claim, Judge.of(claim.feed, self.pii_key), spool, parts)
            require_tolerable(claim, judged.account, spool)
        self._record_load(claim, load, judged.account, spool)
        columns, table = self.ensured(claim.feed), RedshiftTable(claim.feed)
        position = self.position(claim.file)
        head = [audit.locked(), audit.fenced(newest.load if newest else 0), *self._emptied(claim, audit, columns)]
        head += self.staged(claim.feed, judged, parts)
        checks = {len(head): f"COPY did not load all of the {judged.account.loaded} rows; nothing was changed"}
        statements = [*head, table.has_all(judged.account.loaded), *table.merged(audit.newer_files(position))]
        if claim.feed.key and claim.feed.load is not Load.UPSERT:
            key = ", ".join(claim.feed.key)
            checks[len(statements)] = f"several rows would have the same key ({key}); nothing was changed"
            statements.append(table.has_keys_once())
        statements += [audit.written(load, claim.file, "load", position, judged.sha256, judged.account), table.unstaged]
        return self._settled(claim, self._committed(claim, audit, statements, checks))

    def plan(self, claim: Claim) -> Account:
        """Return the account that :meth:`load` would give, without calling Redshift.

        It counts all rows to be loaded as changed, because it does not compare them with the table. Raises the same
        errors.
        """
        spool = RejectSpool(claim.file, 0)
        account = self.judged(claim, Judge.of(claim.feed, self.pii_key), spool, None).account
        require_tolerable(claim, account, spool)
        return account

    def ensure(self, table: Feed) -> None:
        """Create the table of the feed ``table``, or update it to match the declaration. Raises LoadError."""
        self.ensured(table)

    def ensured(self, feed: Feed) -> dict[str, str]:
        """Do the same as :meth:`ensure`; return the columns and types of the table afterwards."""
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
        """Return the statements that copy the good rows into the staging table."""
        wire, role = judged.wire, self.redshift.role
        return RedshiftTable(feed).staged(judged.columns, parts.manifest, role, wire.delimiter, wire.quote)

    def position(self, file: int) -> str:
        """Return the position of a file in the order of its feed."""
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
        """Write the good rows of a file, or of its lines ``only``, to ``parts`` and the bad rows to ``spool``."""
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

    def _record_load(self, claim: Claim, load: int, account: Account, spool: RejectSpool) -> None:
        """Record the load before its commit in Redshift, so that its rejects survive a kill after that commit."""
        with self.database.transaction("ledger.loads") as cursor:
            counts = (account.rows, account.loaded, account.rejected)
            if cursor.execute(INTENDED, (load, claim.run, *counts, claim.file, claim.fence)).rowcount != 1:
                raise ClaimLostError(claim.feed.name, claim.address)
            spool.copy(cursor)

    def _emptied(self, claim: Claim, audit: Audit, existing: dict[str, str]) -> list[str]:
        """Return the statements that delete the rows of older versions and of earlier attempts to load this file."""
        table = RedshiftTable(claim.feed)
        if claim.feed.is_whole:
            changed = table.replaced(existing) if claim.feed.load is Load.REPLACE else []
            return [table.withdrawn(""), *changed]
        if claim.feed.on_overwrite is OnOverwrite.APPEND_VERSION:
            return [table.withdrawn(f"source_file = {claim.file}")]
        return [table.withdrawn(f"source_file = {claim.file} OR source_file IN ({audit.older_files()})")]

    def _committed(self, claim: Claim, audit: Audit, statements: Sequence[str], checks: Mapping[int, str]) -> AuditRow:
        """Run the transaction of a load; return its audit row, or that of a concurrent load of the same file that won.

        ``checks`` maps the index of a statement to the meaning of its failure.
        """
        try:
            self.redshift.transact(claim.feed.target, statements)
        except StatementError as error:
            if error.place in checks:
                raise LoadError(claim.feed.target, checks[error.place], retriable=False) from error
            if error.place != FENCE:
                raise
        newest = audit.newest(self.redshift)
        if newest is None or not self._is_unsettled_load(claim, newest):
            problem = "another load of the feed was committed at the same time; this one was rolled back"
            raise LoadError(claim.feed.target, problem, retriable=True)
        return newest

    def _is_unsettled_load(self, claim: Claim, row: AuditRow) -> bool:
        """Return whether ``row`` is a load of the claimed file that the ledger has not settled yet."""
        if row.file != claim.file or row.kind != "load":
            return False
        with self.database.transaction("ledger.loads") as cursor:
            return cursor.execute(IS_SETTLED, (row.load,)).fetchone() is None

    def _settled(self, claim: Claim, row: AuditRow) -> Account:
        """Settle the file in the ledger with the result in the audit row."""
        self.folder.clear(claim.feed.name, claim.file)
        with self.database.transaction("ledger.files") as cursor:
            cursor.execute(ENDED, (row.account.changed, row.load))
            cursor.execute(COUNTED, (row.load,))
            cursor.execute(FORGOTTEN, {"load": row.load, "file": row.file})
            supersede(cursor, claim)
            settle(cursor, claim, State.DONE, account=row.account, sha256=row.sha256)
        return row.account
