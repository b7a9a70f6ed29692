"""A Hive table's definition, read from its Glue entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localaws.athena.errors import QueryError
from localaws.athena.types.hive import hive_type
from localaws.athena.types.trino import Columns
from localaws.glue.catalog import current_columns


@dataclass(frozen=True)
class HiveTable:
    """A Hive table; columns, keys and ``serde_parameters`` have lower-case names, ``parameters`` as in Glue."""

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
    """Read a Glue entry; raise QueryError if it has no storage descriptor, or two columns with one name."""
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
    """Glue's columns with lower-case names."""
    return tuple((column["Name"].lower(), hive_type(column.get("Type") or "string")) for column in columns)


def is_projected(table: HiveTable) -> bool:
    """Return whether the table's partitions are computed, so that those in the catalog are ignored."""
    return bool(table.partition_keys) and table.parameters.get("projection.enabled", "").lower() == "true"
