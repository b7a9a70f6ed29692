"""Behaviour of moto 5.2.5 that localaws/athena needs: an incompatible upgrade fails here first."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest
from moto.athena import models, responses, urls
from moto.core.base_backend import BackendDict
from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse

from localaws.athena.api.backend import LocalAthenaBackend
from localaws.athena.api.responses import LocalAthenaResponse
from localaws.athena.errors import InvalidRequestError

REPLACED = [
    "create_work_group", "get_work_group", "list_work_groups", "delete_work_group", "start_query_execution",
    "get_query_execution", "list_query_executions", "stop_query_execution", "get_query_results",
    "get_query_runtime_statistics", "get_named_query", "create_prepared_statement", "get_prepared_statement",
    "get_database", "list_databases", "get_data_catalog", "list_data_catalogs",
]  # fmt: skip
KEPT = ["create_named_query", "list_named_queries", "create_data_catalog", "tag_resource", "list_tags_for_resource"]


def parameters(function: Callable[..., Any]) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


def test_moto_is_the_pinned_one() -> None:
    assert version("moto") == "5.2.5"


@pytest.mark.parametrize("name", REPLACED)
def test_a_replaced_operation_is_one_of_moto_without_parameters(name: str) -> None:
    assert parameters(getattr(responses.AthenaResponse, name)) == []
    assert getattr(LocalAthenaResponse, name) is not getattr(responses.AthenaResponse, name)


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_operation_is_still_there(name: str) -> None:
    assert getattr(LocalAthenaResponse, name) is getattr(responses.AthenaResponse, name)


def test_operations_read_their_request_by_name() -> None:
    assert parameters(BaseResponse._get_param) == ["param_name", "if_none"]


def test_moto_serves_one_path_and_takes_it_from_the_backend() -> None:
    assert list(urls.url_paths) == ["{0}/$"]
    assert isinstance(models.athena_backends, BackendDict)
    assert "_url_module" in dir(models.AthenaBackend)


def test_the_backend_starts_with_the_primary_workgroup() -> None:
    group = LocalAthenaBackend("us-east-1", "123456789012").work_group("")
    assert (group.name, group.state) == ("primary", "ENABLED")
    assert group.configuration["EnforceWorkGroupConfiguration"] is False
    assert group.configuration["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"


def test_saved_queries_have_the_attributes_that_answers_show() -> None:
    assert parameters(models.NamedQuery.__init__) == ["name", "description", "database", "query_string", "workgroup"]
    assert parameters(models.PreparedStatement.__init__) == [
        "statement_name", "workgroup", "query_statement", "description",
    ]  # fmt: skip
    assert parameters(models.AthenaBackend.create_work_group) == ["name", "configuration", "description", "tags"]


def test_an_error_is_json_with_the_code_of_the_class() -> None:
    error = InvalidRequestError("no")
    assert isinstance(error, JsonRESTError)
    assert (error.code, error.relative_error_type) == (400, "InvalidRequestException")
    assert '"AthenaErrorCode": "INVALID_INPUT"' in error.get_body()
