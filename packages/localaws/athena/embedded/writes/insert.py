"""INSERT INTO."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.athena.embedded.queries import Prepared, prepare_query
from localaws.athena.embedded.sql.duckdb_types import duckdb_type
from localaws.athena.embedded.sql.typed import name_literal
from localaws.athena.embedded.tables.serdes import AVRO, JSON, ORC, PARQUET, TEXT, check_writable, serde_of
from localaws.athena.embedded.writes.create_table_as import add_partitions
from localaws.athena.embedded.writes.data_files import Target, write_rows
from localaws.athena.embedded.writes.iceberg_rows import append, arrow_rows
from localaws.athena.embedded.writes.options import FileOptions
from localaws.athena.embedded.writes.tables import written_table
from localaws.athena.entries.hive_table import HiveTable, hive_table, is_projected
from localaws.athena.entries.partitions import partitions_of
from localaws.athena.entries.views import VIRTUAL_VIEW
from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.outcome import Written
from localaws.athena.syntax.cursor import Cursor
from localaws.athena.syntax.statements import Statement
from localaws.athena.types.iceberg import columns_of
from localaws.athena.types.trino import Columns

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context

_FORMATS = {PARQUET: "PARQUET", ORC: "ORC", AVRO: "AVRO", TEXT: "TEXTFILE", JSON: "JSON"}


def insert(context: Context, statement: Statement) -> Written:
    """INSERT INTO table [(columns)] query."""
    cursor = Cursor(statement)
    cursor.expect("INSERT", "INTO")
    database, name = cursor.qualified_name()
    database = database or context.database
    named = cursor.listed(cursor.name) if cursor.peek("(") and not _starts_query(cursor) else []
    text = cursor.rest()
    table = _table(context, database, name)
    query = prepare_query(context, text)
    if context.iceberg.is_iceberg(table):
        iceberg = context.iceberg.load(database, name)
        schema = iceberg.schema()
        rows = arrow_rows(context, _arranged(query, columns_of(schema), named), schema)
        return Written(rows.num_rows, append(iceberg, rows) if rows.num_rows else [])
    return _insert_hive(context, table, query, named)


def _starts_query(cursor: Cursor) -> bool:
    return any(cursor.peek("(", word) for word in ("SELECT", "WITH", "VALUES", "TABLE", "("))


def _table(context: Context, database: str, name: str) -> dict[str, Any]:
    table = written_table(context, database, name)
    if table.get("TableType") == VIRTUAL_VIEW:
        raise UnsupportedError("Inserting into views", "is not supported")
    return table


def _arranged(query: Prepared, columns: Columns, named: list[str]) -> str:
    """The rows in the order of the table's columns; columns missing in the column list are NULL."""
    kinds = dict(columns)
    for name in named:
        if name not in kinds:
            raise QueryError("COLUMN_NOT_FOUND", f"Insert column name does not exist in target table: {name}")
    wanted: Columns = tuple((name, kinds[name]) for name in named) if named else columns
    if len(wanted) != len(query.columns):
        raise QueryError(
            "MISMATCHED_COLUMN_ALIASES" if named else "TYPE_MISMATCH",
            f"Insert query has {len(query.columns)} expression(s) but expected {len(wanted)} target column(s)",
        )
    given = {name for name, _ in wanted}
    selected = ", ".join(
        name_literal(name) if name in given else f"CAST(NULL AS {duckdb_type(kind)}) AS {name_literal(name)}"
        for name, kind in columns
    )
    return f"SELECT {selected} FROM ({query.sql(wanted)})"


def _insert_hive(context: Context, table: dict[str, Any], query: Prepared, named: list[str]) -> Written:
    definition = hive_table(table)
    form = serde_of(definition).format
    if form not in _FORMATS:
        raise UnsupportedError(f"INSERT into a table of SerDe {definition.serde}")
    check_writable(definition)
    if table["StorageDescriptor"].get("BucketColumns"):
        raise UnsupportedError("INSERT into a bucketed table", "is not supported by Athena")
    if is_projected(definition) and "storage.location.template" in definition.parameters:
        raise UnsupportedError("INSERT into a table with storage.location.template")
    columns = definition.columns + definition.partition_keys
    known = {p.values: p.location for p in partitions_of(context.catalog, definition)}
    delimiter = definition.serde_parameters.get("field.delim") or "\x01"
    compression = definition.parameters.get("write.compression") or definition.parameters.get("parquet.compression")
    compression = compression or definition.parameters.get("orc.compress")
    options = FileOptions.of(
        {"format": _FORMATS[form], "field_delimiter": delimiter}
        | ({"write_compression": compression} if compression else {})
    )
    target = Target(definition.location, options, definition.partition_keys, _folder(definition, known))
    rows, partitions = write_rows(context, _arranged(query, columns, named), columns, target)
    new = [p for p in partitions if p.values not in known]
    if not is_projected(definition):
        add_partitions(context, definition.database, table, new)
    return Written(rows, [file for partition in partitions for file in partition.files])


def _folder(definition: HiveTable, known: dict[tuple[str | None, ...], str]) -> Any:
    from localaws.athena.entries.partition_paths import partition_folder

    names = [name for name, _ in definition.partition_keys]

    def folder(values: tuple[str | None, ...]) -> str:
        default = f"{definition.location.rstrip('/')}/{partition_folder(names, values)}/"
        return known.get(values, default)

    return folder
