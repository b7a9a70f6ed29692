"""One in-memory DuckDB with limits on memory and spill, which runs one query at a time."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from localaws.athena.embedded.sql.session import prepare, register_functions

MEMORY = "1GB"
_LARGEST_SPILL = 8 * 10**9
_SPILL_SHARE = 10


class Database:
    """A DuckDB database with a single connection, prepared to answer as Trino does.

    It uses at most ``memory``, and at most ``spill`` bytes below ``folder`` (default: :func:`spill_bound`); a query
    that needs more fails with duckdb.OutOfMemoryException. DuckDB frees a Python function when the connection that
    registered it is closed, and frees memory only when the database is closed: therefore both are closed together.
    """

    def __init__(self, folder: Path, memory: str = MEMORY, spill: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.connection = duckdb.connect(
            config={
                "memory_limit": memory,
                "temp_directory": str(folder),
                "max_temp_directory_size": f"{spill or spill_bound(shutil.disk_usage(folder).free)}B",
                # A cache of file contents would falsify the count of bytes that a query reads.
                "enable_external_file_cache": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        register_functions(self.connection)
        prepare(self.connection)

    def close(self) -> None:
        self.connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def spill_bound(free: int) -> int:
    """Return the maximum number of bytes that one query may spill: a tenth of the free disk, at most 8 GB."""
    return min(free // _SPILL_SHARE, _LARGEST_SPILL)
