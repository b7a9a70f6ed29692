"""Athena that answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from localaws.athena import backend
from localaws.athena.engine import Engine

if TYPE_CHECKING:
    from localaws.glue.catalog import Catalog
    from localaws.home import Home
    from localaws.iceberg.tables import IcebergTables
    from localaws.s3.store import ObjectStore
    from localaws.settings import Settings


def open_engine(
    settings: Settings, home: Home, store: ObjectStore, catalog: Catalog, tables: Callable[[], IcebergTables]
) -> Engine:
    """The query engine, installed behind moto's Athena API."""
    engine = Engine(settings, home, store, catalog, tables)
    engine.start()
    backend.install(engine)
    return engine
