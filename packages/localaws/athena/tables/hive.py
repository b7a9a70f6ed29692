"""A Hive table's definition, read from its Glue entry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localaws.athena.errors import QueryError, UnsupportedError
from localaws.athena.sql.type_text import parse_type
from localaws.athena.sql.types import Type
from localaws.athena.tables.relation import Columns
from localaws.glue.catalog import current_columns

_BARE_DECIMAL = re.compile(r"\bdecimal\b(?!\s*\()", re.IGNORECASE)


@dataclass(frozen=True)
class HiveTable:
    """Columns, partition keys and names of ``serde_parameters`` are lower case, ``parameters`` as Glue keeps them."""

    database: str
    name: str
    columns: Columns
    partition_keys: Columns
    location: str
    serde: str
    serde_parameters: Mapping[str, str]
    parameters: Mapping[str, str]
    input_format: str = ""


def hive_table(table: Mapping[str, Any]) -> HiveTable:
    """Read a Glue entry; raise QueryError for one without a storage descriptor or with two columns of one name."""
    storage = table.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    if not storage.get("Location"):
        raise QueryError("HIVE_METASTORE_ERROR", f"Table {table['DatabaseName']}.{table['Name']} has no location")
    columns, keys = hive_columns(current_columns(table)), hive_columns(table.get("PartitionKeys") or [])
    names = [name for name, _ in columns + keys]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise QueryError(
            "HIVE_INVALID_METADATA",
            f"Hive metadata for table {table['DatabaseName']}.{table['Name']} is invalid: Table descriptor contains "
            f"duplicate columns: {', '.join(twice)}",
        )
    return HiveTable(
        database=table["DatabaseName"],
        name=table["Name"],
        columns=columns,
        partition_keys=keys,
        location=storage["Location"],
        serde=serde.get("SerializationLibrary") or "",
        serde_parameters=serde_parameters(serde),
        parameters=table.get("Parameters") or {},
        input_format=storage.get("InputFormat") or "",
    )


def serde_parameters(serde: Mapping[str, Any]) -> dict[str, str]:
    """The properties of a SerdeInfo, by lower-case name."""
    return {name.lower(): value for name, value in (serde.get("Parameters") or {}).items()}


def hive_columns(columns: list[dict[str, Any]]) -> Columns:
    """Glue's columns, by lower-case name."""
    return tuple((column["Name"].lower(), hive_type(column.get("Type") or "string")) for column in columns)


def hive_type(text: str) -> Type:
    """The Trino type of a Hive type; Hive's bare decimal is decimal(10,0)."""
    return parse_type(_BARE_DECIMAL.sub("decimal(10,0)", text))


def hive_name(kind: Type) -> str:
    """The Hive type that Athena gives to a column of a Trino type; raise UnsupportedError where there is none."""
    names = {"integer": "int", "real": "float", "varbinary": "binary"}
    if kind.name == "varchar":
        return f"varchar({kind.size[0]})" if kind.size else "string"
    if kind.name == "char":
        return f"char({kind.size[0]})"
    if kind.name == "decimal":
        return f"decimal({kind.size[0]},{kind.size[1]})"
    if kind.name == "timestamp":
        return "timestamp"
    if kind.name == "array":
        return f"array<{hive_name(kind.args[0])}>"
    if kind.name == "map":
        return f"map<{hive_name(kind.args[0])},{hive_name(kind.args[1])}>"
    if kind.name == "row" and all(kind.names):
        fields = zip(kind.names, kind.args, strict=True)
        return f"struct<{','.join(f'{name}:{hive_name(argument)}' for name, argument in fields)}>"
    if kind.name in ("boolean", "tinyint", "smallint", "bigint", "double", "date") or kind.name in names:
        return names.get(kind.name, kind.name)
    raise UnsupportedError(f"Hive type: {kind}", "has no place in a Hive table")
