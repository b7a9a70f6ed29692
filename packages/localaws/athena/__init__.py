"""Athena's API, with engines that run the queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from moto.athena.models import athena_backends

from localaws.athena.api import urls
from localaws.athena.api.backend import LocalAthenaBackend
from localaws.athena.api.queries import Queries
from localaws.athena.api.responses import LocalAthenaResponse
from localaws.athena.embedded.engine import EmbeddedEngine
from localaws.settings import TRINO

if TYPE_CHECKING:
    from localaws.athena.engine import Engine
    from localaws.glue.catalog import Catalog
    from localaws.home import Home
    from localaws.iceberg.tables import IcebergTables
    from localaws.s3.store import ObjectStore
    from localaws.settings import Settings


def open_queries(
    settings: Settings, home: Home, store: ObjectStore, catalog: Catalog, tables: Callable[[], IcebergTables]
) -> Queries:
    """Connect the queries of a server to moto's Athena API; call it before the first request of the process.

    Raises TrinoMissingError or JavaMissingError if Trino is requested but cannot be started.
    """
    queries = Queries(home.queries, store, catalog, tables, _engine(settings, home, store, tables))
    LocalAthenaBackend.urls = urls
    LocalAthenaResponse.queries = queries
    athena_backends.backend = LocalAthenaBackend
    return queries


def _engine(settings: Settings, home: Home, store: ObjectStore, tables: Callable[[], IcebergTables]) -> Engine:
    if settings.athena == TRINO:
        from localaws.athena.trino.engine import TrinoEngine

        return TrinoEngine(settings, home.tmp, store, lambda location: tables().columns(location))
    return EmbeddedEngine(home.tmp)
