"""Runs queries."""

from __future__ import annotations

from localaws.glue.catalog import Catalog
from localaws.home import Home
from localaws.iceberg.tables import IcebergTables
from localaws.s3.store import ObjectStore
from localaws.settings import Settings


class Engine:
    """Runs Athena queries on DuckDB."""

    def __init__(
        self, settings: Settings, home: Home, store: ObjectStore, catalog: Catalog, tables: IcebergTables
    ) -> None:
        self._settings = settings

    def stop(self) -> None:
        """Nothing runs yet."""
