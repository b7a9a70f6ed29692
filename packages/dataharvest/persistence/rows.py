"""Loads rows of a delivered file into their table; invalid rows are quarantined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, Error
from psycopg.sql import SQL, Identifier

from dataharvest.model.kind import Kind
from dataharvest.persistence.first_rows import share_file
from dataharvest.persistence.plain_bytes import NotPlainError, plain_blocks
from dataharvest.persistence.small_rows import copy_small, small_rows
from dataharvest.persistence.split_rows import load_split, note_file
from dataharvest.persistence.stream import CHUNK, Opened
from dataharvest.vault import DataKey

_DATA_FAULTS = ("22", "23", "54")
"""SQLSTATE classes of invalid rows: data exceptions, constraints, limits."""
_DEADLOCK = "40P01"
"""Two chunks of a file wait for each other's keys, because they share some keys."""


@dataclass(frozen=True)
class Loaded:
    """Numbers of loaded and rejected rows; their sum is the number of rows in the file."""

    loaded: int
    rejected: int


def load_small(
    connection: Connection[Any], kind: Kind, opened: Opened, key: DataKey | None, new_file: Callable[[int], int]
) -> int:
    """Load a small file in the caller's transaction; ``new_file`` records it with its number of rows; return its id.

    ``key`` is required if the kind is sensitive. Raises NotPlainError if a row is invalid, after which the caller must
    roll back, and RefusedError if the bytes are not CSV.
    """
    rows = small_rows(kind, opened, key)
    try:
        file_id = new_file(len(rows))
        copy_small(connection, kind, file_id, rows)
    except Error as error:
        if _is_fault_of_data(error):
            raise NotPlainError from error
        raise
    return file_id


def load_rows(
    connection: Connection[Any], kind: Kind, file_id: int, opened: Opened, source: Callable[[], Opened], key: DataKey
) -> Loaded:
    """Load a file or a chunk in the caller's transaction; ``source`` opens it again if a row is invalid.

    A large one without quotes or sensitive columns is passed to PostgreSQL as bytes. All others are read row by row.
    Raises RefusedError if the header is wrong, or the file cannot be read as CSV.
    """
    count = None
    if (opened.is_part or len(opened.rest) >= CHUNK) and not kind.is_sensitive:
        count = _if_all_fit(connection, lambda: _copied_whole(connection, kind, file_id, opened))
        opened = opened if count is not None else source()
    return Loaded(*(load_split(connection, kind, file_id, opened, key) if count is None else (count, 0)))


def _if_all_fit(connection: Connection[Any], load: Callable[[], int]) -> int | None:
    """Return the result; load nothing and return None if the bytes are not plain or a row is invalid."""
    try:
        with connection.transaction():
            return load()
    except NotPlainError:
        return None
    except Error as error:
        if _is_fault_of_data(error):
            return None
        raise


def _is_fault_of_data(error: Error) -> bool:
    return (error.sqlstate or "").startswith((*_DATA_FAULTS, _DEADLOCK))


def _copied_whole(connection: Connection[Any], kind: Kind, file_id: int, opened: Opened) -> int:
    """Pass the bytes to PostgreSQL, and return the number of rows. Raises NotPlainError, or psycopg's errors."""
    note_file(connection, file_id)
    if opened.is_part:
        share_file(connection, file_id)
    # Only this session uses the sequence, so caching leaves no gaps, and saves a sequence access per row.
    create = SQL("CREATE TEMPORARY SEQUENCE dataharvest_line MINVALUE {} CACHE 1000")
    connection.execute(create.format(opened.lines + 1))
    # The OID of the sequence and not its name, because a name would be looked up for each row.
    connection.execute(
        "SELECT set_config('dataharvest.line_sequence', 'pg_temp.dataharvest_line'::regclass::oid::text, true)"
    )
    columns = SQL(", ").join(Identifier(column.name) for column in opened.columns)
    statement = SQL("COPY dataharvest.{} ({}) FROM STDIN (FORMAT csv)").format(Identifier(kind.table), columns)
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for block in plain_blocks(opened.chunks(), opened.columns):
                copy.write(block)
        count = cursor.rowcount
    connection.execute("DROP SEQUENCE pg_temp.dataharvest_line")
    return count
