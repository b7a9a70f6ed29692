"""Behaviour of moto 5.2.5 and PyIceberg 0.12 that the catalogs need: an incompatible upgrade fails here first."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest
from moto.core.base_backend import BackendDict
from moto.core.exceptions import JsonRESTError
from moto.glue import models, responses
from pyiceberg.catalog import Catalog, MetastoreCatalog
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.table import CommitTableResponse, StagedTable, Table
from pyiceberg.table import update as updates
from pyiceberg.table.metadata import TableMetadataV2

from localaws.glue.catalog_backend import CatalogOperations
from localaws.glue.catalog_responses import CatalogResponses
from localaws.glue.catalog_table import CatalogTable


def parameters(function: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


def overridden(cls: type, base: type) -> list[str]:
    return sorted(n for n in vars(cls) if n in vars(base) and callable(getattr(base, n)) and not n.startswith("__"))


def test_moto_is_the_pinned_one() -> None:
    assert version("moto") == "5.2.5"


@pytest.mark.parametrize("name", overridden(CatalogOperations, models.GlueBackend))
def test_a_replaced_backend_operation_is_called_with_the_parameters_it_takes(name: str) -> None:
    theirs, ours = parameters(getattr(models.GlueBackend, name)), parameters(getattr(CatalogOperations, name))
    assert ours[: len(theirs)] == theirs


@pytest.mark.parametrize(
    "name",
    [
        "batch_create_partition",
        "batch_delete_partition",
        "batch_update_partition",
        "create_database",
        "create_partition",
        "create_table",
        "delete_database",
        "delete_partition",
        "delete_table",
        "delete_table_version",
        "get_database",
        "get_databases",
        "get_partitions",
        "get_table",
        "get_tables",
        "update_database",
        "update_partition",
        "update_table",
    ],
)
def test_the_replaced_operations_are_moto_s(name: str) -> None:
    assert name in overridden(CatalogOperations, models.GlueBackend)


@pytest.mark.parametrize("name", overridden(CatalogTable, models.FakeTable))
def test_a_replaced_table_method_takes_the_same_parameters(name: str) -> None:
    assert parameters(getattr(CatalogTable, name)) == parameters(getattr(models.FakeTable, name))


def test_a_table_holds_versions_by_number_and_partitions_by_the_text_of_their_values() -> None:
    table = models.FakeTable("db", "t", {"Name": "t"}, catalog_id="1")
    table.create_partition({"Values": ["a"]})
    assert (table._current_version, list(table.versions), list(table.partitions)) == (1, ["1"], ["['a']"])
    assert {"created_time", "updated_time", "database_name", "name"} <= set(vars(table))


@pytest.mark.parametrize(
    "name", ["get_databases", "get_tables", "update_table", "get_table_version", "get_table_versions", "get_partitions"]
)
def test_the_replaced_responses_are_moto_s(name: str) -> None:
    assert name in overridden(CatalogResponses, responses.GlueResponse)


@pytest.mark.parametrize("name", ["search_tables", "batch_delete_table_version"])
def test_the_added_responses_are_still_missing_in_moto(name: str) -> None:
    assert not hasattr(responses.GlueResponse, name)


def test_the_backend_of_a_service_can_be_replaced() -> None:
    assert isinstance(models.glue_backends, BackendDict)
    assert isinstance(inspect.getattr_static(models.GlueBackend, "_url_module"), property)


def test_an_error_knows_its_type_and_message() -> None:
    error = JsonRESTError("SomeException", "text")
    assert (error.relative_error_type, error.message) == ("SomeException", "text")


def test_pyiceberg_is_the_pinned_one() -> None:
    assert version("pyiceberg").startswith("0.12.")


def test_a_table_asks_its_catalog_for_a_commit_only() -> None:
    source = inspect.getsource(Table._do_commit)
    assert "self.catalog.commit_table(self, requirements, updates)" in source
    assert parameters(NoopCatalog.commit_table) == ["table", "requirements", "updates"]
    assert set(CommitTableResponse.model_fields) == {"metadata", "metadata_location"}
    assert parameters(StagedTable.__init__) == [
        "identifier",
        "metadata",
        "metadata_location",
        "io",
        "catalog",
        "config",
    ]


def test_metadata_files_are_numbered_and_outdated_ones_deleted() -> None:
    name = "s3://b/t/metadata/00041-6c97e413-d51b-4538-ac70-12fe2a85cb83.metadata.json"
    assert MetastoreCatalog._parse_metadata_version(name) == 41
    assert parameters(Catalog._delete_old_metadata) == ["io", "base", "metadata"]


def test_every_update_of_the_specification_is_known() -> None:
    assert sorted(
        kind.model_fields["action"].default
        for kind in vars(updates).values()
        if inspect.isclass(kind) and "action" in getattr(kind, "model_fields", {})
    ) == [
        "add-schema",
        "add-snapshot",
        "add-sort-order",
        "add-spec",
        "assign-uuid",
        "remove-partition-specs",
        "remove-partition-statistics",
        "remove-properties",
        "remove-schemas",
        "remove-snapshot-ref",
        "remove-snapshots",
        "remove-statistics",
        "set-current-schema",
        "set-default-sort-order",
        "set-default-spec",
        "set-location",
        "set-partition-statistics",
        "set-properties",
        "set-snapshot-ref",
        "set-statistics",
        "upgrade-format-version",
    ]


def test_metadata_can_start_empty() -> None:
    assert {"schemas", "partition_specs", "sort_orders", "last_partition_id"} <= set(TableMetadataV2.model_fields)
