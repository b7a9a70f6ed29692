"""Iceberg tables in the Glue catalog, and an Iceberg REST catalog that serves them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from localaws.lazy import Lazy

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from localaws.glue.catalog import Catalog
    from localaws.iceberg.rest import RestCatalog
    from localaws.iceberg.tables import IcebergTables
    from localaws.s3.store import ObjectStore


def open_tables(catalog: Catalog, store: ObjectStore) -> IcebergTables:
    """The Iceberg tables of the catalog."""
    from localaws.iceberg.tables import IcebergTables

    return IcebergTables(catalog, store)


def application(tables: Callable[[], IcebergTables]) -> WSGIApplication:
    """The Iceberg REST catalog, which is created with the first request."""

    def make() -> RestCatalog:
        from localaws.iceberg.rest import RestCatalog

        return RestCatalog(tables())

    rest = Lazy(make)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return rest()(environ, start_response)

    return app
