"""Iceberg tables in the Glue catalog, and the REST catalog over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.iceberg.rest import RestCatalog
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
    return RestCatalog(tables)
