"""Changes of an Iceberg table's schema and properties."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pyiceberg.exceptions import CommitFailedException, ValidationError
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.update.schema import UpdateSchema
from pyiceberg.types import NestedField

from localaws.athena.ddl.properties import ColumnDefinition
from localaws.athena.entries.glue_tables import ddl_error
from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.types.hive import hive_type
from localaws.athena.types.iceberg import iceberg_schema, trino_type


@dataclass(frozen=True)
class Move:
    """The new position of a column: after ``after``, or first if that is None."""

    after: str | None


@contextmanager
def _schema_of(table: Table) -> Iterator[UpdateSchema]:
    """Commit the schema changes of the block; raise QueryError if Iceberg's rules of schema evolution refuse them."""
    try:
        with table.update_schema() as update:
            yield update
    except CommitFailedException as error:
        raise QueryError("ICEBERG_COMMIT_ERROR", f"Failed to commit to Iceberg table: {error}") from error
    except (ValidationError, ValueError) as error:
        raise ddl_error(f"InvalidOperationException(message:{str(error)[:300]})") from error


def add_columns(table: Table, columns: Sequence[ColumnDefinition]) -> None:
    """Add columns at the end; raise QueryError if one exists."""
    with _schema_of(table) as update:
        _add(update, columns)


def drop_column(table: Table, name: str) -> None:
    """Drop a column; raise QueryError if it does not exist or the table is partitioned by it."""
    stored = _field(table, name).name
    with _schema_of(table) as update:
        update.delete_column(stored)


def replace_columns(table: Table, columns: Sequence[ColumnDefinition]) -> None:
    """Keep the listed columns, with their new types and comments, drop all others, and add new ones."""
    known = {field.name.lower(): field for field in table.schema().fields}
    listed = {column.name for column in columns}
    with _schema_of(table) as update:
        for name, field in known.items():
            if name not in listed:
                update.delete_column(field.name)
        for column in columns:
            if column.name in known:
                _redefine(update, known[column.name], column)
        _add(update, [column for column in columns if column.name not in known])


def change_column(table: Table, name: str, column: ColumnDefinition, move: Move | None) -> None:
    """Change a column's name, type, comment or position; raise QueryError for a type that Iceberg cannot widen to."""
    field = _field(table, name)
    after = _field(table, move.after).name if move and move.after else None
    with _schema_of(table) as update:
        _redefine(update, field, column)
        if column.name != field.name.lower():
            update.rename_column(field.name, column.name)
        if move:
            update.move_after(field.name, after) if after else update.move_first(field.name)


def _add(update: UpdateSchema, columns: Sequence[ColumnDefinition]) -> None:
    for field, column in zip(_schema(columns).fields, columns, strict=True):
        update.add_column(field.name, field.field_type, doc=column.comment)


def _redefine(update: UpdateSchema, field: NestedField, column: ColumnDefinition) -> None:
    (wanted,) = _schema([column]).fields
    if trino_type(wanted.field_type) != trino_type(field.field_type):
        if not wanted.field_type.is_primitive:
            raise UnsupportedError(f"change of column {field.name} to type {column.type}")
        update.update_column(field.name, field_type=wanted.field_type)
    if column.comment is not None:
        update.update_column(field.name, doc=column.comment)


def _schema(columns: Sequence[ColumnDefinition]) -> Schema:
    return iceberg_schema(tuple((column.name, hive_type(column.type)) for column in columns))


def _field(table: Table, name: str) -> NestedField:
    column = next((field for field in table.schema().fields if field.name.lower() == name), None)
    if column is None:
        raise ddl_error(f"InvalidOperationException(message:Column {name} does not exist in table {table.name()[-1]})")
    return column
