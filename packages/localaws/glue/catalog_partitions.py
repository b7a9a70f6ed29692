"""Partitions, as boto3 shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from localaws.glue.catalog_place import CatalogPlace, shown


class Partitions:
    """The partitions of a catalog's tables."""

    def __init__(self, place: CatalogPlace) -> None:
        self._place = place

    def of(self, database: str, table: str, expression: str | None = None) -> list[dict[str, Any]]:
        """Partitions in the order of their values, filtered by ``expression`` as in GetPartitions."""
        return [shown(partition) for partition in self._place.backend.get_partitions(database, table, expression)]

    def create(self, database: str, table: str, inputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Create each partition; return those that failed (``PartitionValues``, ``ErrorDetail``)."""
        copies = [dict(item) for item in inputs]
        return self._place.change(lambda backend: backend.batch_create_partition(database, table, copies))

    def update(self, database: str, table: str, values: Sequence[str], changed: Mapping[str, Any]) -> None:
        """Replace the definition, possibly also the values, of the partition with these values."""
        self._place.change(lambda backend: backend.update_partition(database, table, dict(changed), [*values]))

    def delete(self, database: str, table: str, values: Sequence[str]) -> None:
        self._place.change(lambda backend: backend.delete_partition(database, table, [*values]))
