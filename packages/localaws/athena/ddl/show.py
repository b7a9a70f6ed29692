"""SHOW statements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from localaws.athena.columns import text_column
from localaws.athena.entries.glue_tables import check_database, find_table, is_view
from localaws.athena.entries.hive_table import hive_table, is_projected
from localaws.athena.entries.partition_paths import partition_folder
from localaws.athena.entries.partitions import partitions_of
from localaws.athena.entries.views import read_view
from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.outcome import Lines
from localaws.athena.syntax.cursor import Cursor
from localaws.athena.syntax.statements import Statement
from localaws.glue.catalog import current_columns

if TYPE_CHECKING:
    from localaws.athena.engine import Context

_WIDTH = 20
_ATHENA_PROPERTIES = ("optimize_", "vacuum_")


def _matching(names: Iterable[str], pattern: str | None) -> list[str]:
    """Filter names by Hive's pattern: ``*`` is any text, ``|`` an alternative, the rest a regular expression."""
    if pattern is None:
        return sorted(names)
    try:
        expression = re.compile("|".join(part.replace("*", ".*") for part in pattern.split("|")), re.IGNORECASE)
    except re.error as error:
        raise QueryError("FAILED", f"the pattern {pattern!r} is not a valid regular expression: {error}") from None
    return sorted(name for name in names if expression.fullmatch(name))


def _pattern(cursor: Cursor) -> str | None:
    if cursor.accept("LIKE"):
        return cursor.string()
    return None if cursor.ended else cursor.string()


def _in_database(context: Context, cursor: Cursor) -> str:
    database = cursor.database_name() if cursor.accept("IN") or cursor.accept("FROM") else context.database
    check_database(context, database)
    return database


def show_databases(context: Context, statement: Statement) -> Lines:
    """SHOW DATABASES | SCHEMAS [LIKE 'pattern']."""
    cursor = Cursor(statement)
    cursor.expect("SHOW")
    cursor.expect_one("DATABASES", "SCHEMAS")
    names = [database["Name"] for database in context.catalog.databases.all()]
    return Lines([text_column("database_name")], _matching(names, _pattern(cursor)))


def show_tables(context: Context, statement: Statement) -> Lines:
    """SHOW TABLES [IN database] ['pattern']: tables and views."""
    cursor = Cursor(statement)
    cursor.expect("SHOW", "TABLES")
    tables = context.catalog.tables.of(_in_database(context, cursor))
    return Lines([text_column("tab_name")], _matching((table["Name"] for table in tables), _pattern(cursor)))


def show_views(context: Context, statement: Statement) -> Lines:
    """SHOW VIEWS [IN database] [LIKE 'pattern']."""
    cursor = Cursor(statement)
    cursor.expect("SHOW", "VIEWS")
    tables = context.catalog.tables.of(_in_database(context, cursor))
    names = [table["Name"] for table in tables if is_view(table)]
    return Lines([text_column("views")], _matching(names, _pattern(cursor)))


def show_columns(context: Context, statement: Statement) -> Lines:
    """SHOW COLUMNS IN table [IN database]."""
    cursor = Cursor(statement)
    cursor.expect("SHOW", "COLUMNS")
    cursor.expect_one("IN", "FROM")
    name = cursor.qualified_name()
    if cursor.accept("IN") or cursor.accept("FROM"):
        name = (cursor.name(), name[1])
    cursor.expect_end()
    return Lines([text_column("field")], [f"{c['Name']:<{_WIDTH}}" for c in _columns(find_table(context, name))])


def show_partitions(context: Context, statement: Statement) -> Lines:
    """SHOW PARTITIONS table: ``key=value/key=value``."""
    cursor = Cursor(statement)
    cursor.expect("SHOW", "PARTITIONS")
    table = find_table(context, cursor.qualified_name())
    if not cursor.ended:
        raise UnsupportedError("SHOW PARTITIONS with a partition spec")
    if not table.get("PartitionKeys"):
        raise QueryError("FAILED", f"SemanticException [Error 10241]: Table {table['Name']} is not a partitioned table")
    definition = hive_table(table)
    if is_projected(definition):
        return Lines([text_column("partition")])
    names = [name for name, _ in definition.partition_keys]
    partitions = partitions_of(context.catalog, definition)
    return Lines([text_column("partition")], [partition_folder(names, p.values) for p in partitions])


def show_properties(context: Context, statement: Statement) -> Lines:
    """SHOW TBLPROPERTIES table [('name')]."""
    cursor = Cursor(statement)
    cursor.expect("SHOW", "TBLPROPERTIES")
    parameters = find_table(context, cursor.qualified_name()).get("Parameters") or {}
    columns = [text_column("prpt_name"), text_column("prpt_value")]
    if cursor.ended:
        return Lines(columns, [f"{name}\t{value}" for name, value in sorted(parameters.items())])
    wanted = cursor.listed(cursor.value)[0]
    return Lines(columns, [f"{wanted}\t{parameters[wanted]}"] if wanted in parameters else [])


