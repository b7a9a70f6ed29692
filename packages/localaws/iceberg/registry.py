"""Entries of Iceberg tables in the Glue catalog: locations of their metadata, and creation of entries."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError, TableAlreadyExistsError
from pyiceberg.table.metadata import TableMetadata, new_table_metadata

from localaws.glue.catalog import AlreadyExistsException, Catalog, EntityNotFoundException
from localaws.iceberg.changes import NewTable
from localaws.iceberg.file_io import StoreFileIO
from localaws.iceberg.glue_table import is_iceberg, metadata_location_of, table_input
from localaws.iceberg.metadata_updates import InvalidUpdateError, check_format_version


class TableRegistry:
    """The Iceberg tables that one Glue catalog lists.

    Raises PyIceberg's NoSuchTableError, NoSuchNamespaceError and TableAlreadyExistsError, and InvalidUpdateError.
    """

    def __init__(self, catalog: Catalog, io: StoreFileIO) -> None:
        self._catalog = catalog
        self._io = io

    def find(self, database: str, name: str) -> tuple[dict[str, Any], str]:
        """The Glue table and the location of its metadata."""
        try:
            glue_table = self._catalog.tables.get(database, name)
        except EntityNotFoundException as error:
            raise NoSuchTableError(f"Table does not exist: {database}.{name}") from error
        location = metadata_location_of(glue_table)
        if not is_iceberg(glue_table) or not location:
            raise NoSuchTableError(f"Table is not an Iceberg table: {database}.{name}")
        return glue_table, location

    def refuse_existing(self, database: str, name: str) -> None:
        """Raise TableAlreadyExistsError if the catalog has a table or view of this name."""
        self._database(database)
        with suppress(EntityNotFoundException):
            self._catalog.tables.get(database, name)
            raise TableAlreadyExistsError(f"Table already exists: {database}.{name}")

    def add(self, database: str, name: str, metadata: TableMetadata, location: str) -> None:
        """Add an entry for a table whose metadata file is at ``location``."""
        try:
            self._catalog.tables.create(database, table_input(name.lower(), metadata, location))
        except AlreadyExistsException as error:
            raise TableAlreadyExistsError(f"Table already exists: {database}.{name}") from error
        except EntityNotFoundException as error:
            raise NoSuchNamespaceError(f"Namespace does not exist: {database}") from error

    def new_metadata(self, database: str, name: str, new: NewTable) -> TableMetadata:
        """The initial metadata of a new table; nothing is stored."""
        properties = dict(new.properties or {})
        check_format_version(properties.get("format-version", "2"))
        location = (new.location or self._default_location(database, name, new.warehouse)).rstrip("/")
        self._io.local_path(f"{location}/metadata")
        try:
            return new_table_metadata(new.schema, new.partition_spec, new.sort_order, location, properties)
        except (ValueError, KeyError) as error:
            raise InvalidUpdateError(str(error)[:1000]) from error

    def _default_location(self, database: str, name: str, warehouse: str | None) -> str:
        uri = self._database(database).get("LocationUri")
        if uri:
            return f"{uri.rstrip('/')}/{name.lower()}"
        if warehouse:
            return f"{warehouse.rstrip('/')}/{database.lower()}.db/{name.lower()}"
        raise InvalidUpdateError(
            f"table {database}.{name} has no location: give one, or set the database's LocationUri or the catalog's "
            "warehouse to s3://bucket/prefix"
        )

    def _database(self, database: str) -> dict[str, Any]:
        try:
            return self._catalog.databases.get(database)
        except EntityNotFoundException as error:
            raise NoSuchNamespaceError(f"Namespace does not exist: {database}") from error
