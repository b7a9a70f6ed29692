"""Messages of queues in one SQLite file, and the deduplication IDs of the last minutes."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from localaws.sqlite_files import open_file

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, id TEXT NOT NULL, content BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS messages_by_id ON messages (queue, id);
CREATE TABLE IF NOT EXISTS recent (
    queue TEXT NOT NULL, name TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (queue, name)) WITHOUT ROWID;
"""


_UPSERT = """INSERT INTO messages (queue, id, content) VALUES (?, ?, ?)
ON CONFLICT (queue, id) DO UPDATE SET content = excluded.content"""


class Storage:
    """The SQLite file. A commit survives a kill of the process; any thread may call any method."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = open_file(path, _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def store(
        self,
        queue: str,
        changed: dict[str, dict[str, Any]],
        gone: Iterable[str],
        recent: dict[str, Any],
        old: Iterable[str],
    ) -> None:
        """Store changed messages by ID; delete removed messages and expired deduplication IDs."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for name, content in changed.items():
                    self._connection.execute(_UPSERT, (queue, name, pickle.dumps(content)))
                names = [(queue, name) for name in gone]
                self._connection.executemany("DELETE FROM messages WHERE queue = ? AND id = ?", names)
                rows = [(queue, name, pickle.dumps(value)) for name, value in recent.items()]
                self._connection.executemany("INSERT OR REPLACE INTO recent VALUES (?, ?, ?)", rows)
                names = [(queue, name) for name in old]
                self._connection.executemany("DELETE FROM recent WHERE queue = ? AND name = ?", names)
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """Return the messages of a queue in order of arrival."""
        rows = self._run("SELECT content FROM messages WHERE queue = ? ORDER BY number", queue)
        return [pickle.loads(content) for (content,) in rows]

    def recent(self, queue: str) -> dict[str, Any]:
        """Return the deduplication IDs of a queue, oldest first."""
        rows = self._run("SELECT name, content FROM recent WHERE queue = ?", queue)
        return dict(sorted(((name, pickle.loads(content)) for name, content in rows), key=lambda row: row[1][0]))

    def forget(self, queue: str) -> None:
        """Delete everything stored about a queue."""
        self._run("DELETE FROM messages WHERE queue = ?", queue)
        self._run("DELETE FROM recent WHERE queue = ?", queue)

    def _run(self, statement: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()
