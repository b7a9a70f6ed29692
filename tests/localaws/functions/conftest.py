"""Lambda functions of a server, as tests create and invoke them."""

from __future__ import annotations

import io
import json
import textwrap
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from mapping_bench import Bench

from localaws.running import Running


class LambdaFunctions:
    """Functions of one server, each with its own module."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.client = server.client("lambda", config=Config(retries={"max_attempts": 0}, read_timeout=60))
        self.logs = server.client("logs")

    @staticmethod
    def zipped(files: dict[str, str]) -> bytes:
        """Return a zip file of modules."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, textwrap.dedent(text).lstrip())
        return data.getvalue()

    def create(self, code: str, handler: str = "app.handler", **options: Any) -> str:
        """Create a function with this module as ``app`` and return its name."""
        name = options.pop("FunctionName", f"f-{uuid.uuid4().hex[:10]}")
        settings = {"Runtime": "python3.11", "Role": "arn:aws:iam::123456789012:role/r", "Timeout": 20} | options
        zip_file = self.zipped({"app.py": code})
        self.client.create_function(FunctionName=name, Handler=handler, Code={"ZipFile": zip_file}, **settings)
        return name

    def invoke(self, name: str, event: Any = None, **options: Any) -> tuple[Any, str]:
        """Return the parsed payload of a synchronous invocation, and its FunctionError."""
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event), **options)
        return json.loads(answer["Payload"].read()), answer.get("FunctionError", "")

    def lines(self, name: str) -> list[str]:
        """Return the lines of a function in CloudWatch Logs."""
        events = self.logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        return [event["message"].rstrip("\n") for event in events]


@pytest.fixture(scope="session")
def functions_of() -> type[LambdaFunctions]:
    """The class of functions, for tests with their own server."""
    return LambdaFunctions


@pytest.fixture(scope="module")
def functions(aws: Running, functions_of: type[LambdaFunctions]) -> LambdaFunctions:
    """Functions of the server that tests share."""
    return functions_of(aws)


@pytest.fixture
def exchange(aws: Running) -> Path:
    """A folder that both functions and their test see: each function has its own ``/tmp``, but all see the home."""
    folder = aws.home / "exchange" / uuid.uuid4().hex
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def bench(functions: LambdaFunctions, exchange: Path) -> Bench:
    """A function that records its input, and sources for it."""
    return Bench(functions, exchange / "out")
