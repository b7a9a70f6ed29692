"""What a statement needs to run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localaws.athena.errors import SchemaNotFoundError
from localaws.athena.execution import Execution
from localaws.athena.session import Session
from localaws.glue.catalog import Catalog, EntityNotFoundException
from localaws.iceberg.tables import IcebergTables
from localaws.s3.store import ObjectStore

if TYPE_CHECKING:
    from localaws.athena.backend import LocalAthenaBackend


@dataclass
class Context:
    """One query under way. ``location`` is the folder that its results go to, with a slash at its end."""

    execution: Execution
    session: Session
    catalog: Catalog
    store: ObjectStore
    iceberg: IcebergTables
    saved: LocalAthenaBackend
    location: str
    planned: Callable[[], None]

    @property
    def database(self) -> str:
        return self.execution.database.lower()

    def check_database(self, name: str) -> None:
        """Raise SchemaNotFoundError where the catalog has no such database."""
        try:
            self.catalog.get_database(name)
        except EntityNotFoundException:
            raise SchemaNotFoundError(name) from None
