"""Items and stream records in one SQLite file: a change of an item and its record are stored together or not at all."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localaws.sqlite_files import open_file

_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    table_arn TEXT NOT NULL, key TEXT NOT NULL, item TEXT NOT NULL, PRIMARY KEY (table_arn, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (
    number INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, created REAL NOT NULL, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS records_by_stream ON records (stream, number);
"""
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html: records are kept for 24 hours
RETENTION = 86400.0
_FIRST_SEQUENCE_NUMBER = 10**20
# Marks bytes in JSON; no type of DynamoDB has this name.
_BYTES = "base64"


@dataclass(frozen=True)
class ItemRow:
    """The present state of an item: ``item`` is None if it was deleted."""

    table_arn: str
    key: str
    item: str | None


@dataclass(frozen=True)
class StreamRow:
    """A stream record: ``number`` is its place in the order, ``created`` is in seconds since the epoch."""

    number: int
    stream: str
    created: float
    record: dict[str, Any]


def sequence_number(number: int) -> str:
    """Return the sequence number of a record in DynamoDB's format."""
    return str(_FIRST_SEQUENCE_NUMBER + number)


def number_of(sequence: str) -> int:
    """Return the number in a sequence number: the inverse of :func:`sequence_number`."""
    return int(sequence) - _FIRST_SEQUENCE_NUMBER


def as_text(value: Any) -> str:
    """Return a value as JSON text, in which bytes stay distinguishable."""
    return json.dumps(value, default=lambda data: {_BYTES: base64.b64encode(data).decode()})


def from_text(text: str) -> Any:
    """Return the value of a JSON text: the inverse of :func:`as_text`."""
    return json.loads(text, object_hook=_with_bytes)


def _with_bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value[_BYTES]) if value.keys() == {_BYTES} else value


class Storage:
    """The SQLite file. A commit survives a kill of the process; any thread may call any method."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = open_file(path, _SCHEMA)
        self.run("DELETE FROM records WHERE created < ?", time.time() - RETENTION)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def run(self, statement: str, *values: Any) -> list[Any]:
        """Run one SQL statement and return its rows."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def store(self, items: Iterable[ItemRow], records: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Store the present state of items, and the records with their stream ARNs, in order."""
        now = time.time()
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for row in items:
                    if row.item is None:
                        self.run("DELETE FROM items WHERE table_arn = ? AND key = ?", row.table_arn, row.key)
                    else:
                        values = (row.table_arn, row.key, row.item)
                        self.run("INSERT OR REPLACE INTO items VALUES (?, ?, ?)", *values)
                for stream, record in records:
                    text = as_text(record)
                    self.run("INSERT INTO records (stream, created, record) VALUES (?, ?, ?)", stream, now, text)
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def items(self, table_arn: str) -> list[dict[str, Any]]:
        """Return the items of a table."""
        return [from_text(row[0]) for row in self.run("SELECT item FROM items WHERE table_arn = ?", table_arn)]

    def tables(self) -> set[str]:
        """Return the ARNs of the tables that have items."""
        return {row[0] for row in self.run("SELECT DISTINCT table_arn FROM items")}

    def forget(self, table_arn: str) -> None:
        """Delete the items of a table; its stream stays readable."""
        self.run("DELETE FROM items WHERE table_arn = ?", table_arn)

    def records(self, stream: str, after: int, limit: int) -> list[StreamRow]:
        """Return up to ``limit`` records of a stream after number ``after``, in order, within their retention."""
        query = "SELECT number, created, record FROM records WHERE stream = ? AND number > ? AND created > ?"
        rows = self.run(f"{query} ORDER BY number LIMIT ?", stream, after, time.time() - RETENTION, limit)
        return [StreamRow(number, stream, created, from_text(record)) for number, created, record in rows]

    def last_number(self) -> int:
        """Return the highest number that any record has had."""
        rows = self.run("SELECT seq FROM sqlite_sequence WHERE name = 'records'")
        return int(rows[0][0]) if rows else 0
