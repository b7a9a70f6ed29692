"""The DuckDB databases of a server: one for each of the queries that run at the same time."""

from __future__ import annotations

import shutil
import threading
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localaws.athena.embedded.database import Database
    from localaws.athena.embedded.session import Session

_FOLDER = "athena"


class Sessions:
    """Lends a database to each query: concurrent queries share neither a memory limit nor a spill folder.

    A database is reused only after a successful query.
    """

    def __init__(self, temporary: Path) -> None:
        self._folder = temporary / _FOLDER
        shutil.rmtree(self._folder, ignore_errors=True)  # what a killed server's queries had spilled
        self._numbers = count()
        self._lock = threading.Lock()
        self._idle: list[Database] = []
        self._closed = False

    def open(self, limit: int) -> Session:
        """Open a session that may scan ``limit`` bytes (0: no limit)."""
        from localaws.athena.embedded.session import Session

        with self._lock:
            idle = self._idle.pop() if self._idle else None
        database = idle or self._new()
        return Session(database.connection, limit, partial(self._take_back, database))

    def close(self) -> None:
        with self._lock:
            self._closed = True
            while self._idle:
                self._idle.pop().close()

    def _new(self) -> Database:
        from localaws.athena.embedded.database import Database

        return Database(self._folder / str(next(self._numbers)))

    def _take_back(self, database: Database, *, clean: bool) -> None:
        """Keep the database, or replace it by a new one, so that the next query does not wait for it."""
        if not clean:
            database.close()
            database = self._new()
        with self._lock:
            if not self._closed:
                self._idle.append(database)
                return
        database.close()
