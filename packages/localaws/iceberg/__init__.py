"""Iceberg tables in the Glue catalog, and the REST catalog over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.iceberg.tables import IcebergTables

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from localaws.glue.catalog import Catalog
    from localaws.s3.store import ObjectStore


def open_tables(catalog: Catalog, store: ObjectStore) -> IcebergTables:
    """The Iceberg tables of the catalog."""
    return IcebergTables(catalog, store)


def application(tables: IcebergTables) -> WSGIApplication:
    """The Iceberg REST catalog."""

    def app(environ: object, start_response: object) -> list[bytes]:
        start_response("404 Not Found", [])  # type: ignore[operator]
        return [b""]

    return app
