"""A table of the catalog: its versions and its partitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.glue.exceptions import (
    InvalidInputException,
    PartitionAlreadyExistsException,
    PartitionNotFoundException,
    VersionNotFoundException,
)
from moto.glue.models import FakePartition, FakeTable

from localaws.glue.partition_filter import partition_filter


class ConcurrentModificationException(JsonRESTError):  # noqa: N818 - Glue's own name for it
    """Glue's answer to an UpdateTable whose VersionId is not the table's current one."""

    code = 400

    def __init__(self) -> None:
        super().__init__("ConcurrentModificationException", "Update table failed due to concurrent modifications.")


class CatalogTable(FakeTable):
    """moto's table, with Glue's optimistic lock, SkipArchive, and partitions validated and filtered by type."""

    def __init__(self, database_name: str, table_name: str, table_input: dict[str, Any], catalog_id: str) -> None:
        super().__init__(database_name, table_name, deepcopy(table_input) | {"Name": table_name}, catalog_id)
        self.updated_time = self.created_time

    @property
    def version_id(self) -> str:
        return str(self._current_version)

    @property
    def current(self) -> dict[str, Any]:
        """The current version's TableInput."""
        version: dict[str, Any] = self.versions[self.version_id]
        return version

    def replace(self, table_input: Mapping[str, Any], version_id: str | None, skip_archive: bool) -> None:
        """Make ``table_input`` the current version; if ``version_id`` is given, it must be the current one."""
        previous = self.version_id
        if version_id is not None and version_id != previous:
            raise ConcurrentModificationException
        super().update(deepcopy(dict(table_input)) | {"Name": self.name})
        if skip_archive:
            del self.versions[previous]

    def delete_version(self, version_id: str) -> None:
        if version_id not in self.versions:
            raise VersionNotFoundException
        if version_id == self.version_id:
            raise InvalidInputException("DeleteTableVersion", "Cannot delete the current version of a table.")
        super().delete_version(version_id)

    def create_partition(self, partiton_input: dict[str, Any]) -> None:
        self._check_values(partiton_input)
        super().create_partition(deepcopy(partiton_input))

    def get_partitions(self, expression: str | None) -> list[FakePartition]:
        """The partitions that satisfy ``expression``, in the order of their values."""
        keys = self.current.get("PartitionKeys") or []
        matches: Callable[[Sequence[str]], bool] = partition_filter(expression or "", keys)
        return sorted((p for p in self.partitions.values() if matches(p.values)), key=lambda p: list(p.values))

    def update_partition(self, old_values: list[str], partiton_input: dict[str, Any]) -> None:
        self._check_values(partiton_input)
        new_values = partiton_input["Values"]
        if str(old_values) not in self.partitions:
            raise PartitionNotFoundException
        if new_values != old_values and str(new_values) in self.partitions:
            raise PartitionAlreadyExistsException
        partition = FakePartition(self.database_name, self.name, deepcopy(partiton_input))
        old = self.partitions[str(old_values)]
        partition.creation_time = old.creation_time
        if statistics := vars(old).get("column_statistics"):
            partition.column_statistics = statistics
        if new_values != old_values:
            del self.partitions[str(old_values)]
        self.partitions[str(new_values)] = partition

    def _check_values(self, partition_input: Mapping[str, Any]) -> None:
        keys = self.current.get("PartitionKeys") or []
        if len(partition_input.get("Values") or []) != len(keys):
            raise InvalidInputException(
                "CreatePartition", "The number of partition keys do not match the number of partition values"
            )
