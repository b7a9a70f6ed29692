"""DuckDB types for the values of each Trino type."""

from __future__ import annotations

from localaws.athena.sql_errors import NotSupportedError
from localaws.athena.types.trino import Type, field_names

DUCKDB_NAMES = {
    "unknown": "INTEGER",
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "varbinary": "BLOB",
    "json": "VARCHAR",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMPTZ",
    "interval day to second": "INTERVAL",
    "interval year to month": "INTERVAL",
    "uuid": "UUID",
}


def duckdb_type(kind: Type) -> str:
    """Return the DuckDB type for values of a Trino type."""
    if kind.name == "decimal":
        return f"DECIMAL({kind.size[0]},{kind.size[1]})"
    if kind.name == "array":
        return f"{duckdb_type(kind.args[0])}[]"
    if kind.name == "map":
        return f"MAP({duckdb_type(kind.args[0])}, {duckdb_type(kind.args[1])})"
    if kind.name == "row":
        fields = zip(field_names(kind), kind.args, strict=True)
        return "STRUCT(" + ", ".join(f'"{n}" {duckdb_type(t)}' for n, t in fields) + ")"
    if kind.name not in DUCKDB_NAMES:
        raise NotSupportedError(f"type {kind}")
    return DUCKDB_NAMES[kind.name]
