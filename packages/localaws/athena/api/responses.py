"""The Athena API operations that moto lacks, or answers without running a query."""

from __future__ import annotations

import json
import re

from localaws.athena.api.metadata import database_metadata, table_metadata
from localaws.athena.api.query_calls import CATALOG
from localaws.athena.api.workgroup_calls import WorkGroupResponses
from localaws.athena.errors import InvalidRequestError, MetadataError
from localaws.glue.catalog import EntityNotFoundException


class LocalAthenaResponse(WorkGroupResponses):
    """Operations on the catalog, in addition to those of the base classes."""

    def get_database(self) -> str:
        self._check_catalog()
        name = self._get_param("DatabaseName")
        try:
            database = self.queries.catalog.databases.get(name)
        except EntityNotFoundException as error:
            raise MetadataError.entity_not_found("GetDatabase", error.message) from None
        return json.dumps({"Database": database_metadata(database)})

    def list_databases(self) -> str:
        self._check_catalog()
        databases = [database_metadata(database) for database in self.queries.catalog.databases.all()]
        return self._page("DatabaseList", databases, 50)

    def get_table_metadata(self) -> str:
        self._check_catalog()
        try:
            table = self.queries.catalog.tables.get(self._get_param("DatabaseName"), self._get_param("TableName"))
        except EntityNotFoundException as error:
            raise MetadataError.entity_not_found("GetTableMetadata", error.message) from None
        return json.dumps({"TableMetadata": table_metadata(table)})

    def list_table_metadata(self) -> str:
        self._check_catalog()
        pattern = re.compile(self._get_param("Expression") or ".*")
        try:
            tables = self.queries.catalog.tables.of(self._get_param("DatabaseName"))
        except EntityNotFoundException as error:
            raise MetadataError.entity_not_found("ListTableMetadata", error.message) from None
        metadata = [table_metadata(table) for table in tables if pattern.fullmatch(table["Name"])]
        return self._page("TableMetadataList", metadata, 50)

    def get_data_catalog(self) -> str:
        name = self._get_param("Name")
        if name.lower() == CATALOG.lower():
            return json.dumps({"DataCatalog": {"Name": CATALOG, "Type": "GLUE", "Parameters": {}}})
        known = self.local.data_catalogs.get(name)
        if not known:
            raise InvalidRequestError(f"Data catalog '{name}' was not found")
        return json.dumps({"DataCatalog": self.local.get_data_catalog(name)})

    def list_data_catalogs(self) -> str:
        others = [{"CatalogName": c.name, "Type": c.type} for c in self.local.data_catalogs.values()]
        return self._page("DataCatalogsSummary", [{"CatalogName": CATALOG, "Type": "GLUE"}, *others], 50)

    def _check_catalog(self) -> None:
        name = self._get_param("CatalogName") or CATALOG
        if name.lower() != CATALOG.lower():
            raise InvalidRequestError(f"Data catalog '{name}' is not supported: the only catalog is {CATALOG}")
