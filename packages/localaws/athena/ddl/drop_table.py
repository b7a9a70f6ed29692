"""DROP TABLE and DROP VIEW."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.entries.glue_tables import ddl_error, exists, find_table, is_view
from localaws.athena.outcome import Lines
from localaws.athena.syntax.cursor import Cursor
from localaws.athena.syntax.statements import Statement

if TYPE_CHECKING:
    from localaws.athena.engine import Context


def drop_table(context: Context, statement: Statement) -> Lines:
    """DROP TABLE [IF EXISTS] name: deletes the files of an Iceberg table, but not those of a Hive table."""
    return _drop(context, statement, "TABLE")


def drop_view(context: Context, statement: Statement) -> Lines:
    """DROP VIEW [IF EXISTS] name."""
    return _drop(context, statement, "VIEW")


def _drop(context: Context, statement: Statement, kind: str) -> Lines:
    cursor = Cursor(statement)
    cursor.expect("DROP", kind)
    quiet = cursor.accept("IF", "EXISTS")
    name = cursor.qualified_name()
    _ = cursor.accept("PURGE")
    cursor.expect_end()
    if quiet and not exists(context, name):
        return Lines()
    table = find_table(context, name)
    if is_view(table) != (kind == "VIEW"):
        other = "TABLE" if kind == "VIEW" else "VIEW"
        raise ddl_error(f"Cannot drop a {other.lower()} with DROP {kind}: use DROP {other} {table['Name']}")
    if context.iceberg.is_iceberg(table):
        context.iceberg.drop(table["DatabaseName"], table["Name"], purge=True)
    else:
        context.catalog.tables.delete(table["DatabaseName"], table["Name"])
    return Lines()
