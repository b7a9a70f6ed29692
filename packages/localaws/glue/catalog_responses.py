"""Catalog operations of the Glue API that moto lacks, or answers without pages, versions or filters."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

from moto.core.responses import ActionResult, EmptyResult
from moto.glue.exceptions import JsonRESTError

from localaws.glue.paging import TABLES_A_PAGE, Entity, PagedResponse

# Glue's largest page, which is also its page size if the request names none.
PARTITIONS_A_PAGE = 1000


class CatalogResponses(PagedResponse):
    """Pages of GetDatabases, GetTables, GetTableVersions and GetPartitions; the version check of UpdateTable."""

    def get_databases(self) -> ActionResult:
        """GetDatabases."""
        databases = [database.as_dict() for database in self.glue_backend.get_databases()]
        return self.page_of("DatabaseList", databases, lambda database: [database["Name"]], TABLES_A_PAGE)

    def get_tables(self) -> ActionResult:
        """GetTables."""
        tables = self.glue_backend.get_tables(self.parameters["DatabaseName"], self.parameters.get("Expression"))
        return self.page_of("TableList", [t.as_dict() for t in tables], lambda table: [table["Name"]], TABLES_A_PAGE)

    def update_table(self) -> EmptyResult:
        """UpdateTable."""
        table_input = self.parameters["TableInput"]
        name = table_input.get("Name") or self.parameters.get("Name")
        version, skip_archive = self.parameters.get("VersionId"), bool(self.parameters.get("SkipArchive"))
        self.glue_backend.update_table(self.parameters["DatabaseName"], name, table_input, version, skip_archive)
        return EmptyResult()

    def get_table_version(self) -> ActionResult:
        """GetTableVersion; without a VersionId, the current one."""
        database, name = self.parameters["DatabaseName"], self.parameters["TableName"]
        version = self.parameters.get("VersionId") or self.glue_backend.get_table(database, name).version_id
        return ActionResult(self.glue_backend.get_table_version(database, name, version))

    def get_table_versions(self) -> ActionResult:
        """GetTableVersions, the newest first."""
        tables = self.glue_backend.get_table_versions(self.parameters["DatabaseName"], self.parameters["TableName"])
        versions = [{"Table": table, "VersionId": version} for version, table in tables.items()]
        return self.page_of("TableVersions", versions, lambda version: [-int(version["VersionId"])], TABLES_A_PAGE)

    def batch_delete_table_version(self) -> ActionResult:
        """BatchDeleteTableVersion."""
        database, name, errors = self.parameters["DatabaseName"], self.parameters["TableName"], []
        for version in self.parameters["VersionIds"]:
            try:
                self.glue_backend.delete_table_version(database, name, version)
            except JsonRESTError as error:
                detail = {"ErrorCode": error.relative_error_type, "ErrorMessage": error.message}
                errors.append({"TableName": name, "VersionId": version, "ErrorDetail": detail})
        return ActionResult({"Errors": errors})

    def get_partitions(self) -> ActionResult:
        """GetPartitions."""
        database, table = self.parameters["DatabaseName"], self.parameters["TableName"]
        stored = self.glue_backend.get_partitions(database, table, self.parameters.get("Expression"))
        partitions = [partition.as_dict() for partition in stored]
        if segment := self.parameters.get("Segment"):
            partitions = [p for p in partitions if _in_segment(p["Values"], segment)]
        if self.parameters.get("ExcludeColumnSchema"):
            partitions = [_without_columns(p) for p in partitions]
        return self.page_of("Partitions", partitions, lambda partition: list(partition["Values"]), PARTITIONS_A_PAGE)


def _in_segment(values: Sequence[str], segment: Mapping[str, int]) -> bool:
    return zlib.crc32("/".join(values).encode()) % segment["TotalSegments"] == segment["SegmentNumber"]


def _without_columns(partition: Entity) -> Entity:
    storage = partition.get("StorageDescriptor") or {}
    return {**partition, "StorageDescriptor": {key: value for key, value in storage.items() if key != "Columns"}}
