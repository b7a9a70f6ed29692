"""The partitions of a Hive table, from the catalog or by projection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localaws.athena.errors import QueryError
from localaws.athena.tables.projection import is_projected, projected_partitions

if TYPE_CHECKING:
    from localaws.athena.tables.hive import HiveTable
    from localaws.athena.tables.pruning import Pruner
    from localaws.glue.catalog import Catalog

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class Partition:
    """``values`` in the order of the table's keys, None for NULL."""

    values: tuple[str | None, ...]
    location: str


def partitions_of(catalog: Catalog, table: HiveTable) -> list[Partition]:
    """Every partition that the catalog has; raise QueryError for one whose values do not fit the keys."""
    found = [_partition(entry) for entry in catalog.get_partitions(table.database, table.name)]
    for partition in found:
        if len(partition.values) != len(table.partition_keys):
            raise QueryError(
                "HIVE_INVALID_METADATA",
                f"Partition {partition.values} of {table.database}.{table.name} has not "
                f"{len(table.partition_keys)} values",
            )
    return found


def wanted_partitions(catalog: Catalog, table: HiveTable, pruner: Pruner) -> list[Partition]:
    """The partitions that the query's WHERE can hold for."""
    if is_projected(table):
        return [Partition(values, location) for values, location in projected_partitions(table, pruner)]
    partitions = partitions_of(catalog, table)
    return [partitions[i] for i in pruner.kept(table.partition_keys, [p.values for p in partitions])]


def _partition(entry: Mapping[str, Any]) -> Partition:
    values = tuple(None if value == HIVE_NULL else value for value in entry["Values"])
    return Partition(values, entry["StorageDescriptor"]["Location"])
