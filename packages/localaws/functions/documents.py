"""State of Lambda's API, in one SQLite file: documents by kind, owner and name, and the asynchronous events."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localaws.sqlite_files import open_file

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (kind, owner, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, request TEXT NOT NULL, function TEXT NOT NULL, qualifier TEXT NOT NULL,
    payload BLOB NOT NULL, sent REAL NOT NULL, due REAL NOT NULL, calls INTEGER NOT NULL, throttles INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS events_due ON events (due);
"""


class Documents:
    """JSON documents and events. A commit survives a kill of the process; any thread may call any method."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = open_file(path, _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block whose changes are committed together or not at all; one block at a time."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run one SQL statement and return its rows."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def get(self, kind: str, owner: str, name: str = "") -> dict[str, Any] | None:
        """Return one document, or None."""
        rows = self.run("SELECT body FROM documents WHERE kind = ? AND owner = ? AND name = ?", (kind, owner, name))
        return dict(json.loads(rows[0][0])) if rows else None

    def put(self, kind: str, owner: str, name: str, body: dict[str, Any]) -> None:
        """Store one document."""
        self.run("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)", (kind, owner, name, json.dumps(body)))

    def delete(self, kind: str, owner: str, name: str = "") -> bool:
        """Delete one document and return whether it existed."""
        where = "kind = ? AND owner = ? AND name = ?"
        return bool(self.run(f"DELETE FROM documents WHERE {where} RETURNING 1", (kind, owner, name)))  # noqa: S608

    def delete_all(self, owner: str) -> None:
        """Delete every document of an owner."""
        self.run("DELETE FROM documents WHERE owner = ?", (owner,))

    def named(self, kind: str, owner: str) -> dict[str, dict[str, Any]]:
        """Return the documents of one kind and owner, sorted by name."""
        rows = self.run("SELECT name, body FROM documents WHERE kind = ? AND owner = ? ORDER BY name", (kind, owner))
        return {name: json.loads(body) for name, body in rows}

    def of_kind(self, kind: str) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the documents of one kind, sorted by owner and name."""
        rows = self.run("SELECT owner, name, body FROM documents WHERE kind = ? ORDER BY owner, name", (kind,))
        return {(owner, name): json.loads(body) for owner, name, body in rows}
