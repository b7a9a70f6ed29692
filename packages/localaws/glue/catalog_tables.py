"""Tables, as boto3 shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from localaws.glue.catalog_place import CatalogPlace, shown

if TYPE_CHECKING:
    from localaws.glue.catalog_backend import CatalogOperations


class Tables:
    """The tables and views of a catalog."""

    def __init__(self, place: CatalogPlace) -> None:
        self._place = place

    def of(self, database: str, expression: str | None = None) -> list[dict[str, Any]]:
        return [shown(table) for table in self._place.backend.get_tables(database, expression)]

    def get(self, database: str, name: str) -> dict[str, Any]:
        with self._place.backend.lock:
            return shown(self._place.backend.get_table(database, name))

    def create(self, database: str, table_input: Mapping[str, Any]) -> None:
        self._place.change(lambda backend: backend.create_table(database, table_input["Name"], dict(table_input)))

    def update(
        self,
        database: str,
        table_input: Mapping[str, Any],
        version_id: str | None = None,
        *,
        skip_archive: bool = False,
    ) -> None:
        """Replace a table's definition; if ``version_id`` is given, it must be the current version."""
        name = table_input["Name"]
        self._place.change(lambda backend: backend.update_table(database, name, table_input, version_id, skip_archive))

    def put(self, changes: Sequence[tuple[str, Mapping[str, Any], str | None]]) -> None:
        """Replace or create several tables, all of them or none; each change is (database, table input, version ID).

        A version ID of None creates the table; any other must be the table's current version. The version that is
        replaced is not archived.
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

        self._place.change(change)

    def delete(self, database: str, name: str) -> None:
        self._place.change(lambda backend: backend.delete_table(database, name))
