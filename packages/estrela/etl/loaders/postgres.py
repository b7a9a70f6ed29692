"""The loader of claimed files into PostgreSQL: rows, rejects, counts and Done in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any, cast

from psycopg import Cursor
from psycopg.sql import Composable

from estrela.errors import bounded
from estrela.etl.feed_loader import FeedLoader, Loaded
from estrela.etl.feed_rows.file_rows import FeedRows
from estrela.etl.feed_rows.judge import Judge
from estrela.etl.feed_rows.rows import Hashing, unpacked_rows
from estrela.etl.loaders.landed_claim import damage_refused, landed_of
from estrela.etl.loaders.postgres_batch import PostgresBatch
from estrela.etl.loaders.postgres_table import PostgresTable, copy_statement
from estrela.etl.loaders.reject_spool import RejectSpool, require_tolerable
from estrela.hooks.database import DatabaseManager
from estrela.hooks.landed_files import LandedFiles
from estrela.ledger.batch import ONE_FILE, SMALL_FILES, BatchLimit
from estrela.ledger.claims import Account, Claim, settle
from estrela.ledger.state import State
from estrela.logger import Logger
from estrela.model.feed import Feed, Load, OnOverwrite, Order

WRITE_CHARACTERS = 1 << 15
"""Small pieces are sent together, at least so many characters at a time: a call of the driver costs as much as several
rows."""
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


@dataclass(frozen=True)
class PostgresLoader(FeedLoader):
    """Loads files into the database of the ledger. ``pii_key`` is the key for hashed values.

    ``batch`` limits the files loaded per transaction.
    """

    database: DatabaseManager
    files: LandedFiles
    pii_key: bytes = b""
    batch: BatchLimit = SMALL_FILES

    def ensure(self, table: Feed) -> None:
        """Create the target of a feed, or update it to match the declaration. Raises LoadError."""
        with self.database.transaction(table.target) as cursor:
            PostgresTable(table, cursor).ensure()

    def load(self, claim: Claim) -> Account:
        """Load the file and set it to Done in one transaction. Raises the errors of :meth:`FeedLoader.load`."""
        judge = Judge.of(claim.feed, self.pii_key)
        with self.files.open(landed_of(claim)) as body, self.database.transaction(claim.feed.target) as cursor:
            stream = Hashing(body)
            account = self._loaded(cursor, claim, judge, stream)
            settle(cursor, claim, State.DONE, account=account, sha256=stream.drain())
        return account

    def limit(self, feed: Feed) -> BatchLimit:
        """Return the number of files loaded per transaction: one if a file replaces the whole table."""
        return ONE_FILE if feed.is_whole or feed.order is Order.NEWEST else self.batch

    def load_some(self, claims: Sequence[Claim]) -> Loaded:
        """Load the files in one transaction. If that fails, load each by itself, so that only faulty files fail."""
        if len(claims) > 1:
            judge = Judge.of(claims[0].feed, self.pii_key)
            try:
                return PostgresBatch(self.database, self.files, judge).load(claims)
            except Exception as error:  # noqa: BLE001 - it is met again, and raised, by the file that it is of
                Logger().warning(
                    f"the transaction of {len(claims)} files failed; they are loaded one by one: {bounded(error)}"
                )
        return self.load_each(claims)

    def plan(self, claim: Claim) -> Account:
        """Return the account that :meth:`load` would give now, without changing anything. Raises the same errors."""
        judge = Judge.of(claim.feed, self.pii_key)
        with self.files.open(landed_of(claim)) as body, self.database.transaction(claim.feed.target) as cursor:
            try:
                return self._loaded(cursor, claim, judge, Hashing(body))
            finally:
                cursor.connection.rollback()

    def _loaded(self, cursor: Cursor[Any], claim: Claim, judge: Judge, stream: Hashing) -> Account:
        load = begin_load(cursor, claim.file, "load", claim.run)
        table = PostgresTable(claim.feed, cursor)
        is_new = table.ensure_columns() or claim.feed.load is Load.REPLACE
        target = table.begin(supersede(cursor, claim))
        spool = RejectSpool(claim.file, load)
        with damage_refused(claim), unpacked_rows(cast(IO[bytes], stream), judge, claim.address) as rows:
            loaded = copy_rows(cursor, target, rows, spool)
        account = Account(loaded + spool.count, loaded, spool.count, loaded)
        require_tolerable(claim, account, spool)
        if is_new:
            table.index()
        if claim.feed.load is Load.UPSERT:
            changed = table.merge([claim.file]).get(claim.file, 0)
            account = Account(account.rows, loaded, spool.count, changed)
        spool.copy(cursor)
        end_load(cursor, load, account)
        return account


def supersede(cursor: Cursor[Any], claim: Claim) -> list[int]:
    """Mark the loaded files that this file replaces, and return them.

    These are its older versions, or all loaded files if a file is the whole table.
    """
    feed = claim.feed
    if feed.on_overwrite is OnOverwrite.APPEND_VERSION:
        return []
    given = {"file": claim.file, "feed": feed.name, "bucket": claim.bucket, "key": claim.key}
    rows = cursor.execute(SUPERSEDED, {**given, "whole": feed.is_whole}).fetchall()
    return [id_ for (id_,) in rows]


def begin_load(cursor: Cursor[Any], file: int, kind: str, run: str) -> int:
    """Record the start of a load and return its number."""
    row = cursor.execute(BEGUN, (file, kind, run)).fetchone()
    assert row is not None
    return int(row[0])


def end_load(cursor: Cursor[Any], load: int, account: Account) -> None:
    """Record the end and the counts of a load."""
    cursor.execute(ENDED, (account.rows, account.loaded, account.rejected, account.changed, load))


def copy_rows(cursor: Cursor[Any], target: Composable, rows: FeedRows, spool: RejectSpool) -> int:
    """Stream the rows into ``target`` and the rejects into ``spool``; return the number of rows.

    Raises DamagedFileError.
    """
    wire = rows.wire(spool.file, spool.load)
    loaded = size = 0
    waiting: list[str] = []
    with cursor.copy(copy_statement(target, rows.columns, wire)) as copy:
        for piece in rows.pieces(wire):
            waiting.append(piece.text)
            size += len(piece.text)
            if size >= WRITE_CHARACTERS:
                copy.write("".join(waiting))
                waiting, size = [], 0
            loaded += piece.rows
            if piece.rejects:
                spool.add(piece.rejects)
        copy.write("".join(waiting))
    return loaded
