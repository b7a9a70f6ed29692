"""Databases, as boto3 shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localaws.glue.catalog_place import CatalogPlace, shown

if TYPE_CHECKING:
    from localaws.glue.catalog_backend import CatalogOperations


class Databases:
    """The databases of a catalog."""

    def __init__(self, place: CatalogPlace) -> None:
        self._place = place

    def all(self) -> list[dict[str, Any]]:
        return [shown(database) for database in self._place.backend.get_databases()]

    def get(self, name: str) -> dict[str, Any]:
        return shown(self._place.backend.get_database(name))

    def create(
        self,
        name: str,
        description: str | None = None,
        location_uri: str | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        database_input = _database_input(name, description, location_uri, parameters)
        self._place.change(lambda backend: backend.create_database(name, database_input))

    def update(
        self,
        name: str,
        description: str | None = None,
        location_uri: str | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        """Replace description, location and parameters; those not given are removed."""
        database_input = _database_input(name, description, location_uri, parameters)
        self._place.change(lambda backend: backend.update_database(name, database_input))

    def delete(self, name: str, *, only_empty: bool = False) -> bool:
        """Delete a database with its tables. With ``only_empty``, keep a database that has tables and return False."""

        def change(backend: CatalogOperations) -> bool:
            with backend.lock:
                if only_empty and backend.get_database(name).tables:
                    return False
                backend.delete_database(name)
                return True

        return self._place.change(change)


def _database_input(
    name: str, description: str | None, location_uri: str | None, parameters: Mapping[str, str] | None
) -> dict[str, Any]:
    given = {"Description": description, "LocationUri": location_uri, "Parameters": dict(parameters or {})}
    return {"Name": name.lower()} | {key: value for key, value in given.items() if value}
