"""information_schema: databases, tables, columns and views of the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from localaws.athena.embedded.relation import Relation
from localaws.athena.entries.views import VIRTUAL_VIEW, read_view
from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.sql_errors import SqlError
from localaws.athena.types.hive import hive_type
from localaws.athena.types.trino import BIGINT, VARCHAR, Columns
from localaws.glue.catalog import current_columns

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context

INFORMATION_SCHEMA = "information_schema"
CATALOG = "awsdatacatalog"
Row = tuple[Any, ...]
_COLUMNS: dict[str, Columns] = {
    "schemata": (("catalog_name", VARCHAR), ("schema_name", VARCHAR)),
    "tables": tuple((n, VARCHAR) for n in ("table_catalog", "table_schema", "table_name", "table_type")),
    "views": tuple((n, VARCHAR) for n in ("table_catalog", "table_schema", "table_name", "view_definition")),
    "columns": (
        *((n, VARCHAR) for n in ("table_catalog", "table_schema", "table_name", "column_name")),
        ("ordinal_position", BIGINT),
        *((n, VARCHAR) for n in ("column_default", "is_nullable", "data_type", "comment", "extra_info")),
    ),
}


def information_schema(context: Context, name: str, place: str) -> Relation:
    """Build a table of information_schema from the catalog; raise QueryError for an unknown table name."""
    readers: dict[str, Callable[[Context], Iterator[Row]]] = {
        "schemata": _schemata,
        "tables": _tables,
        "views": _views,
        "columns": _columns,
    }
    if name not in readers:
        raise QueryError("TABLE_NOT_FOUND", f"{place}Table '{CATALOG}.{INFORMATION_SCHEMA}.{name}' does not exist")
    columns = _COLUMNS[name]
    rows = list(readers[name](context))
    fields = [pa.field(n, pa.int64() if kind == BIGINT else pa.string()) for n, kind in columns]
    arrays = [pa.array([row[i] for row in rows], field.type) for i, field in enumerate(fields)]
    return context.session.relation(pa.table(arrays, pa.schema(fields)), columns)


def _schemata(context: Context) -> Iterator[Row]:
    for database in context.catalog.databases.all():
        yield CATALOG, database["Name"]
    yield CATALOG, INFORMATION_SCHEMA


def _glue_tables(context: Context) -> Iterator[dict[str, Any]]:
    for database in context.catalog.databases.all():
        yield from context.catalog.tables.of(database["Name"])


def _tables(context: Context) -> Iterator[Row]:
    for table in _glue_tables(context):
        kind = "VIEW" if table.get("TableType") == VIRTUAL_VIEW else "BASE TABLE"
        yield CATALOG, table["DatabaseName"], table["Name"], kind


def _views(context: Context) -> Iterator[Row]:
    for table in _glue_tables(context):
        if table.get("TableType") == VIRTUAL_VIEW:
            try:
                definition = read_view(table).sql
            except (UnsupportedError, SqlError):
                definition = None
            yield CATALOG, table["DatabaseName"], table["Name"], definition


def _columns(context: Context) -> Iterator[Row]:
    for table in _glue_tables(context):
        keys = {key["Name"] for key in table.get("PartitionKeys") or []}
        described = [*current_columns(table), *(table.get("PartitionKeys") or [])]
        for place, column in enumerate(described, 1):
            extra = "partition key" if column["Name"] in keys else None
            kind = _shown_type(table, column)
            row = (place, None, "YES", kind, column.get("Comment"), extra)
            yield CATALOG, table["DatabaseName"], table["Name"], column["Name"].lower(), *row


def _shown_type(table: dict[str, Any], column: dict[str, Any]) -> str:
    if table.get("TableType") == VIRTUAL_VIEW:
        try:
            return str(dict(read_view(table).columns)[column["Name"]])
        except (UnsupportedError, SqlError, KeyError):
            return str(column["Type"])
    try:
        return str(hive_type(column.get("Type") or "string"))
    except SqlError:
        return str(column["Type"])
