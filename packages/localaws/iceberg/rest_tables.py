"""The REST catalog's calls on tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER, SortOrder
from pyiceberg.table.update import TableRequirement, TableUpdate

from localaws.iceberg.namespaces import Namespaces
from localaws.iceberg.rest_call import Answer, Call, one_level, page
from localaws.iceberg.tables import Change, IcebergTables, NewTable

_REQUIREMENTS: TypeAdapter[list[TableRequirement]] = TypeAdapter(list[TableRequirement])
_UPDATES: TypeAdapter[list[TableUpdate]] = TypeAdapter(list[TableUpdate])

Model = TypeVar("Model", bound=BaseModel)


class TableCalls:
    """Handlers of the specification's operations on tables, one method each."""

    def __init__(self, tables: IcebergTables, namespaces: Namespaces) -> None:
        self._tables = tables
        self._namespaces = namespaces

    def list_all(self, call: Call) -> Answer:
        names, token = page(self._namespaces.tables(call.namespace), call.request.args)
        identifiers = [{"namespace": [call.namespace.lower()], "name": name} for name in names]
        return 200, {"identifiers": identifiers, "next-page-token": token}

    def create(self, call: Call) -> Answer:
        body = call.body
        new = NewTable(
            schema=Schema.model_validate(body["schema"]),
            partition_spec=_given(PartitionSpec, body.get("partition-spec"), UNPARTITIONED_PARTITION_SPEC),
            sort_order=_given(SortOrder, body.get("write-order"), UNSORTED_SORT_ORDER),
            location=body.get("location"),
            properties=body.get("properties") or {},
            warehouse=call.warehouse,
        )
        if body.get("stage-create"):
            return 200, {"metadata": _json(self._tables.draft(call.namespace, body["name"], new)), "config": {}}
        return 200, _loaded(self._tables.create(call.namespace, body["name"], new))

    def register(self, call: Call) -> Answer:
        body = call.body
        overwrite = bool(body.get("overwrite"))
        return 200, _loaded(
            self._tables.register(call.namespace, body["name"], body["metadata-location"], overwrite=overwrite)
        )

    def load(self, call: Call) -> Answer:
        loaded = _loaded(self._tables.load(*call.table))
        if call.request.args.get("snapshots") == "refs":
            metadata = loaded["metadata"]
            referred = {ref["snapshot-id"] for ref in metadata.get("refs", {}).values()}
            metadata["snapshots"] = [s for s in metadata.get("snapshots", []) if s["snapshot-id"] in referred]
        return 200, loaded

    def exists(self, call: Call) -> Answer:
        self._tables.load(*call.table)
        return 204, None

    def commit(self, call: Call) -> Answer:
        change = _change(call.body, *call.table)
        return 200, _loaded(self._tables.commit_all([change])[0])

    def commit_several(self, call: Call) -> Answer:
        changes = [_change(item, *_identifier(item["identifier"])) for item in call.body["table-changes"]]
        self._tables.commit_all(changes)
        return 204, None

    def drop(self, call: Call) -> Answer:
        purge = call.request.args.get("purgeRequested", "false").lower() == "true"
        self._tables.drop(*call.table, purge=purge)
        return 204, None

    def rename(self, call: Call) -> Answer:
        self._tables.rename(_identifier(call.body["source"]), _identifier(call.body["destination"]))
        return 204, None

    def report_metrics(self, call: Call) -> Answer:
        return 204, None

    def list_views(self, call: Call) -> Answer:
        self._namespaces.properties(call.namespace)
        return 200, {"identifiers": []}


def _change(body: Mapping[str, Any], database: str, name: str) -> Change:
    requirements = _REQUIREMENTS.validate_python(body.get("requirements") or [])
    return Change(database, name, requirements, _UPDATES.validate_python(body["updates"]))


def _identifier(identifier: Mapping[str, Any]) -> tuple[str, str]:
    return one_level(identifier["namespace"]), identifier["name"]


def _given(model: type[Model], value: object, default: Model) -> Model:
    return default if value is None else model.model_validate(value)


def _loaded(table: Table) -> dict[str, Any]:
    return {"metadata-location": table.metadata_location, "metadata": _json(table.metadata), "config": {}}


def _json(metadata: TableMetadata) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(metadata.model_dump_json())
    return shown
