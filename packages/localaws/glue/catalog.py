"""Databases, tables and partitions, as boto3 shows them, for the other rooms of this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeVar

from moto.glue.exceptions import AlreadyExistsException, EntityNotFoundException, InvalidInputException
from moto.glue.models import glue_backends

from localaws.glue.catalog_table import ConcurrentModificationException
from localaws.moto_state import MotoState
from localaws.settings import Settings

if TYPE_CHECKING:
    from localaws.glue.catalog_backend import CatalogOperations

__all__ = [
    "AlreadyExistsException",
    "Catalog",
    "ConcurrentModificationException",
    "EntityNotFoundException",
    "InvalidInputException",
    "current_columns",
]

Result = TypeVar("Result")


class Catalog:
    """The Glue catalog that the Glue API shows, from inside the process.

    Takes and returns boto3-shaped dicts (copies). Raises EntityNotFoundException, AlreadyExistsException,
    InvalidInputException and ConcurrentModificationException, each with Glue's text in ``message``.
    Every change is stored before the call returns; one that cannot be stored is undone and raises StateNotSavedError,
    or OSError where the disk is full.
    """

    def __init__(self, settings: Settings, state: MotoState) -> None:
        self._settings = settings
        self._state = state

    @property
    def region(self) -> str:
        return self._settings.region

    @property
    def account(self) -> str:
        return self._settings.account

    def get_databases(self) -> list[dict[str, Any]]:
        return [_shown(database) for database in self._backend.get_databases()]

    def get_database(self, name: str) -> dict[str, Any]:
        return _shown(self._backend.get_database(name))

    def create_database(
        self,
        name: str,
        description: str | None = None,
        location_uri: str | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        database_input = _database_input(name, description, location_uri, parameters)
        self._change(lambda backend: backend.create_database(name, database_input))

    def update_database(
        self,
        name: str,
        description: str | None = None,
        location_uri: str | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        """Replace description, location and parameters; what is not given goes."""
        database_input = _database_input(name, description, location_uri, parameters)
        self._change(lambda backend: backend.update_database(name, database_input))

    def delete_database(self, name: str, *, only_empty: bool = False) -> bool:
        """Delete a database with its tables; with ``only_empty``, one with tables stays and the answer is False."""

        def change(backend: CatalogOperations) -> bool:
            with backend.lock:
                if only_empty and backend.get_database(name).tables:
                    return False
                backend.delete_database(name)
                return True

        return self._change(change)

    def get_tables(self, database: str, expression: str | None = None) -> list[dict[str, Any]]:
        return [_shown(table) for table in self._backend.get_tables(database, expression)]

    def get_table(self, database: str, name: str) -> dict[str, Any]:
        with self._backend.lock:
            return _shown(self._backend.get_table(database, name))

    def create_table(self, database: str, table_input: Mapping[str, Any]) -> None:
        self._change(lambda backend: backend.create_table(database, table_input["Name"], dict(table_input)))

    def update_table(
        self,
        database: str,
        table_input: Mapping[str, Any],
        version_id: str | None = None,
        *,
        skip_archive: bool = False,
    ) -> None:
        """Replace a table's definition; with ``version_id`` only where that is its current version."""
        name = table_input["Name"]
        self._change(lambda backend: backend.update_table(database, name, table_input, version_id, skip_archive))

    def put_tables(self, changes: Sequence[tuple[str, Mapping[str, Any], str | None]]) -> None:
        """Replace or create several tables at once, all of them or none: (database, table input, version id).

        A version id of None creates the table; any other must be the table's current one, which is not archived.
        """

        def change(backend: CatalogOperations) -> None:
            with backend.lock:
                for database, table_input, version_id in changes:
                    backend.check_version(database, table_input["Name"], version_id)
                for database, table_input, version_id in changes:
                    if version_id is None:
                        backend.create_table(database, table_input["Name"], dict(table_input))
                    else:
                        backend.update_table(database, table_input["Name"], table_input, version_id, skip_archive=True)

        self._change(change)

    def delete_table(self, database: str, name: str) -> None:
        self._change(lambda backend: backend.delete_table(database, name))

    def get_partitions(self, database: str, table: str, expression: str | None = None) -> list[dict[str, Any]]:
        """Partitions in the order of their values; ``expression`` as GetPartitions takes it."""
        return [_shown(partition) for partition in self._backend.get_partitions(database, table, expression)]

    def batch_create_partitions(
        self, database: str, table: str, inputs: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Create each partition; the answer lists those that failed (``PartitionValues``, ``ErrorDetail``)."""
        copies = [dict(item) for item in inputs]
        return self._change(lambda backend: backend.batch_create_partition(database, table, copies))

    def update_partition(self, database: str, table: str, values: Sequence[str], changed: Mapping[str, Any]) -> None:
        """Give the partition of these values another definition, under other values too."""
        self._change(lambda backend: backend.update_partition(database, table, dict(changed), list(values)))

    def delete_partition(self, database: str, table: str, values: Sequence[str]) -> None:
        self._change(lambda backend: backend.delete_partition(database, table, list(values)))

    @property
    def _backend(self) -> CatalogOperations:
        backend: CatalogOperations = glue_backends[self._settings.account][self._settings.region]
        return backend

    def _change(self, change: Callable[[CatalogOperations], Result]) -> Result:
        with self._state.changing("glue"):
            return change(self._backend)


def current_columns(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The columns that a table has now: Iceberg clients may keep dropped ones beside them, marked as not current."""
    columns = (table.get("StorageDescriptor") or {}).get("Columns") or []
    return [column for column in columns if (column.get("Parameters") or {}).get("iceberg.field.current") != "false"]


def _database_input(
    name: str, description: str | None, location_uri: str | None, parameters: Mapping[str, str] | None
) -> dict[str, Any]:
    given = {"Description": description, "LocationUri": location_uri, "Parameters": dict(parameters or {})}
    return {"Name": name.lower()} | {key: value for key, value in given.items() if value}


def _shown(entity: Any) -> dict[str, Any]:
    return deepcopy({key: value for key, value in entity.as_dict().items() if value is not None})
