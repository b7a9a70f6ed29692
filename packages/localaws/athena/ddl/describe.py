"""DESCRIBE."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localaws.athena.columns import text_column
from localaws.athena.entries.glue_tables import find_table
from localaws.athena.errors import UnsupportedError
from localaws.athena.outcome import Lines
from localaws.athena.syntax.cursor import Cursor
from localaws.athena.syntax.statements import Statement
from localaws.glue.catalog import current_columns

if TYPE_CHECKING:
    from pyiceberg.table import Table

    from localaws.athena.engine import Context

_WIDTH = 20
_BREAK = "\t\t"


def describe(context: Context, statement: Statement) -> Lines:
    """DESCRIBE [EXTENDED | FORMATTED] table: name, type and comment of each column, then the partitioning."""
    cursor = Cursor(statement)
    cursor.expect_one("DESCRIBE", "DESC")
    detailed = cursor.accept("FORMATTED") or cursor.accept("EXTENDED")
    table = find_table(context, cursor.qualified_name())
    if not cursor.ended:
        raise UnsupportedError("DESCRIBE of a column or partition")
    columns = [text_column(name) for name in ("col_name", "data_type", "comment")]
    if context.iceberg.is_iceberg(table):
        iceberg = context.iceberg.load(table["DatabaseName"], table["Name"])
        return Lines(columns, _iceberg_lines(table, iceberg) + (_iceberg_details(iceberg) if detailed else []))
    return Lines(columns, _hive_lines(table) + (_details(table) if detailed else []))


def _iceberg_lines(table: Mapping[str, Any], iceberg: Table) -> list[str]:
    """Lines with unpadded cells, as Athena shows Iceberg tables."""
    names = {field.field_id: field.name.lower() for field in iceberg.schema().fields}
    columns = [
        f"{column['Name']}\t{_spaced(column['Type'])}\t{column.get('Comment') or ''}"
        for column in current_columns(table)
    ]
    spec = [f"{field.name}\t{field.transform}\t{names.get(field.source_id, '')}" for field in iceberg.spec().fields]
    return [
        f"# Table schema:{_BREAK}",
        "# col_name\tdata_type\tcomment",
        *columns,
        _BREAK,
        f"# Partition spec:{_BREAK}",
        "# field_name\tfield_transform\tcolumn_name",
        *spec,
    ]


def _spaced(kind: str) -> str:
    """A type in Iceberg's spelling: ``decimal(10, 2)``, ``struct<a: int>``."""
    return re.sub(r"([,:])\s*", r"\1 ", kind)


def _iceberg_details(iceberg: Table) -> list[str]:
    properties = sorted(iceberg.properties.items())
    return [
        _BREAK,
        f"Name:\ticeberg.{'.'.join(iceberg.name())}\t",
        f"Location:\t{iceberg.location()}\t",
        _BREAK,
        f"# Table properties:{_BREAK}",
        "# key\tvalue\t",
        *(f"{key}\t{value}\t" for key, value in properties),
    ]


def _hive_lines(table: Mapping[str, Any]) -> list[str]:
    keys = table.get("PartitionKeys") or []
    lines = [_described(column) for column in [*current_columns(table), *keys]]
    if not keys:
        return lines
    head = {"Name": "# col_name", "Type": "data_type", "Comment": "comment"}
    return [
        *lines,
        "\t \t ",
        "# Partition Information\t \t ",
        _described(head),
        "\t \t ",
        *(_described(key) for key in keys),
    ]


def _described(column: Mapping[str, Any]) -> str:
    cells = (column["Name"], column.get("Type", "string"), column.get("Comment") or "")
    return "\t".join(f"{cell:<{_WIDTH}}" for cell in cells)


def _details(table: Mapping[str, Any]) -> list[str]:
    storage = table.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    facts = {
        "Database:": table["DatabaseName"],
        "Location:": storage.get("Location", ""),
        "Table Type:": table.get("TableType", ""),
        "SerDe Library:": serde.get("SerializationLibrary", ""),
        "InputFormat:": storage.get("InputFormat", ""),
        "OutputFormat:": storage.get("OutputFormat", ""),
    }
    lines = ["\t \t ", "# Detailed Table Information\t \t "]
    lines += [f"{name:<{_WIDTH}}\t{value:<{_WIDTH}}\t " for name, value in facts.items()]
    parameters = sorted((table.get("Parameters") or {}).items())
    return [
        *lines,
        "Table Parameters:\t \t ",
        *(f"\t{name:<{_WIDTH}}\t{value:<{_WIDTH}}" for name, value in parameters),
    ]
