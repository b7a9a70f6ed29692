"""docs/localaws.md describes what the code does, and lists every setting of AWS's models."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import requests

from localaws.events.mappings import rules
from localaws.functions import configuration
from localaws.running import Running
from localaws.support import lambda_operations, page

PAGE = Path(__file__).parents[2] / "docs" / "localaws.md"
# Settings with an effect. A setting that a later botocore adds must be put into one of the page's tables, or here, with
# a test of its effect.
ACTS = {
    "FunctionName", "Handler", "Code", "Description", "Timeout", "MemorySize", "Publish", "DeadLetterConfig",
    "Environment", "Tags", "Layers", "RevisionId",
}  # fmt: skip
ACTS_IN_MAPPINGS = {
    "UUID", "EventSourceArn", "FunctionName", "Enabled", "BatchSize", "FilterCriteria", "ScalingConfig",
    "MaximumBatchingWindowInSeconds", "ParallelizationFactor", "StartingPosition", "StartingPositionTimestamp",
    "DestinationConfig", "MaximumRecordAgeInSeconds", "BisectBatchOnFunctionError", "MaximumRetryAttempts", "Tags",
    "FunctionResponseTypes",
}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Any:
    return botocore.session.get_session().get_service_model("lambda")


def settings(model: Any, *operations: str) -> set[str]:
    return {name for operation in operations for name in model.operation_model(operation).input_shape.members}


def test_the_page_says_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_setting_of_a_function_has_its_place(model: Any) -> None:
    tables = [*configuration.REFUSED, *configuration.IN_PART, *configuration.WITHOUT_EFFECT, *ACTS]
    assert sorted(tables) == sorted(settings(model, "CreateFunction", "UpdateFunctionConfiguration"))


def test_every_setting_of_a_mapping_has_its_place(model: Any) -> None:
    tables = [*rules.REFUSED, *ACTS_IN_MAPPINGS]
    assert sorted(tables) == sorted(settings(model, "CreateEventSourceMapping", "UpdateEventSourceMapping"))


def test_a_server_answers_501_to_the_operations_that_are_listed_so(aws: Running, model: Any) -> None:
    missing = set()
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = re.sub(r"\{\w+\+?\}", "none", http["requestUri"])
        signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/lambda/aws4_request"}
        answer = requests.request(http["method"], aws.endpoint + path, headers=signed, timeout=30)
        if answer.status_code == 501:
            assert answer.json()["message"].startswith("localaws does not implement ")
            missing.add(name)
    assert missing == set(lambda_operations()[1])
