"""Athena that answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from moto.athena.models import athena_backends

from localaws.athena.api import urls
from localaws.athena.api.backend import LocalAthenaBackend
from localaws.athena.api.queries import Queries
from localaws.athena.api.responses import LocalAthenaResponse
from localaws.athena.embedded.engine import EmbeddedEngine

if TYPE_CHECKING:
    from localaws.glue.catalog import Catalog
    from localaws.home import Home
    from localaws.iceberg.tables import IcebergTables
    from localaws.s3.store import ObjectStore


def open_queries(home: Home, store: ObjectStore, catalog: Catalog, tables: Callable[[], IcebergTables]) -> Queries:
    """The queries of a server, behind moto's Athena API; call it before the first request of the process."""
    queries = Queries(home.queries, store, catalog, tables, EmbeddedEngine(home.tmp))
    LocalAthenaBackend.urls = urls
    LocalAthenaResponse.queries = queries
    athena_backends.backend = LocalAthenaBackend
    return queries
