"""A loaded table: how it reaches its catalog, and the files that belong to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.update import TableRequirement, TableUpdate
from pyiceberg.typedef import Identifier

if TYPE_CHECKING:
    from localaws.iceberg.tables import IcebergTables


class TableCatalog(NoopCatalog):
    """The part of a catalog that a loaded table calls: refresh and commit."""

    def __init__(self, tables: IcebergTables) -> None:
        super().__init__("localaws")
        self._tables = tables

    def supports_server_side_planning(self) -> bool:
        return False

    def load_table(self, identifier: str | Identifier) -> Table:
        database, name = self.identifier_to_database_and_table(identifier)
        return self._tables.load(database, name)

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        database, name = table.name()
        committed = self._tables.commit(database, name, requirements, updates)
        return CommitTableResponse.model_construct(
            metadata=committed.metadata, metadata_location=committed.metadata_location
        )


def files_of(table: Table) -> set[str]:
    """Locations of every file that the table's snapshots, statistics and metadata log name."""
    metadata = table.metadata
    files = {entry.metadata_file for entry in metadata.metadata_log} | {table.metadata_location}
    files |= {statistics.statistics_path for statistics in (*metadata.statistics, *metadata.partition_statistics)}
    for snapshot in metadata.snapshots:
        files.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            files.add(manifest.manifest_path)
            entries = manifest.fetch_manifest_entry(table.io, discard_deleted=False)
            files |= {entry.data_file.file_path for entry in entries}
    return files
