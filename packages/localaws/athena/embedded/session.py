"""The DuckDB session of one query."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from localaws.athena.embedded.relation import Relation
from localaws.athena.errors import QueryCancelledError
from localaws.athena.types.trino import Columns

BATCH_ROWS = 65_536
_KEPT_MEMORY = 100_000_000
_INTERRUPT_SECONDS = 0.05
_numbers = count()


class ReturnDatabase(Protocol):
    """Callback that returns a session's database."""

    def __call__(self, *, clean: bool) -> None: ...


class Session:
    """One connection: its temporary views belong to one query, and every byte it reads is counted.

    ``limit`` is the workgroup's BytesScannedCutoffPerQuery (0: none). ``give_back`` is called once, at the end, with
    ``clean=True`` if the next query can use the connection.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, limit: int, give_back: ReturnDatabase) -> None:
        self._connection = connection
        self._connection.execute("SET enable_profiling = 'no_output'")
        # Trino's now() is the start of the query, wherever and however often the query calls it.
        self._connection.execute("SET VARIABLE query_start = now()")
        self._peak = 0
        self._limit = limit
        self._give_back = give_back
        self._cancelled = threading.Event()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self.scanned = 0

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and return all of its rows."""
        self.check()
        rows = self._connection.execute(sql, list(parameters)).fetchall()
        self._charge_last()
        return rows

    def describe(self, sql: str) -> list[tuple[str, str]]:
        """Column names and DuckDB types of a query."""
        return [(row[0], row[1]) for row in self._connection.execute(f"DESCRIBE {sql}").fetchall()]

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query in batches, while it runs."""
        self.check()
        yield from self._connection.sql(sql).to_arrow_reader(BATCH_ROWS)
        self._charge_last()

    def register(self, name: str, data: pa.Table | pa.RecordBatchReader) -> None:
        """Store rows in a temporary table, within DuckDB's own memory limit."""
        self._connection.register(f"{name}__source", data)
        self._connection.execute(f'CREATE TEMP TABLE "{name}" AS SELECT * FROM "{name}__source"')
        self._connection.unregister(f"{name}__source")

    def relation(self, data: pa.Table, columns: Columns) -> Relation:
        """Store rows and return them as a relation with these columns."""
        name = f"__rows_{next(_numbers)}"
        self.register(name, data)
        return Relation(f'SELECT * FROM "{name}"', columns)

    def count_scanned(self, size: int) -> None:
        """Count bytes as scanned; raise QueryCancelledError over the limit."""
        self.scanned += size
        if self._limit and self.scanned > self._limit:
            raise QueryCancelledError("Query cancelled! : Bytes scanned limit was exceeded")
        self.check()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def check(self) -> None:
        """Raise QueryCancelledError if the query was stopped."""
        if self._cancelled.is_set():
            raise QueryCancelledError("Query was cancelled by the user")

    def cancel(self) -> None:
        """Stop the running statement, from another thread; a session that has ended is unchanged."""
        if not self._cancelled.is_set():
            self._cancelled.set()
            threading.Thread(target=self._interrupt, name="athena-cancel", daemon=True).start()

    def close(self, *, reusable: bool = False) -> None:
        """End the session; drop the temporary tables of a reusable connection.

        A connection that used much memory is not reused: DuckDB keeps the memory until the database is closed.
        """
        with self._lock:
            self._closed.set()
        clean = reusable and not self.cancelled and self._peak <= _KEPT_MEMORY
        if clean:
            tables = self._connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
            for (name,) in tables:
                self._connection.execute(f'DROP TABLE temp."{name}"')
        self._give_back(clean=clean)

    def _interrupt(self) -> None:
        """Interrupt repeatedly until the session ends, because DuckDB ignores an interrupt between two statements.

        Never interrupts after the end, when the connection may belong to another query.
        """
        while not self._closed.is_set():
            with self._lock:
                if not self._closed.is_set():
                    self._connection.interrupt()
            self._closed.wait(_INTERRUPT_SECONDS)

    def _charge_last(self) -> None:
        profile = json.loads(self._connection.get_profiling_information())
        self._peak = max(self._peak, int(profile.get("system", {}).get("peak_buffer_memory", 0)))
        self.count_scanned(int(profile.get("io", {}).get("total_bytes_read", 0)))
