"""The audit table of a feed's table in Redshift: one row per load, committed with the rows of that load."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from estrela.etl.loaders.redshift_sql import failing_unless, literal, quoted
from estrela.hooks.redshift import RedshiftData
from estrela.ledger.claims import Account, Claim
from estrela.model.feed import Feed

SUFFIX = "_loads"
COLUMNS = """load bigint NOT NULL, file bigint NOT NULL, kind varchar(10) NOT NULL, file_key varchar(64) NOT NULL,
file_position varchar(4000) NOT NULL, sha256 varchar(64) NOT NULL, rows_loaded bigint NOT NULL,
rows_rejected bigint NOT NULL, rows_changed bigint NOT NULL, committed_at timestamp DEFAULT getdate()"""


@dataclass(frozen=True)
class AuditRow:
    """Result of a committed load. ``kind`` is load, replay or withdraw."""

    load: int
    file: int
    kind: str
    sha256: str
    account: Account


@dataclass(frozen=True)
class Audit:
    """The audit table of ``feed``. Its scope is the versions of the file ``key``, or all files of a serial feed.

    Fence: a load commits only if the newest load in scope is still the one that its worker read at the start.
    """

    feed: Feed
    key: str

    @classmethod
    def of(cls, claim: Claim) -> Audit:
        """Return the audit with the scope of a claimed file."""
        return cls(claim.feed, key_of(claim))

    @property
    def table(self) -> str:
        """Unquoted name of the table."""
        return f"{self.feed.target}{SUFFIX}"

    @property
    def name(self) -> str:
        """Quoted name of the table."""
        return quoted(self.table)

    def created(self) -> str:
        """Return the statement that creates the table."""
        return f"CREATE TABLE IF NOT EXISTS {self.name} ({COLUMNS})"

    def newest(self, redshift: RedshiftData) -> AuditRow | None:
        """Return the last committed load in scope, or None if there is none or no table yet. Raises LoadError."""
        sql = (
            f"SELECT load, file, kind, sha256, rows_loaded, rows_rejected, rows_changed FROM {self.name} "
            f"WHERE {self._scope} ORDER BY load DESC LIMIT 1"
        )
        rows = redshift.query_if_exists(self.table, sql)
        if not rows:
            return None
        load, file, kind, sha256, loaded, rejected, changed = rows[0]
        return AuditRow(load, file, kind, sha256, Account(loaded + rejected, loaded, rejected, changed))

    def locked(self) -> str:
        """Return the statement that serializes the loads of the feed, without blocking readers of its table."""
        return f"LOCK {self.name}"

    def fenced(self, newest: int) -> str:
        """Return the check that no load in scope was committed after ``newest``."""
        return failing_unless(f"(SELECT NVL(MAX(load), 0) FROM {self.name} WHERE {self._scope}) = {newest}")

    def older_files(self) -> str:
        """Return the query for all files with the same key that were ever loaded."""
        return f"SELECT file FROM {self.name} WHERE file_key = {literal(self.key)}"

    def newer_files(self, position: str) -> str:
        """Return the query for the loaded files after ``position``."""
        return f"SELECT file FROM {self.name} WHERE file_position > {literal(position)}"

    def written(self, load: int, file: int, kind: str, position: str, sha256: str, account: Account) -> str:
        """Return the statement that inserts the audit row of a load. It counts the changed rows in the table."""
        values = f"{load}, {file}, {literal(kind)}, {literal(self.key)}, {literal(position)}, {literal(sha256)}"
        changed = f"SELECT count(*) FROM {quoted(self.feed.target)} WHERE source_load = {load}"
        names = "load, file, kind, file_key, file_position, sha256, rows_loaded, rows_rejected, rows_changed"
        return f"INSERT INTO {self.name} ({names}) SELECT {values}, {account.loaded}, {account.rejected}, ({changed})"

    @property
    def _scope(self) -> str:
        return "1 = 1" if self.feed.is_serial else f"file_key = {literal(self.key)}"


def key_of(claim: Claim) -> str:
    """Return a key shared by all versions of a file; it needs no escaping."""
    return hashlib.sha256(f"{claim.bucket}/{claim.key}".encode()).hexdigest()
