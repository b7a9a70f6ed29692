"""The partitions of a Hive table, from the catalog or by projection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from localaws.athena.entries.hive_table import HiveTable, hive_columns, serde_parameters
from localaws.athena.errors import QueryError
from localaws.athena.types.hive import hive_name
from localaws.athena.types.trino import Columns, common_type

if TYPE_CHECKING:
    from localaws.glue.catalog import Catalog

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
MISMATCH = "HIVE_PARTITION_SCHEMA_MISMATCH"


@dataclass(frozen=True)
class Partition:
    """One partition: ``values`` in the order of the table's keys, None for NULL; ``table`` with its own storage."""

    values: tuple[str | None, ...]
    location: str
    table: HiveTable
    columns: Columns = ()


def partitions_of(catalog: Catalog, table: HiveTable) -> list[Partition]:
    """Every partition in the catalog; raise QueryError for a partition whose values do not match the keys."""
    partitions = [partition_of(table, entry) for entry in catalog.partitions.of(table.database, table.name)]
    for partition in partitions:
        if len(partition.values) != len(table.partition_keys):
            raise QueryError(
                "HIVE_INVALID_METADATA",
                f"Partition {partition.values} of {table.database}.{table.name} has not "
                f"{len(table.partition_keys)} values",
            )
    return partitions


def partition_of(table: HiveTable, entry: Mapping[str, Any]) -> Partition:
    """Return the partition of ``table`` that an entry of the Glue catalog describes."""
    values = tuple(None if value == HIVE_NULL else value for value in entry["Values"])
    storage = entry["StorageDescriptor"]
    serde = storage.get("SerdeInfo") or {}
    own = replace(
        table,
        serde=serde.get("SerializationLibrary") or table.serde,
        serde_parameters=serde_parameters(serde) if serde else table.serde_parameters,
        input_format=storage.get("InputFormat") or table.input_format,
    )
    return Partition(values, storage["Location"], own, hive_columns(storage.get("Columns") or []))


def check_columns(partition: Partition) -> None:
    """Raise QueryError for a partition whose columns differ from the table's, by position.

    A type may be one that widens to the table's; a partition may have fewer columns, or more at its end.
    """
    table = partition.table
    for (name, kind), (own, other) in zip(table.columns, partition.columns, strict=False):
        if common_type(other, kind) != kind:
            keys = zip(table.partition_keys, partition.values, strict=True)
            shown = "/".join(f"{key}={HIVE_NULL if value is None else value}" for (key, _), value in keys)
            raise QueryError(
                MISMATCH,
                "There is a mismatch between the table and partition schemas. The types are incompatible and cannot be "
                f"coerced. The column '{name}' in table '{table.database}.{table.name}' is declared as type "
                f"'{hive_name(kind)}', but partition '{shown}' declared column '{own}' as type '{hive_name(other)}'.",
            )
