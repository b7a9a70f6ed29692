"""Load and commit Iceberg tables."""

from __future__ import annotations

from localaws.glue.catalog import Catalog
from localaws.s3.store import ObjectStore


class IcebergTables:
    """Iceberg tables of the Glue catalog."""

    def __init__(self, catalog: Catalog, store: ObjectStore) -> None:
        self._catalog = catalog
        self._store = store