def show_create_table(context: Context, statement: Statement) -> Lines:
    """SHOW CREATE TABLE table."""
    cursor = Cursor(statement)
    cursor.expect("SHOW", "CREATE", "TABLE")
    table = find_table(context, cursor.qualified_name())
    cursor.expect_end()
    if is_view(table):
        raise QueryError("FAILED", f"{table['Name']} is a view: use SHOW CREATE VIEW")
    lines = _create_iceberg(context, table) if context.iceberg.is_iceberg(table) else _create_hive(table)
    return Lines([text_column("createtab_stmt")], lines)


def show_create_view(context: Context, statement: Statement) -> Lines:
    """SHOW CREATE VIEW view."""
    cursor = Cursor(statement)
    cursor.expect("SHOW", "CREATE", "VIEW")
    table = find_table(context, cursor.qualified_name())
    cursor.expect_end()
    if not is_view(table):
        raise QueryError("FAILED", f"{table['Name']} is a table: use SHOW CREATE TABLE")
    lines = [f"CREATE VIEW {table['DatabaseName']}.{table['Name']} AS", *read_view(table).sql.splitlines()]
    return Lines([text_column("Create View")], lines)


def _columns(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*current_columns(table), *(table.get("PartitionKeys") or [])]


def _create_hive(table: Mapping[str, Any]) -> list[str]:
    storage = table["StorageDescriptor"]
    serde = storage.get("SerdeInfo") or {}
    lines = [f"CREATE EXTERNAL TABLE `{table['DatabaseName']}.{table['Name']}`("]
    lines += _column_lines(current_columns(table))
    if table.get("PartitionKeys"):
        lines += ["PARTITIONED BY ( ", *_column_lines(table["PartitionKeys"])]
    if storage.get("BucketColumns"):
        lines += ["CLUSTERED BY ( ", *_closed([f"  {name}" for name in storage["BucketColumns"]], ", ")]
        lines[-1] += " "
        lines += [f"INTO {storage['NumberOfBuckets']} BUCKETS"]
    lines += ["ROW FORMAT SERDE ", f"  '{serde.get('SerializationLibrary', '')}' "]
    if serde.get("Parameters"):
        lines += ["WITH SERDEPROPERTIES ( ", *_property_lines(serde["Parameters"], " ")]
    lines += ["STORED AS INPUTFORMAT ", f"  '{storage.get('InputFormat', '')}' "]
    lines += ["OUTPUTFORMAT ", f"  '{storage.get('OutputFormat', '')}'"]
    lines += ["LOCATION", f"  '{storage.get('Location', '')}'"]
    parameters = {k: v for k, v in (table.get("Parameters") or {}).items() if k != "EXTERNAL"}
    return [*lines, "TBLPROPERTIES (", *_property_lines(parameters)] if parameters else lines


def _create_iceberg(context: Context, table: Mapping[str, Any]) -> list[str]:
    iceberg = context.iceberg.load(table["DatabaseName"], table["Name"])
    lines = [f"CREATE TABLE {table['DatabaseName']}.{table['Name']} (", *_column_lines(current_columns(table), "")]
    if fields := iceberg.spec().fields:
        names = {field.field_id: field.name for field in iceberg.schema().fields}
        parts = ", ".join(_partitioned_by(names[field.source_id], str(field.transform)) for field in fields)
        lines += [f"PARTITIONED BY ({parts})"]
    properties = {k: v for k, v in iceberg.properties.items() if k.startswith(_ATHENA_PROPERTIES)}
    codec = iceberg.properties.get("write.parquet.compression-codec", "zstd")
    properties |= {"table_type": "iceberg", "format": "parquet", "write_compression": codec}
    return [*lines, f"LOCATION '{iceberg.location()}'", "TBLPROPERTIES (", *_property_lines(properties)]


def _partitioned_by(column: str, transform: str) -> str:
    """``bucket[4]`` as ``bucket(4, `column`)``."""
    name, _, size = transform.removesuffix("]").partition("[")
    if name == "identity":
        return f"`{column}`"
    return f"{name}({size}, `{column}`)" if size else f"{name}(`{column}`)"


def _column_lines(columns: Iterable[Mapping[str, Any]], quote: str = "`") -> list[str]:
    shown = []
    for column in columns:
        comment = f" COMMENT {_quoted(column['Comment'])}" if column.get("Comment") else ""
        shown.append(f"  {quote}{column['Name']}{quote} {column.get('Type', 'string')}{comment}")
    return _closed(shown, ", ")


def _property_lines(parameters: Mapping[str, str], end: str = "") -> list[str]:
    lines = _closed([f"  {_quoted(k)}={_quoted(v)}" for k, v in sorted(parameters.items())], ", ")
    return [*lines[:-1], lines[-1] + end]


def _closed(lines: list[str], separator: str) -> list[str]:
    return [f"{line}{separator}" for line in lines[:-1]] + [f"{line})" for line in lines[-1:]]


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
