"""Tables that Trino would read with wrong results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localaws.athena.entries.hive_table import hive_table
from localaws.athena.entries.partitions import MISMATCH, check_columns, partition_of
from localaws.athena.errors import QueryError
from localaws.athena.trino.serde_properties import not_followed

_OPEN_CSV = "OpenCSVSerde"


def misread(table: Mapping[str, Any]) -> str | None:
    """Return why Trino's rows of a table would differ from Athena's; None if no reason is known."""
    storage = table.get("StorageDescriptor") or {}
    name = f"{table.get('DatabaseName')}.{table.get('Name')}"
    serde = str((storage.get("SerdeInfo") or {}).get("SerializationLibrary") or "")
    typed = [c["Name"] for c in storage.get("Columns") or [] if str(c.get("Type", "string")).lower() != "string"]
    if serde.endswith(_OPEN_CSV) and typed:
        return f"{name} has OpenCSVSerde, of which Trino reads every column as varchar: {', '.join(typed)}"
    if ignored := not_followed(storage.get("SerdeInfo") or {}):
        return f"{name} has the SerDe property {ignored}, which Trino does not follow"
    for key in _dates_in_timestamps(table):
        return f"{name} projects dates into {key}, a timestamp, of which Trino finds no row"
    return None


def misread_partition(table: Mapping[str, Any], partition: Mapping[str, Any]) -> str | None:
    """Return why Trino's rows of a partition of ``table`` would differ from Athena's; None if no reason is known."""
    storage = partition.get("StorageDescriptor") or {}
    if ignored := not_followed(storage.get("SerdeInfo") or {}):
        name = f"{partition.get('DatabaseName')}.{partition.get('TableName')}"
        return f"a partition of {name} has the SerDe property {ignored}, which Trino does not follow"
    try:
        check_columns(partition_of(hive_table(table), partition))
    except QueryError as error:
        return str(error) if error.code == MISMATCH else None
    return None


def _dates_in_timestamps(table: Mapping[str, Any]) -> list[str]:
    parameters = {key.lower(): str(value) for key, value in (table.get("Parameters") or {}).items()}
    if parameters.get("projection.enabled", "").lower() != "true":
        return []
    return [
        key["Name"]
        for key in table.get("PartitionKeys") or []
        if str(key.get("Type", "")).lower().startswith("timestamp")
        and parameters.get(f"projection.{key['Name'].lower()}.type", "").lower() == "date"
    ]
