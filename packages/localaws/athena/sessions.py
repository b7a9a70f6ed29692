"""The DuckDB that all queries of a server share."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from localaws.athena.session import Session


class Sessions:
    """One in-memory DuckDB, bounded in memory, that lends a connection to each query."""

    def __init__(self, temporary: Path, memory: str = "4GB") -> None:
        self._temporary = temporary
        self._memory = memory
        self._lock = threading.Lock()
        self._database: duckdb.DuckDBPyConnection | None = None
        self._idle: list[duckdb.DuckDBPyConnection] = []

    def open(self, limit: int) -> Session:
        from localaws.athena.session import Session

        with self._lock:
            idle = self._idle.pop() if self._idle else None
        return Session(idle or self._prepared(), limit, self._keep)

    def _prepared(self) -> duckdb.DuckDBPyConnection:
        """A new connection: what the SQL leans on takes longer to define than most queries to run."""
        from localaws.athena.sql.session import prepare

        connection = self._opened().cursor()
        prepare(connection)
        return connection

    def _keep(self, connection: duckdb.DuckDBPyConnection) -> None:
        with self._lock:
            self._idle.append(connection)

    def close(self) -> None:
        with self._lock:
            while self._idle:
                self._idle.pop().close()
            if self._database:
                self._database.close()
                self._database = None

    def _opened(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        with self._lock:
            if self._database is None:
                self._database = duckdb.connect(
                    config={
                        "memory_limit": self._memory,
                        "temp_directory": str(self._temporary),
                        # a cache of file contents would hide what a query reads
                        "enable_external_file_cache": False,
                        "autoinstall_known_extensions": False,
                        "autoload_known_extensions": False,
                    }
                )
            return self._database
