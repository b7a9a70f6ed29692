"""Loads a small file in one statement: most files of a day have a few hundred rows, all of them valid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from dataharvest.model.kind import Kind
from dataharvest.persistence.plain_bytes import NotPlainError
from dataharvest.persistence.split_rows import fault_of, records, stored
from dataharvest.persistence.stream import Opened
from dataharvest.vault import DataKey


def copy_small(connection: Connection[Any], kind: Kind, file_id: int, opened: Opened, key: DataKey) -> int:
    """Write the rows directly into their table, without a staging table; return their number.

    Nothing is written before all rows are read. Raises NotPlainError if a row is invalid, RefusedError if the bytes are
    not CSV, or psycopg's errors, for example for a repeated key; the caller must then roll back.
    """
    names = SQL(", ").join(Identifier(column.name) for column in kind.columns)
    statement = SQL("COPY dataharvest.{} (file_id, line, {}) FROM STDIN").format(Identifier(kind.table), names)
    rows = list(_rows(kind, opened, key))
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row((file_id, *row))
        return cursor.rowcount


def _rows(kind: Kind, opened: Opened, key: DataKey) -> Iterator[tuple[object, ...]]:
    """Yield line and values of each record. Raises NotPlainError for an invalid record."""
    places = [opened.columns.index(column) for column in kind.columns]
    for line, fields in records(opened):
        if len(fields) != len(places):
            raise NotPlainError
        values = [fields[place] for place in places]
        if fault_of(kind, values):
            raise NotPlainError
        yield line, *(stored(column, value, key) for column, value in zip(kind.columns, values, strict=True))
