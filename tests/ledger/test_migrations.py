"""The schemas of the ledger and of DataHarvest, migrated by the same code."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from sqlalchemy import create_engine, make_url, text

from dataharvest.database.schema import SCHEMA as DATAHARVEST
from estrela.cli import main
from estrela.errors import LoadError
from estrela.hooks.database import DatabaseManager
from estrela.hooks.migrations.schema import MigratedSchema
from estrela.ledger.schema import SCHEMA as LEDGER

PROCESSES = 4


@pytest.fixture
def databases(server: str) -> Iterator[list[DatabaseManager]]:
    """One empty database, with the connections of several processes."""
    name = f"m{uuid.uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    with ExitStack() as stack:
        managers = [DatabaseManager.from_url(make_url(server).set(database=name)) for _ in range(PROCESSES)]
        for manager in managers:
            stack.callback(manager.engine.dispose)
        yield managers


@pytest.mark.parametrize("schema", [LEDGER, DATAHARVEST], ids=lambda schema: schema.name)
def test_several_processes_may_migrate_at_once(databases: list[DatabaseManager], schema: MigratedSchema) -> None:
    with ThreadPoolExecutor(PROCESSES) as pool:
        list(pool.map(schema.migrate, databases))
    versions = databases[0].query(f"SELECT version_num FROM {schema.name}.schema_version")
    assert versions == [{"version_num": schema.newest_version()}]


def test_a_migration_that_fails_names_the_schema_and_leaves_nothing(databases: list[DatabaseManager]) -> None:
    database = databases[0]
    database.query("CREATE SCHEMA ledger")
    database.query("CREATE TABLE ledger.transitions (id integer)")
    with pytest.raises(LoadError) as caught:
        LEDGER.migrate(database)
    assert str(caught.value) == 'schema ledger: relation "transitions" already exists'
    assert database.query("SELECT to_regclass('ledger.files') AS files") == [{"files": None}]


def test_the_command_says_in_one_line_that_no_server_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ESTRELA_WAREHOUSE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    assert main(["ledger", "migrate"]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("migrate: schema ledger: connection")
    assert printed.count("\n") == 1
