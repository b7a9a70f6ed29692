"""Atomic commits to one or several tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, TableAlreadyExistsError
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import AssertCreate

from localaws.glue.catalog import (
    AlreadyExistsException,
    Catalog,
    ConcurrentModificationException,
    EntityNotFoundException,
)
from localaws.iceberg.changes import Change
from localaws.iceberg.glue_table import table_input
from localaws.iceberg.metadata_files import MetadataFiles
from localaws.iceberg.metadata_updates import InvalidUpdateError, updated
from localaws.iceberg.registry import TableRegistry
from localaws.iceberg.requirements import check


@dataclass(frozen=True)
class Committed:
    """A change whose metadata file is written; without a table input the commit leaves the table as it was."""

    change: Change
    base: TableMetadata | None
    metadata: TableMetadata
    location: str
    table_input: dict[str, Any] | None
    version_id: str | None


class Commits:
    """Writes new metadata files, then swaps the pointers in Glue if the versions that were read are still current.

    The caller holds the tables' locks. If the process is killed before the swap, the tables are unchanged.
    """

    def __init__(self, catalog: Catalog, registry: TableRegistry, files: MetadataFiles) -> None:
        self._catalog = catalog
        self._registry = registry
        self._files = files

    def commit(self, changes: Sequence[Change]) -> list[Committed]:
        """Commit all changes or none.

        Raises CommitFailedException, NoSuchTableError, TableAlreadyExistsError or InvalidUpdateError.
        """
        prepared: list[Committed] = []
        try:
            prepared.extend(self._prepare(change) for change in changes)
            self._swap(prepared)
        except (CommitFailedException, NoSuchTableError, TableAlreadyExistsError, InvalidUpdateError):
            self._discard(prepared)
            raise
        for p in prepared:
            if p.base:
                self._files.delete_outdated(p.base, p.metadata)
        return prepared

    def _prepare(self, change: Change) -> Committed:
        glue_table, previous = self._current(change)
        base = self._files.read(previous) if previous else None
        version_id = glue_table["VersionId"] if glue_table else None
        for requirement in change.requirements:
            check(requirement, base)
        metadata = updated(base, change.updates, previous)
        if previous and metadata == base:
            return Committed(change, base, metadata, previous, None, version_id)
        location = self._files.write(metadata, previous)
        definition = table_input(change.name.lower(), metadata, location, glue_table, base)
        return Committed(change, base, metadata, location, definition, version_id)

    def _current(self, change: Change) -> tuple[dict[str, Any] | None, str | None]:
        """The Glue table and the location of its metadata; None and None for a table that the change creates."""
        try:
            return self._registry.find(change.database, change.name)
        except NoSuchTableError:
            if any(isinstance(requirement, AssertCreate) for requirement in change.requirements):
                return None, None
            raise

    def _swap(self, prepared: Sequence[Committed]) -> None:
        try:
            self._catalog.tables.put(
                [(p.change.database, p.table_input, p.version_id) for p in prepared if p.table_input]
            )
        except (ConcurrentModificationException, EntityNotFoundException, AlreadyExistsException) as error:
            raise CommitFailedException(f"Another change of the table came between: {error.message}") from error

    def _discard(self, prepared: Sequence[Committed]) -> None:
        for p in prepared:
            if p.table_input:
                self._files.delete(p.location)
