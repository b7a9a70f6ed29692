"""The functions besides the one that registers: they migrate the ledger's schema and measure waiting files."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from ledger_warehouse import Warehouse
from recorded_calls import for_code, recorded

from estrela.ledger.schema import SCHEMA
from estrela.ledger.waiting import HOURS_SINCE_ARRIVAL, OLDEST_NEW_AGE
from localaws.running import Running

LAMBDAS = Path(__file__).parents[2] / "lambdas"
CONTEXT = SimpleNamespace(function_name="f", aws_request_id="1")
Loaded = Callable[[str], Any]


@pytest.fixture
def loaded(warehouse: Warehouse, aws: Running, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """A function that loads a handler like a new process, with the database of the test."""
    url = warehouse.database.engine.url.render_as_string(hide_password=False)
    given = {"ESTRELA_WAREHOUSE_URL": url, "METRICS_ENVIRONMENT": "test", "POWERTOOLS_METRICS_NAMESPACE": "Estrela"}
    for name, value in {**aws.env, **given}.items():
        monkeypatch.setenv(name, value)

    @contextmanager
    def load(function: str) -> Iterator[ModuleType]:
        spec = importlib.util.spec_from_file_location(function, LAMBDAS / function / "handler.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
        module.parts.database.engine.dispose()

    return load


def test_the_schema_is_made_once_and_is_the_newest(warehouse: Warehouse, loaded: Loaded) -> None:
    warehouse.query("DROP SCHEMA ledger CASCADE")
    with loaded("ledger_schema") as function:
        answers = [function.handler({}, CONTEXT) for _ in range(2)]
    assert answers == [{"schema": "ledger", "version": SCHEMA.newest_version()}] * 2
    assert warehouse.query("SELECT count(*) FROM ledger.files") == [(0,)]


def test_waiting_files_are_printed_as_metrics(
    warehouse: Warehouse, loaded: Loaded, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse.query(
        "INSERT INTO ledger.files"
        " (feed, bucket, key, version, etag, size, place, sequencer, arrived_at, state, reason, run)"
        " SELECT feed, 'b', feed, 'v', 'e', 1, '', '', now() - hours * interval '1 hour', state, '', 'r'"
        " FROM (VALUES ('late', 30, 'Rejected'), ('waiting', 2, 'New')) AS one (feed, hours, state)"
    )
    with loaded("ledger_metrics") as function:
        function.handler({}, CONTEXT)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    hours = {record["feed"]: record[HOURS_SINCE_ARRIVAL] for record in printed if HOURS_SINCE_ARRIVAL in record}
    assert hours == {"late": [pytest.approx(30, abs=0.1)], "waiting": [pytest.approx(2, abs=0.1)]}
    (age,) = [record[OLDEST_NEW_AGE] for record in printed if OLDEST_NEW_AGE in record]
    assert age == [pytest.approx(7200, abs=360)]
    for metric in printed:
        (described,) = metric["_aws"]["CloudWatchMetrics"]
        dimensions = {name: metric[name] for name in described["Dimensions"][0]}
        assert described["Namespace"] == "Estrela"
        assert dimensions.items() >= {"service": "ledger", "environment": "test"}.items()
        assert set(dimensions) <= {"service", "environment", "feed"}


def test_an_empty_ledger_has_nothing_that_waits(
    warehouse: Warehouse, loaded: Loaded, capsys: pytest.CaptureFixture[str]
) -> None:
    with loaded("ledger_metrics") as function:
        function.handler({}, CONTEXT)
    (printed,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert printed[OLDEST_NEW_AGE] == [0.0]


@pytest.mark.parametrize("function", ["register_file", "ledger_schema", "ledger_metrics"])
def test_functions_call_what_their_roles_allow_and_nothing_else(
    warehouse: Warehouse, aws: Running, monkeypatch: pytest.MonkeyPatch, loaded: Loaded, function: str
) -> None:
    url = warehouse.database.engine.url
    login = {"username": url.username, "password": url.password, "host": url.host, "port": url.port,
             "dbname": url.database}  # fmt: skip
    aws.client("secretsmanager").create_secret(Name=f"{function}-{warehouse.bucket}", SecretString=json.dumps(login))
    with recorded() as actions:
        monkeypatch.delenv("ESTRELA_WAREHOUSE_URL")
        monkeypatch.setenv("ESTRELA_WAREHOUSE_SECRET", f"{function}-{warehouse.bucket}")
        monkeypatch.setenv("ESTRELA_LANDING", warehouse.bucket)
        with loaded(function) as module:
            module.handler(warehouse.put("card_settlements/visa_2026-11-01.csv.gz", b"x"), CONTEXT)
    assert actions == for_code(f"feeds.{function}")
