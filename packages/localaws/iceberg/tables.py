"""Iceberg tables of the Glue catalog: load, create, commit, drop."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from pyiceberg.exceptions import (
    CommitFailedException,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.table import CreateTableTransaction, StagedTable, Table
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.update import AssertCreate, TableRequirement, TableUpdate

from localaws.glue.catalog import (
    AlreadyExistsException,
    Catalog,
    ConcurrentModificationException,
    EntityNotFoundException,
)
from localaws.iceberg.changes import Change, NewTable
from localaws.iceberg.file_io import StoreFileIO
from localaws.iceberg.glue_table import is_iceberg, metadata_location_of, table_input
from localaws.iceberg.loaded_table import TableCatalog
from localaws.iceberg.metadata_files import MetadataFiles
from localaws.iceberg.metadata_updates import InvalidUpdateError, check_format_version, updated
from localaws.iceberg.requirements import check
from localaws.iceberg.table_files import files_of
from localaws.s3.store import ObjectStore

__all__ = ["Change", "IcebergTables", "NewTable"]


@dataclass(frozen=True)
class _Prepared:
    """A commit whose metadata file is written, and to which Glue does not point yet; no table input: no change."""

    change: Change
    base: TableMetadata | None
    metadata: TableMetadata
    location: str
    table_input: dict[str, Any] | None
    version_id: str | None


class IcebergTables:
    """The Iceberg tables of one Glue catalog.

    A commit writes a new metadata file and then swaps the pointer in Glue, under a lock of the table and against the
    version that was read: a killed process leaves the old table, and a change through the Glue API in between fails
    the commit. Raises PyIceberg's NoSuchTableError, NoSuchNamespaceError, TableAlreadyExistsError,
    CommitFailedException, and InvalidUpdateError.
    """

    def __init__(self, catalog: Catalog, store: ObjectStore) -> None:
        self.catalog = catalog
        self.io = StoreFileIO(store)
        self._files = MetadataFiles(self.io)
        self._locks: defaultdict[tuple[str, str], threading.RLock] = defaultdict(threading.RLock)

    def is_iceberg(self, table: Mapping[str, Any]) -> bool:
        return is_iceberg(table)

    def load(self, database: str, name: str) -> Table:
        """The table as it is now; reads and appends of it work in process, ``commit`` and all."""
        _, location = self._iceberg_table(database, name)
        return self._table(database, name, self._files.read(location), location)

    def draft(self, database: str, name: str, new: NewTable) -> TableMetadata:
        """The metadata that a new table would have; nothing is stored. Raises what :meth:`create` raises."""
        self._refuse_existing(database, name)
        return self._new_metadata(database, name, new)

    def stage(self, database: str, name: str, new: NewTable) -> CreateTableTransaction:
        """A transaction that makes the table, with whatever is appended to it, when it is committed: CTAS."""
        metadata = self.draft(database, name, new)
        catalog = TableCatalog(self)
        return CreateTableTransaction(
            StagedTable((database.lower(), name.lower()), metadata, metadata.location, self.io, catalog)
        )

    def create(self, database: str, name: str, new: NewTable) -> Table:
        """Create an empty table."""
        with self._locked((database, name)):
            metadata = self.draft(database, name, new)
            location = self._files.write(metadata, previous=None)
            return self._point(database, name, metadata, location)

    def register(self, database: str, name: str, location: str, *, overwrite: bool = False) -> Table:
        """Take in the table whose metadata file is at ``location``."""
        with self._locked((database, name)):
            if overwrite:
                with suppress(NoSuchTableError):
                    self.drop(database, name)
            self._refuse_existing(database, name)
            metadata = self._files.read(location)
            return self._point(database, name, metadata, location)

    def commit(
        self, database: str, name: str, requirements: Sequence[TableRequirement], updates: Sequence[TableUpdate]
    ) -> Table:
        """Apply ``updates`` where ``requirements`` hold; AssertCreate among them makes a new table."""
        return self.commit_all([Change(database, name, requirements, updates)])[0]

    def commit_all(self, changes: Sequence[Change]) -> list[Table]:
        """Commit to several tables at once: all of them, or none."""
        with self._locked(*((change.database, change.name) for change in changes)):
            prepared: list[_Prepared] = []
            try:
                prepared.extend(self._prepare(change) for change in changes)
                self._swap(prepared)
            except (CommitFailedException, NoSuchTableError, TableAlreadyExistsError, InvalidUpdateError):
                self._discard(prepared)
                raise
            for p in prepared:
                if p.base:
                    self._files.delete_outdated(p.base, p.metadata)
            return [self._table(p.change.database, p.change.name, p.metadata, p.location) for p in prepared]

    def drop(self, database: str, name: str, *, purge: bool = False) -> None:
        """Take the table out of the catalog; ``purge`` also deletes every file of it.

        A table whose files cannot be read any more is dropped all the same, but not purged.
        """
        with self._locked((database, name)):
            self._iceberg_table(database, name)
            files = files_of(self.load(database, name)) if purge else set()
            self.catalog.delete_table(database, name)
            for file in files:
                self.io.delete(file)

    def rename(self, source: tuple[str, str], target: tuple[str, str]) -> None:
        """Move a table to another name; its files stay where they are."""
        with self._locked(source, target):
            table = self.load(*source)
            self._refuse_existing(*target)
            self._point(*target, table.metadata, table.metadata_location)
            self.catalog.delete_table(*source)

    @contextmanager
    def _locked(self, *names: tuple[str, str]) -> Iterator[None]:
        with ExitStack() as held:
            for database, name in sorted({(d.lower(), n.lower()) for d, n in names}):
                held.enter_context(self._locks[(database, name)])
            yield

    def _prepare(self, change: Change) -> _Prepared:
        current, glue_table = self._current(change)
        base = current.metadata if current else None
        version_id = glue_table["VersionId"] if glue_table else None
        for requirement in change.requirements:
            check(requirement, base)
        previous = current.metadata_location if current else None
        metadata = updated(base, change.updates, previous)
        if current and metadata == base:
            return _Prepared(change, base, metadata, current.metadata_location, None, version_id)
        location = self._files.write(metadata, previous)
        definition = table_input(change.name.lower(), metadata, location, glue_table, base)
        return _Prepared(change, base, metadata, location, definition, version_id)

    def _current(self, change: Change) -> tuple[Table | None, dict[str, Any] | None]:
        try:
            glue_table, location = self._iceberg_table(change.database, change.name)
        except NoSuchTableError:
            if any(isinstance(requirement, AssertCreate) for requirement in change.requirements):
                return None, None
            raise
        table = self._table(change.database, change.name, self._files.read(location), location)
        return table, glue_table

    def _swap(self, prepared: Sequence[_Prepared]) -> None:
        try:
            self.catalog.put_tables(
                [(p.change.database, p.table_input, p.version_id) for p in prepared if p.table_input]
            )
        except (ConcurrentModificationException, EntityNotFoundException, AlreadyExistsException) as error:
            raise CommitFailedException(f"Another change of the table came between: {error.message}") from error

    def _discard(self, prepared: Sequence[_Prepared]) -> None:
        for p in prepared:
            if p.table_input:
                self._files.delete(p.location)

    def _new_metadata(self, database: str, name: str, new: NewTable) -> TableMetadata:
        properties = dict(new.properties or {})
        check_format_version(properties.get("format-version", "2"))
        location = (new.location or self._default_location(database, name, new.warehouse)).rstrip("/")
        self.io.local_path(f"{location}/metadata")
        try:
            return new_table_metadata(new.schema, new.partition_spec, new.sort_order, location, properties)
        except (ValueError, KeyError) as error:
            raise InvalidUpdateError(str(error)[:1000]) from error

    def _default_location(self, database: str, name: str, warehouse: str | None) -> str:
        uri = self._glue_database(database).get("LocationUri")
        if uri:
            return f"{uri.rstrip('/')}/{name.lower()}"
        if warehouse:
            return f"{warehouse.rstrip('/')}/{database.lower()}.db/{name.lower()}"
        raise InvalidUpdateError(
            f"table {database}.{name} has no location: give one, or set the database's LocationUri or the catalog's "
            "warehouse to s3://bucket/prefix"
        )

    def _point(self, database: str, name: str, metadata: TableMetadata, location: str) -> Table:
        try:
            self.catalog.create_table(database, table_input(name.lower(), metadata, location))
        except AlreadyExistsException as error:
            raise TableAlreadyExistsError(f"Table already exists: {database}.{name}") from error
        except EntityNotFoundException as error:
            raise NoSuchNamespaceError(f"Namespace does not exist: {database}") from error
        return self._table(database, name, metadata, location)

    def _refuse_existing(self, database: str, name: str) -> None:
        self._glue_database(database)
        with suppress(EntityNotFoundException):
            self.catalog.get_table(database, name)
            raise TableAlreadyExistsError(f"Table already exists: {database}.{name}")

    def _glue_database(self, database: str) -> dict[str, Any]:
        try:
            return self.catalog.get_database(database)
        except EntityNotFoundException as error:
            raise NoSuchNamespaceError(f"Namespace does not exist: {database}") from error

    def _iceberg_table(self, database: str, name: str) -> tuple[dict[str, Any], str]:
        """The Glue table and the location of its metadata."""
        try:
            glue_table = self.catalog.get_table(database, name)
        except EntityNotFoundException as error:
            raise NoSuchTableError(f"Table does not exist: {database}.{name}") from error
        location = metadata_location_of(glue_table)
        if not is_iceberg(glue_table) or not location:
            raise NoSuchTableError(f"Table is not an Iceberg table: {database}.{name}")
        return glue_table, location

    def _table(self, database: str, name: str, metadata: TableMetadata, location: str) -> Table:
        return Table((database.lower(), name.lower()), metadata, location, self.io, TableCatalog(self))
