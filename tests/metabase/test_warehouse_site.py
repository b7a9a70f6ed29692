"""The dashboard of files and warehouse: its answers from a real PostgreSQL, its page, its database in Metabase."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from credentials_of_tests import PASSWORD
from fake_metabase import State, serving
from ledger_warehouse import postgres

from estrela.errors import SettingsError
from estrela.hooks.database import DatabaseManager
from estrela.ledger.schema import SCHEMA
from metabase.cli import main
from metabase.files import load
from metabase.preview.athena import QueryError
from metabase.preview.postgres import Postgres
from metabase.provision.client import Timeouts
from metabase.provision.provision import apply, plan
from metabase.provision.target import Lake, PostgresServer, Target, target_from

FOLDER = Path("metabase/warehouse")
SHORT_TIMEOUTS = Timeouts(start=0, sync=0, pause=0.01, backoff=0)
FILES = """
INSERT INTO ledger.files (feed, bucket, key, version, etag, size, arrived_at, state, done_at, rows_in, rows_loaded,
  rows_rejected)
SELECT feed, 'landing', key, 'v', 'e', 1, now() - arrived, state, now() - done, rows, rows - rejected, rejected
FROM (VALUES
  ('cards', 'cards/1.csv', interval '50 minutes', 'Done', interval '20 minutes', 100, 2),
  ('cards', 'cards/2.csv', interval '50 minutes', 'Done', interval '40 minutes', 10, 0),
  ('cards', 'cards/3.csv', interval '200 seconds', 'New', NULL, NULL, NULL),
  ('rates', 'rates/1.csv', interval '100 seconds', 'New', NULL, NULL, NULL),
  ('rates', 'rates/2.csv', interval '3 days', 'Fail', NULL, NULL, NULL),
  (NULL, 'odd', interval '1 hour', 'Rejected', NULL, NULL, NULL),
  ('cards', 'cards/old.csv', interval '40 days', 'Done', interval '39 days', 5, 0)
) AS given (feed, key, arrived, state, done, rows, rejected)
"""
LOADS = """
INSERT INTO ledger.loads (file, kind, run, ended_at, rows_in, rows_loaded, rows_rejected, error) VALUES
  (1, 'load', 'r', now(), 100, 98, 2, ''), (2, 'load', 'r', now(), 10, 10, 0, ''),
  (5, 'load', 'r', now(), 0, 0, 0, 'broken'), (7, 'load', 'r', now() - interval '39 days', 5, 5, 0, '')
"""
REJECTS = """
INSERT INTO ledger.rejects (load, file, line, column_name, value, code, reason, raw_line, is_counted, resolved_by)
VALUES
  (1, 1, 3, 'id', 'x', 'unreadable', 'a whole number is allowed', 'x', true, NULL),
  (1, 1, 9, 'id', 'y', 'unreadable', 'a whole number is allowed', 'y', true, NULL),
  (1, 1, 5, 'day', '', 'blank', 'a value is required', '', true, 2),
  (3, 5, 1, '', '', 'shape', 'wrong', '', false, NULL)
"""
MESSAGES = """
INSERT INTO ledger.messages (kind, feed, occasion, subject, body, made_at) VALUES
  ('late', 'rates', 'a', 's', 'b', now() + interval '1 minute'),
  ('late', 'rates', 'b', 's', 'b', now() + interval '1 day'),
  ('late', 'cards', 'c', 's', 'b', now() - interval '1 day')
