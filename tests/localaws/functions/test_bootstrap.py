"""The runtime for machines without a wheel of awslambdaric gives the same answers, errors and log lines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localaws.functions.environment import Blueprint, Environment, Outcome
from localaws.functions.runtime_api import Invocation

MODULE = """
import decimal, logging

def handler(event, context):
    if event == "raise":
        raise ValueError("no such bank")
    if event == "set":
        return {1}
    logging.warning("read %s", event)
    return {
        "amount": decimal.Decimal("1.5"), "id": context.aws_request_id, "arn": context.invoked_function_arn,
        "left": context.get_remaining_time_in_millis() > 0, "custom": context.client_context.custom,
    }
"""


class Runtime:
    """One environment whose process can import only the function's own module."""

    def __init__(self, folder: Path, handler: str, module: str, **variables: str) -> None:
        root = folder / "root"
        root.mkdir()
        (root / "app.py").write_text(module)
        given = {
            "LAMBDA_TASK_ROOT": str(root), "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_LOG_GROUP_NAME": "g",
            "AWS_LAMBDA_LOG_STREAM_NAME": "s", "PATH": os.environ["PATH"], **variables,
        }  # fmt: skip
        blueprint = Blueprint(sys.executable, handler, (str(root), str(folder)), str(root), given, 128, 10)
        self.environment = Environment(blueprint, folder / "environment")

    def run(self, event: Any) -> Outcome:
        """Return the outcome of one invocation with the request ID r-1."""
        context = json.dumps({"custom": {"a": "b"}})
        invocation = Invocation("r-1", json.dumps(event).encode(), "arn", 2**42, context)
        return self.environment.run(invocation, 10, list)


@pytest.fixture
def opened() -> Iterator[list[Runtime]]:
    runtimes: list[Runtime] = []
    yield runtimes
    for runtime in runtimes:
        runtime.environment.close()


def test_answers_errors_and_lines(opened: list[Runtime], tmp_path: Path) -> None:
    opened.append(runtime := Runtime(tmp_path, "app.handler", MODULE))
    assert runtime.environment.initialize(list) is None
    answer = runtime.run("x")
    expected = {"amount": 1.5, "id": "r-1", "arn": "arn", "left": True, "custom": {"a": "b"}}
    assert (answer.kind, json.loads(answer.body)) == ("response", expected)
    failure = json.loads(runtime.run("raise").body)
    assert (failure["errorType"], failure["errorMessage"]) == ("ValueError", "no such bank")
    (frame,) = failure["stackTrace"]
    assert frame.endswith('line 6, in handler\n    raise ValueError("no such bank")\n')
    assert json.loads(runtime.run("set").body)["errorType"] == "Runtime.MarshalError"
    lines = runtime.environment.output()
    assert lines[0].startswith("[WARNING]\t")
    assert lines[0].endswith("Z\tr-1\tread x")
    assert lines[1].startswith("[ERROR] ValueError: no such bank\nTraceback (most recent call last):\n\xa0\xa0File ")


def test_lines_as_json_from_a_level_on(opened: list[Runtime], tmp_path: Path) -> None:
    module = "import logging\ndef handler(e, c):\n    logging.info('hidden')\n    logging.error('shown %s', 1)\n"
    variables = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "WARN"}
    opened.append(runtime := Runtime(tmp_path, "app.handler", module, **variables))
    assert runtime.environment.initialize(list) is None
    assert runtime.run(None).kind == "response"
    (line,) = map(json.loads, runtime.environment.output())
    assert (line["level"], line["message"], line["requestId"]) == ("ERROR", "shown 1", "r-1")


@pytest.mark.parametrize(
    ("handler", "module", "kind", "message"),
    [
        ("app.none", MODULE, "Runtime.HandlerNotFound", "Handler 'none' missing on module 'app'"),
        ("app", MODULE, "Runtime.MalformedHandlerName",
         "Bad handler 'app': not enough values to unpack (expected 2, got 1)"),
        ("app.handler", "import boto3", "Runtime.ImportModuleError",
         "Unable to import module 'app': No module named 'boto3'"),
        ("app.handler", "def (", "Runtime.UserCodeSyntaxError",
         "Syntax error in module 'app': invalid syntax (app.py, line 1)"),
    ],
)  # fmt: skip
def test_a_handler_that_cannot_be_loaded(
    opened: list[Runtime], tmp_path: Path, handler: str, module: str, kind: str, message: str
) -> None:
    opened.append(runtime := Runtime(tmp_path, handler, module))
    outcome = runtime.environment.initialize(list)
    assert outcome is not None
    error = json.loads(outcome.body)
    assert (outcome.kind, error["errorType"], error["errorMessage"]) == ("init error", kind, message)
