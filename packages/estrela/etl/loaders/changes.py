"""Changes of loaded data: replay of rejects, and withdrawal of files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from psycopg import Cursor
from psycopg.rows import dict_row

from estrela.errors import FileRefusedError, LoadError
from estrela.etl.feed_rows.judge import Judge
from estrela.etl.loaders.postgres import begin_load, end_load
from estrela.etl.loaders.reject_spool import RejectSpool
from estrela.hooks.database import DatabaseManager
from estrela.hooks.landed_files import LandedFiles
from estrela.ledger.claims import Account, Claim, unclaimed
from estrela.ledger.state import State
from estrela.model.feed import Feed

LOCKED = "SELECT * FROM ledger.files WHERE id = %s FOR UPDATE"
OPEN_REJECTS = """
SELECT line FROM ledger.rejects
WHERE file = %s AND is_counted AND resolved_by IS NULL AND (%s = '' OR code = %s)
"""
WITH_REJECTS = """
SELECT DISTINCT f.id FROM ledger.files f JOIN ledger.rejects r ON r.file = f.id
WHERE f.feed = %s AND f.state = 'Done' AND f.superseded_by IS NULL AND r.is_counted AND r.resolved_by IS NULL
  AND (%s = '' OR r.code = %s) ORDER BY f.id
"""
RESOLVED = """
UPDATE ledger.rejects SET resolved_by = %s
WHERE file = %s AND load <> %s AND is_counted AND resolved_by IS NULL AND line = ANY(%s)
"""
RECOUNTED = """
UPDATE ledger.files SET rows_loaded = rows_loaded + %s, rows_rejected = rows_rejected - %s WHERE id = %s
"""
WITHDRAWN = """
UPDATE ledger.files SET state = 'Filtered Out', reason = 'withdrawn: ' || %s, run = %s, rows_in = NULL,
  rows_loaded = NULL, rows_rejected = NULL WHERE id = %s
"""


@dataclass(frozen=True)
class Changes(ABC):
    """Changes the rows of loaded files. Each call is one transaction of the ledger.

    Raises LoadError and FileRefusedError.
    """

    database: DatabaseManager
    files: LandedFiles
    pii_key: bytes = b""

    @abstractmethod
    def reload(
        self, cursor: Cursor[Any], claim: Claim, judge: Judge, lines: frozenset[int], spool: RejectSpool
    ) -> Account:
        """Judge ``lines`` of a file again: load the good rows and spool the bad ones. Repeating it changes nothing."""

    @abstractmethod
    def remove(self, cursor: Cursor[Any], claim: Claim, load: int) -> int:
        """Delete the rows of a file; return their number."""

    def with_rejects(self, feed: Feed, code: str = "") -> list[int]:
        """Return the files of ``feed`` whose rejects can be replayed; a ``code`` limits the rejects."""
        with self.database.transaction("ledger.rejects") as cursor:
            return [id_ for (id_,) in cursor.execute(WITH_REJECTS, (feed.name, code, code)).fetchall()]

    def replay(self, feed: Feed, file: int, run: str, code: str = "") -> Account:
        """Judge the rejected rows of a file by the current declaration, and load those that are good now."""
        judge = Judge.of(feed, self.pii_key)
        with self.database.transaction(feed.target) as cursor:
            claim = _current(cursor, feed, file, run)
            lines = frozenset(line for (line,) in cursor.execute(OPEN_REJECTS, (file, code, code)).fetchall())
            load = begin_load(cursor, file, "replay", run)
            spool = RejectSpool(file, load)
            account = self.reload(cursor, claim, judge, lines, spool)
            spool.copy(cursor)
            cursor.execute(RESOLVED, (load, file, load, list(lines)))
            cursor.execute(RECOUNTED, (account.loaded, account.loaded, file))
            end_load(cursor, load, account)
        return account

    def withdraw(self, feed: Feed, file: int, run: str, reason: str) -> int:
        """Delete the rows of a file from its table and its rejects from the account; return the number of rows."""
        with self.database.transaction(feed.target) as cursor:
            claim = _current(cursor, feed, file, run)
            load = begin_load(cursor, file, "withdraw", run)
            rows = self.remove(cursor, claim, load)
            lines = [line for (line,) in cursor.execute(OPEN_REJECTS, (file, "", "")).fetchall()]
            cursor.execute(RESOLVED, (load, file, load, lines))
            cursor.execute(WITHDRAWN, (reason, run, file))
            end_load(cursor, load, Account(changed=rows))
        return rows


def require_all(claim: Claim, account: Account, lines: frozenset[int]) -> None:
    """Raise FileRefusedError unless all ``lines`` were found and judged."""
    if account.rows != len(lines):
        problem = f"only {account.rows} of the {len(lines)} rejected rows are on their old lines; nothing was replayed"
        raise FileRefusedError(claim.feed.name, claim.address, problem)


def _current(cursor: Cursor[Any], feed: Feed, file: int, run: str) -> Claim:
    """Lock the file and return a claim of it. Raises LoadError unless its rows are in the table."""
    with cursor.connection.cursor(row_factory=dict_row) as rows:
        record = rows.execute(LOCKED, (file,)).fetchone()
    assert record is not None
    claim, replacement = unclaimed(feed, run, record), record["superseded_by"]
    if record["state"] != State.DONE or replacement is not None:
        why = f"file {replacement} has replaced it" if replacement else f"its state is {record['state']}"
        raise LoadError(claim.address, f"its rows are not in {feed.target}: {why}", retriable=False)
    return claim
