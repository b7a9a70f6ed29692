"""SQLite files of which one process is the only user."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def open_file(path: Path, schema: str) -> sqlite3.Connection:
    """Open or create a file with a schema, for use by any thread, one at a time.

    A commit survives a kill of the process, but not a loss of power, because it does not wait for the disk. The file is
    locked until the connection is closed or the process ends: without that each transaction would take and release six
    locks.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    connection.executescript(schema)
    return connection
