"""A server for each engine, and clients that query it, each in its own environment."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from athena_rows import query_rows
from client_environments import Environment, NoEnvironmentError, environment

from localaws.athena.trino.distribution import find_distribution
from localaws.errors import LocalAwsError
from localaws.running import Running, running

HERE = Path(__file__).parent
ENGINES = ("duckdb", "trino")


@pytest.fixture(scope="session", params=ENGINES)
def aws(request: pytest.FixtureRequest) -> Iterator[Running]:
    if request.param == "trino":
        try:
            find_distribution(os.environ)
        except LocalAwsError as error:
            pytest.skip(f"NOT RUN, NO TRINO: {error}")
    with running(athena=request.param) as server:
        yield server


@dataclass(frozen=True)
class Client:
    """A client's programs, run in ``folder`` with the variables that select this server."""

    environment: Environment
    server: Running
    folder: Path
    bucket: str

    def run(self, *command: str, **variables: str) -> str:
        own = {"BUCKET": self.bucket, "SCHEMA": self.bucket.replace("-", "_")}
        return self.environment.run(*command, folder=self.folder, variables=self.server.env | own | variables)

    def answers(self, script: str, *arguments: str, **variables: str) -> dict[str, Any]:
        """Run a script of this folder and return its output: one JSON object, on its last line."""
        printed = self.run("python", str(HERE / script), *arguments, **variables)
        answers: dict[str, Any] = json.loads(printed.splitlines()[-1])
        return answers

    def rows(self, sql: str) -> list[tuple[str | None, ...]]:
        """Return the rows of a query, read with a client that is not under test."""
        return query_rows(self.server, sql, f"s3://{self.bucket}/read/")


@pytest.fixture(scope="module")
def client_of(aws: Running, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Client]:
    """A function that creates a client by name, with a copy of ``project`` as its folder, and with a new bucket."""

    def make(name: str, project: str | None = None) -> Client:
        try:
            client_environment = environment(name)
        except NoEnvironmentError as error:
            pytest.skip(f"NOT RUN, NO ENVIRONMENT FOR {name}: {error}")
        folder = tmp_path_factory.mktemp(name)
        if project:
            shutil.copytree(HERE / project, folder, dirs_exist_ok=True)
        bucket = f"{name}-{uuid.uuid4().hex[:8]}"
        aws.client("s3").create_bucket(Bucket=bucket)
        return Client(client_environment, aws, folder, bucket)

    return make
