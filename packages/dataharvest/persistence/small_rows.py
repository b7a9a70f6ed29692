"""Loads a small file in one statement: most files of a day have a few hundred rows, all of them valid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from dataharvest.model.kind import Kind
from dataharvest.persistence.plain_bytes import NotPlainError
from dataharvest.persistence.split_rows import fault_of, records, stored
from dataharvest.persistence.stream import Opened
from dataharvest.vault import DataKey

Row = tuple[object, ...]


def small_rows(kind: Kind, opened: Opened, key: DataKey | None) -> list[Row]:
    """Return line and values of each record.

    Raises NotPlainError if one is invalid, or RefusedError if the bytes are not CSV.
    """
    return list(_rows(kind, opened, key))


def copy_small(connection: Connection[Any], kind: Kind, file_id: int, rows: Iterable[Row]) -> None:
    """Write rows directly into their table, without a staging table.

    Raises psycopg's errors, for example for a repeated key; the caller must then roll back.
    """
    with connection.cursor() as cursor, cursor.copy(_copy(kind)) as copy:
        for row in rows:
            copy.write_row((file_id, *row))


@cache
def _copy(kind: Kind) -> bytes:
    names = SQL(", ").join(Identifier(column.name) for column in kind.columns)
    statement = SQL("COPY dataharvest.{} (file_id, line, {}) FROM STDIN").format(Identifier(kind.table), names)
    return statement.as_bytes()


def _rows(kind: Kind, opened: Opened, key: DataKey | None) -> Iterator[Row]:
    places = [opened.columns.index(column) for column in kind.columns]
    for line, fields in records(opened):
        if len(fields) != len(places):
            raise NotPlainError
        values = [fields[place] for place in places]
        if fault_of(kind, values):
            raise NotPlainError
        yield line, *(stored(column, value, key) for column, value in zip(kind.columns, values, strict=True))
