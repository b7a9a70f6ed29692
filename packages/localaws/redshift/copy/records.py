"""SYS_LOAD_HISTORY and SYS_LOAD_ERROR_DETAIL: records of each COPY, kept even if its transaction is rolled back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from localaws.redshift.copy.columns import CopyTarget
from localaws.redshift.copy.problems import RowError
from localaws.redshift.database import Connection

RUNNING, COMPLETED, ABORTED = "running", "completed", "aborted"


@dataclass
class Load:
    """One COPY that began to load, with the ``rows`` loaded and the ``errors`` found so far."""

    query_id: int
    transaction_id: int
    session_id: int
    target: CopyTarget
    name: str
    source: str
    format: str
    files: int = 0
    bytes: int = 0
    rows: int = 0
    errors: list[RowError] = field(default_factory=list)
    started: datetime = field(default_factory=lambda: datetime.now(UTC).replace(tzinfo=None))


class LoadRecords:
    """Writes records of loads; ``connect`` opens a connection in autocommit mode."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect

    def begin(self, load: Load) -> None:
        with self._connect() as connection:
            connection.execute(
                "INSERT INTO rs.load_history VALUES (%s, %s, %s, %s, %s, %s, NULL, %s, %s, 0, %s, %s, 0)",
                (load.query_id, load.transaction_id, load.session_id, RUNNING, load.name, load.started, load.source,
                 load.format, load.files, load.bytes),
            )  # fmt: skip

    def end(self, load: Load, status: str) -> None:
        """Store the final status of a load, and its errors."""
        with self._connect() as connection, connection.transaction(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE rs.load_history SET status = %s, end_time = now() AT TIME ZONE 'UTC', loaded_rows = %s, "
                "error_count = %s WHERE query_id = %s",
                (status, load.rows if status == COMPLETED else 0, len(load.errors), load.query_id),
            )
            if not load.errors:
                return
            with cursor.copy("COPY rs.load_errors FROM STDIN") as copy:
                for error in load.errors:
                    copy.write_row(_row(load, error))


def _row(load: Load, error: RowError) -> tuple[object, ...]:
    values = (
        load.query_id, load.transaction_id, load.session_id, load.target.table_id, load.started, error.file, error.line,
        error.column, error.column_type, error.column_length, error.position, error.code, error.message,
        error.raw_line[:1024], error.raw_field[:1024],
    )  # fmt: skip
    return tuple(_storable(value) if isinstance(value, str) else value for value in values)


def _storable(text: str) -> str:
    """Replace invalid UTF-8 bytes and NUL by ``.``."""
    return "".join("." if "\ud800" <= letter <= "\udfff" or letter == "\0" else letter for letter in text)
