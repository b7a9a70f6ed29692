"""The ColumnInfo of a result."""

from __future__ import annotations

from typing import Any

from localaws.athena.types.trino import Type

# Precisions in GetQueryResults.
_PRECISION = {
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "real": 17,
    "double": 17,
    "varchar": 2147483647,
    "varbinary": 1073741824,
}


def column_info(name: str, kind: Type) -> dict[str, Any]:
    """One column as the API describes it; the type has no arguments (``array``, ``row``), and real is ``float``."""
    precision, scale = _precision_and_scale(kind)
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": "float" if kind.name == "real" else kind.name,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind.name in ("varchar", "char", "json"),
    }


def text_column(name: str) -> dict[str, Any]:
    """A column of a DDL or utility statement, which has Hive's type string."""
    return column_info(name, Type("varchar")) | {"Type": "string", "Precision": 0, "CaseSensitive": False}


def _precision_and_scale(kind: Type) -> tuple[int, int]:
    if kind.name == "decimal":
        return kind.size[0], kind.size[1]
    if kind.size:
        return kind.size[0], 0
    return _PRECISION.get(kind.name, 0), 0
