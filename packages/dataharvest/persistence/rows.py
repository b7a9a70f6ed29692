"""Rows of a delivered file into their table; those that cannot be loaded go to the quarantine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, Error
from psycopg.sql import SQL, Identifier

from dataharvest.model.kind import Kind
from dataharvest.persistence.first_rows import share_file
from dataharvest.persistence.split_rows import load_split
from dataharvest.persistence.stream import NOT_PLAIN_MARKS, Opened
from dataharvest.vault import DataKey

_DATA_FAULTS = ("22", "23", "54")
"""SQLSTATE classes of rows that do not fit: data exceptions, constraints, limits."""
_DEADLOCK = "40P01"
"""Two chunks of a file wait for each other's keys: some of their keys are the same."""


@dataclass(frozen=True)
class Loaded:
    """Numbers of rows: in the file = loaded + rejected."""

    loaded: int
    rejected: int


class _NotPlainError(Exception):
    """The bytes hold a character that PostgreSQL and Python's csv read differently."""


def load_rows(
    connection: Connection[Any], kind: Kind, file_id: int, source: Callable[[], Opened], key: DataKey
) -> Loaded:
    """Load a file or a chunk in the caller's transaction; ``source`` opens it, a second time if a row does not fit.

    Plain files are passed through to PostgreSQL as bytes. A file with quotes, with sensitive columns or with a row that
    does not fit is read row by row. Raises RefusedError if the header is wrong, or the file cannot be read as CSV.
    """
    opened = source()
    connection.execute("SELECT set_config('dataharvest.file_id', %s, true)", [str(file_id)])
    if not kind.is_sensitive:
        count = _copied_whole(connection, kind, file_id, opened)
        if count is not None:
            return Loaded(count, 0)
        opened = source()
    return Loaded(*load_split(connection, kind, file_id, opened, key))


def _copied_whole(connection: Connection[Any], kind: Kind, file_id: int, opened: Opened) -> int | None:
    """Return the number of rows, or None, with nothing loaded, if the bytes are not plain or a row does not fit."""
    try:
        with connection.transaction():
            if opened.is_part:
                share_file(connection, file_id)
            # This session alone counts with it: a cache leaves no gaps, and saves a look at the sequence for each row.
            create = SQL("CREATE TEMPORARY SEQUENCE dataharvest_line MINVALUE {} CACHE 1000")
            sequence = create.format(opened.lines + 1)
            connection.execute(sequence)
            # The number of the sequence, not its name: a name would be looked up for each row.
            connection.execute(
                "SELECT set_config('dataharvest.line_sequence', 'pg_temp.dataharvest_line'::regclass::oid::text, true)"
            )
            count = _copied(connection, kind, opened)
            connection.execute("DROP SEQUENCE pg_temp.dataharvest_line")
            return count
    except _NotPlainError:
        return None
    except Error as error:
        if (error.sqlstate or "").startswith((*_DATA_FAULTS, _DEADLOCK)):
            return None
        raise


def _copied(connection: Connection[Any], kind: Kind, opened: Opened) -> int:
    columns = SQL(", ").join(Identifier(column.name) for column in opened.columns)
    statement = SQL("COPY dataharvest.{} ({}) FROM STDIN (FORMAT csv)").format(Identifier(kind.table), columns)
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for chunk in opened.chunks():
                if any(mark in chunk for mark in NOT_PLAIN_MARKS):
                    raise _NotPlainError
                copy.write(chunk)
        return cursor.rowcount
