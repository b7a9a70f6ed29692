"""Databases and tables as Athena's metadata operations show them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from localaws.glue.catalog import current_columns


def database_metadata(database: Mapping[str, Any]) -> dict[str, Any]:
    """The ``Database`` structure: name, description and parameters."""
    shown = {"Name": database["Name"], "Parameters": database.get("Parameters") or {}}
    return shown | ({"Description": database["Description"]} if database.get("Description") else {})


def table_metadata(table: Mapping[str, Any]) -> dict[str, Any]:
    """The ``TableMetadata`` structure; as in Athena, its parameters include location, formats and SerDe."""
    storage = table.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    parameters = dict(table.get("Parameters") or {})
    extra = {
        "location": storage.get("Location"),
        "inputformat": storage.get("InputFormat"),
        "outputformat": storage.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
    }
    parameters.update({key: value for key, value in extra.items() if value})
    parameters.update({f"serde.param.{key}": value for key, value in (serde.get("Parameters") or {}).items()})
    return {
        "Name": table["Name"],
        "CreateTime": _seconds(table.get("CreateTime")),
        "LastAccessTime": _seconds(table.get("LastAccessTime")),
        "TableType": table.get("TableType") or "EXTERNAL_TABLE",
        "Columns": [_column(column) for column in current_columns(table)],
        "PartitionKeys": [_column(column) for column in table.get("PartitionKeys") or []],
        "Parameters": parameters,
    }


def _column(column: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"Name": column["Name"], "Type": column.get("Type", "string")}
    return shown | ({"Comment": column["Comment"]} if column.get("Comment") else {})


def _seconds(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    return float(value or 0)
