"""Iceberg tables of the Glue catalog: load, create, commit, drop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import CreateTableTransaction, StagedTable, Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import TableRequirement, TableUpdate

from localaws.glue.catalog import Catalog
from localaws.iceberg.changes import Change, NewTable
from localaws.iceberg.commits import Commits
from localaws.iceberg.file_io import StoreFileIO
from localaws.iceberg.glue_table import glue_columns, is_iceberg
from localaws.iceberg.loaded_table import TableCatalog
from localaws.iceberg.metadata_files import MetadataFiles
from localaws.iceberg.registry import TableRegistry
from localaws.iceberg.table_files import files_of
from localaws.iceberg.table_locks import TableLocks
from localaws.s3.store import ObjectStore

__all__ = ["Change", "IcebergTables", "NewTable"]


class IcebergTables:
    """The Iceberg tables of one Glue catalog.

    A commit writes a new metadata file and then swaps the pointer in Glue, under a lock of the table and only if the
    version that was read is still current. If the process is killed before the swap, the table is unchanged; if the
    Glue API changes the table in between, the commit fails. Raises PyIceberg's NoSuchTableError, NoSuchNamespaceError,
    TableAlreadyExistsError, CommitFailedException, and InvalidUpdateError.
    """

    def __init__(self, catalog: Catalog, store: ObjectStore) -> None:
        self.catalog = catalog
        self.io = StoreFileIO(store)
        self._files = MetadataFiles(self.io)
        self._locks = TableLocks()
        self._registry = TableRegistry(catalog, self.io)
        self._commits = Commits(catalog, self._registry, self._files)

    def is_iceberg(self, table: Mapping[str, Any]) -> bool:
        return is_iceberg(table)

    def load(self, database: str, name: str) -> Table:
        """The current state of a table; its reads, appends and commits run in process."""
        _, location = self._registry.find(database, name)
        return self._table(database, name, self._files.read(location), location)

    def columns(self, location: str) -> list[dict[str, Any]]:
        """The Glue columns of the metadata file at ``location``; other catalogs may store fewer in their Glue table."""
        return glue_columns(self._files.read(location))

    def draft(self, database: str, name: str, new: NewTable) -> TableMetadata:
        """The initial metadata of a new table; nothing is stored. Raises the errors of :meth:`create`."""
        self._registry.refuse_existing(database, name)
        return self._registry.new_metadata(database, name, new)

    def stage(self, database: str, name: str, new: NewTable) -> CreateTableTransaction:
        """A transaction that creates the table with the rows appended to it, when it is committed; for CTAS."""
        metadata = self.draft(database, name, new)
        catalog = TableCatalog(self)
        return CreateTableTransaction(
            StagedTable((database.lower(), name.lower()), metadata, metadata.location, self.io, catalog)
        )

    def create(self, database: str, name: str, new: NewTable) -> Table:
        """Create an empty table."""
        with self._locks.held((database, name)):
            metadata = self.draft(database, name, new)
            return self._added(database, name, metadata, self._files.write(metadata, previous=None))

    def register(self, database: str, name: str, location: str, *, overwrite: bool = False) -> Table:
        """Register the table whose metadata file is at ``location``."""
        with self._locks.held((database, name)):
            if overwrite:
                with suppress(NoSuchTableError):
                    self.drop(database, name)
            self._registry.refuse_existing(database, name)
            return self._added(database, name, self._files.read(location), location)

    def commit(
        self, database: str, name: str, requirements: Sequence[TableRequirement], updates: Sequence[TableUpdate]
    ) -> Table:
        """Apply ``updates`` if all ``requirements`` are satisfied; with AssertCreate among them, create the table."""
        return self.commit_all([Change(database, name, requirements, updates)])[0]

    def commit_all(self, changes: Sequence[Change]) -> list[Table]:
        """Commit to several tables, all of them or none."""
        with self._locks.held(*((change.database, change.name) for change in changes)):
            committed = self._commits.commit(changes)
        return [self._table(c.change.database, c.change.name, c.metadata, c.location) for c in committed]

    def drop(self, database: str, name: str, *, purge: bool = False) -> None:
        """Remove the table from the catalog; ``purge`` also deletes every file of it.

        Without ``purge``, a table whose files cannot be read is dropped too.
        """
        with self._locks.held((database, name)):
            self._registry.find(database, name)
            files = files_of(self.load(database, name)) if purge else set()
            self.catalog.tables.delete(database, name)
            for file in files:
                self.io.delete(file)

    def rename(self, source: tuple[str, str], target: tuple[str, str]) -> None:
        """Rename a table; its files stay in place."""
        with self._locks.held(source, target):
            table = self.load(*source)
            self._registry.refuse_existing(*target)
            self._added(*target, table.metadata, table.metadata_location)
            self.catalog.tables.delete(*source)

    def _added(self, database: str, name: str, metadata: TableMetadata, location: str) -> Table:
        self._registry.add(database, name, metadata, location)
        return self._table(database, name, metadata, location)

    def _table(self, database: str, name: str, metadata: TableMetadata, location: str) -> Table:
        return Table((database.lower(), name.lower()), metadata, location, self.io, TableCatalog(self))
