"""Feeds whose rows are read from a database: by a watermark or completely, and the comparison of keys."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ledger_warehouse import Warehouse

from estrela.errors import LoadError, SourceUnavailableError
from estrela.etl.extractors.database_extractor import DatabaseExtractor
from estrela.etl.feed_rows.judge import Judge
from estrela.etl.steps.reconcile_feed import ReconcileFeed
from estrela.hooks.database import DatabaseManager
from estrela.model import Boolean, Column, Date, Field, Number, Text, Timestamp, Whole
from estrela.model.feed import Feed, Load, Order
from estrela.model.feed_format import Csv
from estrela.model.feed_origin import DATABASE_TIME, DatabaseTable

ORIGIN = DatabaseTable(
    "people/", server="secret", table="core.people", watermark="changed", overlap=timedelta(minutes=5),
    reconcile=timedelta(days=1),
)  # fmt: skip
PEOPLE = Feed(
    name="people",
    doc="People",
    origin=ORIGIN,
    format=Csv(compression="gzip", encodings=("utf-8",)),
    columns=(
        Column("id", "bigint", "Number"),
        Column("name", "string", "Name"),
        Column("balance", "decimal(20,4)", "BRL"),
        Column("is_open", "boolean", "Whether it is open"),
        Column("born", "date", "Day of birth"),
        Column("changed", "timestamp", "Last change"),
    ),
    fields=(
        Field("id", "id", Whole(), required=True),
        Field("name", "name", Text(trim=False)),
        Field("balance", "balance", Number(".")),
        Field("open", "is_open", Boolean()),
        Field("born", "born", Date()),
        Field("changed", "changed", Timestamp(DATABASE_TIME)),
    ),
    target="mart.people",
    load=Load.UPSERT,
    order=Order.NEWEST,
    key=("id",),
)
WHOLE = replace(PEOPLE, origin=replace(ORIGIN, watermark="", reconcile=None), load=Load.TRUNCATE)
TABLE = """
CREATE SCHEMA core;
CREATE TABLE core.people (
  id int PRIMARY KEY, name text, balance numeric, open boolean, born date, changed timestamptz DEFAULT now()
)
"""


@pytest.fixture
def core(warehouse: Warehouse) -> Iterator[Warehouse]:
    warehouse.feeds = {"people": PEOPLE}
    warehouse.database.query(TABLE)
    yield warehouse


def extract(warehouse: Warehouse, feed: Feed = PEOPLE, source: DatabaseManager | None = None) -> Any:
    origin: Any = feed.origin
    figures = DatabaseExtractor(
        feed, origin, source or warehouse.database, warehouse.s3, warehouse.bucket, warehouse.database
    ).run()
    warehouse.list()
    return figures


def reconcile(warehouse: Warehouse, run: str = "r") -> Any:
    return ReconcileFeed(PEOPLE, ORIGIN, warehouse.database, warehouse.database, Judge.of(PEOPLE, b""), run).run()


def add(warehouse: Warehouse, *ids: int, ago: str = "0 s", name: str = "Ana") -> None:
    for id_ in ids:
        warehouse.database.query(
            "INSERT INTO core.people (id, name, changed) "
            f"VALUES ({id_}, '{name}', clock_timestamp() - interval '{ago}') "
            "ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, changed = EXCLUDED.changed"
        )


def test_values_arrive_exactly_as_they_are(core: Warehouse) -> None:
    core.database.query(
        "INSERT INTO core.people VALUES (1, E' a,\"b\"\\nç ', 1234567890123456.7891, true, '1999-02-28', "
        "'2026-11-01 23:59:59.123456-03'), (2, NULL, -0.0001, false, NULL, '2026-11-01 00:00:00Z'), "
        "(3, '', NULL, NULL, NULL, NULL)"
    )
    assert {name: value for name, value in extract(core).items() if name != "key"} == {
        "feed": "people", "files": 1, "extracted": 3
    }  # fmt: skip
    assert core.load(feed="people") == ""
    same = "id, name, balance, open, born, changed"
    target = same.replace("open", "is_open")
    assert core.query(f"SELECT {target} FROM mart.people ORDER BY id") == [
        *core.query(f"SELECT {same} FROM core.people WHERE id < 3 ORDER BY id"),
        (3, None, None, None, None, None),
    ]


def test_only_what_changed_comes_again(core: Warehouse) -> None:
    add(core, 1, 2, 3, ago="1 hour")
    assert extract(core)["extracted"] == 3
    assert core.load(feed="people") == ""
    assert extract(core) == {"feed": "people", "files": 0, "extracted": 0}
    add(core, 2, name="Bia")
    add(core, 4)
    assert extract(core)["extracted"] == 2
    assert core.load(feed="people") == ""
    assert core.query("SELECT id, name FROM mart.people ORDER BY id") == [
        (1, "Ana"), (2, "Bia"), (3, "Ana"), (4, "Ana")
    ]  # fmt: skip


def test_a_row_that_was_committed_late_is_caught_by_the_overlap(core: Warehouse) -> None:
    add(core, 1, ago="1 hour")
    with core.database.engine.connect() as slow:
        slow.exec_driver_sql("INSERT INTO core.people (id, changed) VALUES (2, clock_timestamp())")
        extract(core)
        assert core.load(feed="people") == ""
        slow.commit()
    extract(core)
    assert core.load(feed="people") == ""
    assert core.ids("mart.people") == [1, 2]


def test_the_watermark_moves_with_the_rows_only(core: Warehouse) -> None:
    add(core, 1, ago="1 hour")
    extract(core)
    add(core, 2, ago="30 minutes")
    assert extract(core)["extracted"] == 2, "what is not loaded yet is asked for again"
    assert core.load(feed="people") == ""
    assert [state for _, state in core.states()] == ["Filtered Out", "Done"]
    assert core.ids("mart.people") == [1, 2]
    core.changes.withdraw(PEOPLE, 2, "operator", "a test")
    assert extract(core)["extracted"] == 2, "what was withdrawn is asked for again"
    assert core.load(feed="people") == ""
    assert core.ids("mart.people") == [1, 2]


def test_without_a_watermark_each_file_holds_all_rows(core: Warehouse) -> None:
    core.feeds = {"people": WHOLE}
    for ids in ((1, 2), (3,)):
        core.database.query("DELETE FROM core.people")
        add(core, *ids)
        assert extract(core, WHOLE)["extracted"] == len(ids)
        assert core.load(feed="people") == ""
        assert core.ids("mart.people") == list(ids)


def test_the_rows_of_a_file_are_those_of_one_moment(core: Warehouse) -> None:
    add(core, *range(1, 4), ago="1 hour")
    before = datetime.now(UTC)
    key = extract(core)["key"]
    body = core.s3.get_object(Bucket=core.bucket, Key=key)["Body"].read()
    assert gzip.decompress(body).decode().splitlines()[0] == "id,name,balance,open,born,changed"
    stamp = datetime.strptime(key, "people/%Y%m%dT%H%M%S%f.csv.gz").replace(tzinfo=UTC)
    assert before - timedelta(seconds=1) <= stamp <= datetime.now(UTC)


def test_rows_whose_keys_the_source_deleted_are_deleted(core: Warehouse) -> None:
    add(core, 1, 2, 3, ago="1 hour")
    assert reconcile(core) == {"feed": "people", "compared": False}, "there is no table yet"
    extract(core)
    assert core.load(feed="people") == ""
    core.database.query("DELETE FROM core.people WHERE id = 2")
    add(core, 4)
    extract(core)
    assert reconcile(core) == {"feed": "people", "compared": False}, "a file waits"
    assert core.load(feed="people") == ""
    assert reconcile(core) == {"feed": "people", "compared": True, "source_keys": 3, "deleted": 1}
    assert core.ids("mart.people") == [1, 3, 4]
    assert reconcile(core) == {"feed": "people", "compared": False}, "it was done today"
    assert core.query("SELECT feed, run, source_keys, rows_deleted FROM ledger.reconciliations") == [
        ("people", "r", 3, 1)
    ]  # fmt: skip


def test_a_source_that_lost_all_rows_deletes_none(core: Warehouse) -> None:
    add(core, 1, 2, ago="1 hour")
    extract(core)
    assert core.load(feed="people") == ""
    core.database.query("DELETE FROM core.people")
    with pytest.raises(LoadError) as caught:
        reconcile(core)
    assert str(caught.value) == (
        "mart.people: core.people has no rows, so none of the 2 rows of the target were deleted; if the source is "
        "meant to be empty, empty the target yourself"
    )
    assert core.ids("mart.people") == [1, 2]


def test_no_file_is_claimed_while_keys_are_compared(core: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row inserted into the source after its keys were read must not be loaded before rows are deleted."""
    add(core, 1, ago="1 hour")
    extract(core)
    assert core.load(feed="people") == ""
    loads = []

    def read_slowly(self: ReconcileFeed) -> Iterator[list[str]]:
        yield ["1"]
        add(core, 2)
        extract(core)
        loads.append(threading.Thread(target=core.load, kwargs={"feed": "people"}))
        loads[0].start()
        while loads[0].is_alive() and not core.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory'"):
            pass

    monkeypatch.setattr(ReconcileFeed, "_keys", read_slowly)
    assert reconcile(core)["deleted"] == 0
    loads[0].join()
    assert core.ids("mart.people") == [1, 2]


def test_a_source_that_is_down_may_answer_later(core: Warehouse) -> None:
    nobody = DatabaseManager.from_url("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(SourceUnavailableError) as caught:
        extract(core, source=nobody)
    assert str(caught.value).startswith("people: ")
    assert core.states() == []
