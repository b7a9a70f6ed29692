"""Catalog operations of the Glue API that moto lacks, or answers without pages, versions and filters."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.glue.exceptions import InvalidInputException, JsonRESTError
from moto.glue.responses import GlueResponse

# The largest page that Glue gives, and the one it gives where no size is asked for.
TABLES_A_PAGE = 100
PARTITIONS_A_PAGE = 1000

Entity = dict[str, Any]


class CatalogResponses(GlueResponse):
    """Pages of GetDatabases, GetTables, GetTableVersions and GetPartitions; locks of UpdateTable; SearchTables."""

    def get_databases(self) -> ActionResult:
        """GetDatabases."""
        databases = [database.as_dict() for database in self.glue_backend.get_databases()]
        return self._page("DatabaseList", databases, lambda database: [database["Name"]], TABLES_A_PAGE)

    def get_tables(self) -> ActionResult:
        """GetTables."""
        tables = self.glue_backend.get_tables(self.parameters["DatabaseName"], self.parameters.get("Expression"))
        return self._page("TableList", [t.as_dict() for t in tables], lambda table: [table["Name"]], TABLES_A_PAGE)

    def search_tables(self) -> ActionResult:
        """SearchTables: SearchText in names, descriptions and columns; Filters on DatabaseName, Name and parameters."""
        backend = self.glue_backend
        tables = [t.as_dict() for d in backend.get_databases() for t in backend.get_tables(d.name, None)]
        text = self.parameters.get("SearchText", "").strip('"').lower()
        found = [t for t in tables if text in _searched(t) and _passes(t, self.parameters.get("Filters") or [])]
        return self._page("TableList", found, lambda table: [table["DatabaseName"], table["Name"]], TABLES_A_PAGE)

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
        found = self.glue_backend.get_table_versions(self.parameters["DatabaseName"], self.parameters["TableName"])
        versions = [{"Table": table, "VersionId": version} for version, table in found.items()]
        return self._page("TableVersions", versions, lambda version: [-int(version["VersionId"])], TABLES_A_PAGE)

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
        found = self.glue_backend.get_partitions(database, table, self.parameters.get("Expression"))
        partitions = [partition.as_dict() for partition in found]
        if segment := self.parameters.get("Segment"):
            partitions = [p for p in partitions if _in_segment(p["Values"], segment)]
        if self.parameters.get("ExcludeColumnSchema"):
            partitions = [_without_columns(p) for p in partitions]
        return self._page("Partitions", partitions, lambda partition: list(partition["Values"]), PARTITIONS_A_PAGE)

    def _page(
        self, name: str, entities: Sequence[Entity], key: Callable[[Entity], list[Any]], largest: int
    ) -> ActionResult:
        """The entities after NextToken in the order of ``key``, at most MaxResults."""
        token = self.parameters.get("NextToken")
        size = min(int(self.parameters.get("MaxResults") or largest), largest)
        ordered = sorted(entities, key=key)
        rest = [entity for entity in ordered if key(entity) > _last(token)] if token else ordered
        shown = rest[:size]
        following = {"NextToken": _token(key(shown[-1]))} if len(rest) > size else {}
        return ActionResult({name: shown, **following})


def _token(key: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _last(token: str) -> list[Any]:
    try:
        key: list[Any] = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError) as error:
        raise InvalidInputException("Page", "Invalid NextToken") from error
    return key


def _in_segment(values: Sequence[str], segment: Mapping[str, int]) -> bool:
    return zlib.crc32("/".join(values).encode()) % segment["TotalSegments"] == segment["SegmentNumber"]


def _without_columns(partition: Entity) -> Entity:
    storage = partition.get("StorageDescriptor") or {}
    return {**partition, "StorageDescriptor": {key: value for key, value in storage.items() if key != "Columns"}}


def _searched(table: Mapping[str, Any]) -> str:
    columns = [*((table.get("StorageDescriptor") or {}).get("Columns") or []), *(table.get("PartitionKeys") or [])]
    words = [table["DatabaseName"], table["Name"], table.get("Description")]
    words += [word for column in columns for word in (column["Name"], column.get("Comment"))]
    return "\n".join(word for word in words if word).lower()


def _passes(table: Mapping[str, Any], filters: Sequence[Mapping[str, str]]) -> bool:
    facts = {**(table.get("Parameters") or {}), **table}
    return all(str(facts.get(item["Key"], "")) == item["Value"] for item in filters)