"""


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseManager]:
    """A ledger with some files."""
    with postgres(tmp_path_factory.mktemp("pg")) as url:
        database = DatabaseManager.from_url(url)
        SCHEMA.migrate(database)
        for sql in (FILES, LOADS, REJECTS, MESSAGES):
            database.query(sql)
        yield database
        database.engine.dispose()


def rows(warehouse: DatabaseManager, question: str) -> list[tuple[Any, ...]]:
    declaration = load(FOLDER).question(question)
    answer = Postgres(warehouse).ask(declaration.file, declaration.sql)
    return [tuple(row.values()) for row in answer.rows]


def test_every_question_gives_what_the_ledger_holds(warehouse: DatabaseManager) -> None:
    assert rows(warehouse, "files_oldest_new") == [(3,)]
    assert rows(warehouse, "files_failed") == [(1,)]
    assert rows(warehouse, "files_rows_rejected") == [(2,)]
    assert rows(warehouse, "files_by_state") == [
        ("(no feed)", "Rejected", 1), ("cards", "Done", 2), ("cards", "New", 1), ("rates", "Fail", 1),
        ("rates", "New", 1),
    ]  # fmt: skip
    delays = [(median, most) for _, median, most in rows(warehouse, "files_minutes_to_done")]
    # Near midnight the two commits may be on two days.
    assert delays in ([(Decimal("20.0"), Decimal("29.0"))], [(Decimal("10.0"),) * 2, (Decimal("30.0"),) * 2])
    assert rows(warehouse, "files_rejects_by_reason") == [("cards", "unreadable", "id", "a whole number is allowed", 2)]
    assert [(feed, times) for feed, _, times in rows(warehouse, "files_late")] == [("rates", 2)]
    assert [counts for _, *counts in rows(warehouse, "files_rows_by_day")] == [[108, 2]]
    history = rows(warehouse, "files_copy_history")
    assert [row[0] for row in history] == [
        "landing/rates/2.csv", "landing/cards/1.csv", "landing/cards/2.csv", "landing/cards/old.csv",
    ]  # fmt: skip
    assert history[1][3:] == (100, 98, 3, "a whole number is allowed")


def test_the_page_shows_the_dashboard(
    warehouse: DatabaseManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = warehouse.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("ESTRELA_WAREHOUSE_URL", url)
    page = tmp_path / "page.html"
    assert main(["preview", "--folder", str(FOLDER), "--out", str(page)]) == 0
    assert capsys.readouterr().out == f"{page}: 9 questions\n"
    text = page.read_text()
    for title in ("Files and warehouse", "Arrivals by feed and state", "From arrival to Done", "landing/cards/1.csv"):
        assert title in text
    assert "9 questions answered by PostgreSQL on " in text
    assert " scanned" not in text.partition('<script type="application/json"')[0]


def test_a_question_cannot_write_and_its_fault_is_named(warehouse: DatabaseManager) -> None:
    for sql, reason in (
        ("DELETE FROM ledger.rejects", "cannot execute DELETE in a read-only transaction"),
        ("SELECT nothing", 'column "nothing" does not exist'),
    ):
        with pytest.raises(QueryError) as caught:
            Postgres(warehouse).ask("questions/bad.sql", sql)
        assert str(caught.value) == f"questions/bad.sql: {reason}"
    assert rows(warehouse, "files_rows_rejected") == [(2,)]


def test_metabase_gets_the_warehouse_as_its_database_and_dataharvest_as_another() -> None:
    state, site = State({}), load(FOLDER)
    given = {
        "warehouse": PostgresServer("db.internal", 5432, "warehouse", "reader", password="warehouse-password"),
        "dataharvest": PostgresServer("other", 5432, "dataharvest", "reader", password="dataharvest-password"),
    }
    with serving(state) as url:
        target = Target(url, Lake("eu-west-1", "primary", "", "AwsDataCatalog", ""), "a@b.example", PASSWORD,
                        servers=given)  # fmt: skip
        apply(site, target, (), timeouts=SHORT_TIMEOUTS)
        assert plan(site, target, (), SHORT_TIMEOUTS).changes == ()
        [database] = state.rows("databases")
        assert (database["engine"], database["name"]) == ("postgres", "Warehouse (PostgreSQL)")
        wanted = {"host": "db.internal", "port": 5432, "dbname": "warehouse", "user": "reader", "ssl": True}
        assert {key: database["details"][key] for key in wanted} == wanted
        moved = Target(
            url, target.lake, "a@b.example", PASSWORD, servers={"warehouse": PostgresServer("n", 1, "w", "r")}
        )
        assert [change.name for change in plan(site, moved, (), SHORT_TIMEOUTS).changes] == ["Warehouse (PostgreSQL)"]
        deliveries = load(Path("metabase/deliveries"))
        apply(deliveries, target, (), timeouts=SHORT_TIMEOUTS)
        assert [plan(planned, target, (), SHORT_TIMEOUTS).changes for planned in (site, deliveries)] == [(), ()]
        assert [(row["name"], row["details"]["host"]) for row in state.rows("databases")] == [
            ("Warehouse (PostgreSQL)", "db.internal"), ("DataHarvest (PostgreSQL)", "other"),
        ]  # fmt: skip


def test_the_warehouse_comes_from_its_secret() -> None:
    environment = {"METABASE_URL": "http://m:3000", "METABASE_API_KEY": "k", "AWS_REGION": "eu-west-1",
                   "METABASE_WAREHOUSE_SECRET": "estrela/warehouse"}  # fmt: skip
    fields = {"host": "h", "port": "5432", "dbname": "d", "username": "u", "password": "p-of-db"}
    target = target_from(environment, lambda name: fields)
    assert target.servers == {"warehouse": PostgresServer("h", 5432, "d", "u", password="p-of-db")}
    assert "p-of-db" in target.secrets
    assert "p-of-db" not in repr(target)
    with pytest.raises(SettingsError) as caught:
        target_from(environment, lambda name: fields | {"host": ""})
    assert str(caught.value) == "METABASE_WAREHOUSE_SECRET: names a secret without host; give that of RDS"
    with serving(State({})) as url, pytest.raises(SettingsError) as caught:
        apply(load(FOLDER), Target(url, target.lake, "a@b.example", PASSWORD), (), timeouts=SHORT_TIMEOUTS)
    assert str(caught.value) == ("METABASE_WAREHOUSE_SECRET: is missing; give the name of the secret of the warehouse")
