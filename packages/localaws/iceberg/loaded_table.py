"""The catalog to which a loaded table commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.update import TableRequirement, TableUpdate
from pyiceberg.typedef import Identifier


class Tables(Protocol):
    """The catalog methods that a loaded table needs."""

    def load(self, database: str, name: str) -> Table: ...

    def commit(
        self, database: str, name: str, requirements: Sequence[TableRequirement], updates: Sequence[TableUpdate]
    ) -> Table: ...


class TableCatalog(NoopCatalog):
    """The PyIceberg catalog of a loaded table, limited to the methods it calls: refresh and commit."""

    def __init__(self, tables: Tables) -> None:
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
