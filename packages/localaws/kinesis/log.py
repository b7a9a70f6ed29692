"""Records of shards in one SQLite file."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localaws.sqlite_files import open_file

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    number INTEGER PRIMARY KEY AUTOINCREMENT, shard TEXT NOT NULL, created REAL NOT NULL,
    key TEXT NOT NULL, hash_key TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS records_by_shard ON records (shard, number);
"""
_LONGEST_RETENTION = 365 * 86400.0


@dataclass(frozen=True)
class Row:
    """A record: ``number`` is its place in the order, ``created`` is in seconds since the epoch, ``data`` is base64."""

    number: int
    created: float
    key: str
    hash_key: str
    data: str


class RecordLog:
    """The SQLite file. A commit survives a kill of the process; any thread may call any method."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = open_file(path, _SCHEMA)
        self._connection.execute("DELETE FROM records WHERE created < ?", (time.time() - _LONGEST_RETENTION,))
        self.changed = threading.Condition()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block whose records are all stored, or none of them."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
        with self.changed:
            self.changed.notify_all()

    def add(self, shard: str, key: str, hash_key: str, data: str) -> int:
        """Store a record and return its number."""
        values = (shard, time.time(), key, hash_key, data)
        statement = "INSERT INTO records (shard, created, key, hash_key, data) VALUES (?, ?, ?, ?, ?)"
        with self._lock:
            return int(self._connection.execute(statement, values).lastrowid or 0)

    def read(self, shard: str, after: int, oldest: float, limit: int) -> list[Row]:
        """Return up to ``limit`` records after number ``after``, created after ``oldest``, in order."""
        statement = "SELECT number, created, key, hash_key, data FROM records WHERE shard = ? AND number > ?"
        values = (shard, after, oldest, limit)
        with self._lock:
            rows = self._connection.execute(f"{statement} AND created >= ? ORDER BY number LIMIT ?", values).fetchall()
        return [Row(*row) for row in rows]

    def last(self, shard: str, before: float = float("inf")) -> Row | None:
        """Return the last record of a shard that was created before a time, or None."""
        statement = "SELECT number, created, key, hash_key, '' FROM records WHERE shard = ? AND created < ?"
        with self._lock:
            rows = self._connection.execute(f"{statement} ORDER BY number DESC LIMIT 1", (shard, before)).fetchall()
        return Row(*rows[0]) if rows else None
