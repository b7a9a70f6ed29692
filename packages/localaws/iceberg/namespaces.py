"""Namespaces of the REST catalog: the databases of the Glue catalog, one level deep."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from pyiceberg.exceptions import NamespaceAlreadyExistsError, NamespaceNotEmptyError, NoSuchNamespaceError

from localaws.glue.catalog import AlreadyExistsException, Catalog, EntityNotFoundException
from localaws.iceberg.glue_table import is_iceberg
from localaws.iceberg.rest_errors import UnprocessableError

LOCATION = "location"
COMMENT = "comment"


class Namespaces:
    """Glue databases as namespaces: ``location`` is LocationUri, ``comment`` Description, the rest Parameters."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._updating = threading.Lock()

    def names(self) -> list[str]:
        return [str(database["Name"]) for database in self._catalog.databases.all()]

    def create(self, name: str, properties: Mapping[str, str]) -> None:
        try:
            self._catalog.databases.create(name, *_split(properties))
        except AlreadyExistsException as error:
            raise NamespaceAlreadyExistsError(f"Namespace already exists: {name}") from error

    def properties(self, name: str) -> dict[str, str]:
        database = self._database(name)
        properties = dict(database.get("Parameters") or {})
        named = {LOCATION: database.get("LocationUri"), COMMENT: database.get("Description")}
        return properties | {key: value for key, value in named.items() if value}

    def update(self, name: str, removals: Sequence[str], updates: Mapping[str, str]) -> dict[str, list[str]]:
        """Remove, then set properties; return the names that were ``removed``, ``updated`` and ``missing``."""
        both = sorted(set(removals) & set(updates))
        if both:
            raise UnprocessableError(f"properties to remove and to set at once: {both}")
        with self._updating:
            current = self.properties(name)
            kept = {key: value for key, value in current.items() if key not in removals}
            self._catalog.databases.update(name, *_split({**kept, **updates}))
        return {
            "removed": [key for key in removals if key in current],
            "updated": list(updates),
            "missing": [key for key in removals if key not in current],
        }

    def drop(self, name: str) -> None:
        self._database(name)
        if not self._catalog.databases.delete(name, only_empty=True):
            raise NamespaceNotEmptyError(f"Namespace is not empty: {name}")

    def tables(self, name: str) -> list[str]:
        """Names of the Iceberg tables."""
        self._database(name)
        return [str(table["Name"]) for table in self._catalog.tables.of(name) if is_iceberg(table)]

    def _database(self, name: str) -> dict[str, Any]:
        try:
            return self._catalog.databases.get(name)
        except EntityNotFoundException as error:
            raise NoSuchNamespaceError(f"Namespace does not exist: {name}") from error


def _split(properties: Mapping[str, str]) -> tuple[str | None, str | None, dict[str, str]]:
    """Description, location and parameters."""
    parameters = {key: value for key, value in properties.items() if key not in (LOCATION, COMMENT)}
    return properties.get(COMMENT), properties.get(LOCATION), parameters
