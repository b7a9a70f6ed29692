"""Feeds with a table in Redshift: each file is loaded once, wherever a process is killed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from killed import expire, load_and_die
from ledger_warehouse import COLUMNS, FIELDS, HEADER, Warehouse, csv, sales_feed

from estrela.errors import ClaimLostError
from estrela.etl.loaders.redshift import RedshiftLoader
from estrela.hooks.redshift import RedshiftData
from estrela.ledger.claims import Claim
from estrela.model import Column, Field, Text
from estrela.model.feed import Load, OnOverwrite, Order, RowTolerance, SchemaChange
from estrela.model.feed_engine import Distribution, Redshift
from localaws.running import Running

REDSHIFT = Redshift(distribution=Distribution.KEY, distribution_key="id", sort=("day", "id"))


@pytest.fixture
def warehouse(redshift_warehouse: Warehouse) -> Warehouse:
    declare(redshift_warehouse)
    return redshift_warehouse


def declare(warehouse: Warehouse, **changes: Any) -> None:
    warehouse.feeds = {"sales": sales_feed(**{"engine": REDSHIFT, **changes})}


def claimed(warehouse: Warehouse, run: str) -> Claim:
    claim = warehouse.claims.claim(warehouse.feeds["sales"], run)
    assert claim is not None
    return claim


def test_a_file_is_loaded_once_with_its_values(warehouse: Warehouse) -> None:
    event = warehouse.put(
        "sales/1.csv",
        HEADER.encode() + (b'1,2024-01-02,"A, ""B""\n\xc3\xa9",1.5,true,2024-01-02 03:04:05\n2,,\\N,-0.25,,\n'),
    )
    warehouse.register_events(event, event)
    assert warehouse.load() == ""
    warehouse.register_events(event)
    assert warehouse.load() == ""
    assert warehouse.target(
        "SELECT id, day, name, amount, is_open, at, source_file, source_line FROM mart.sales ORDER BY id"
    ) == [
        (1, "2024-01-02", 'A, "B"\n\u00e9', "1.50", True, "2024-01-02 03:04:05+00", 1, 2),
        (2, None, "\\N", "-0.25", None, None, 1, 4),
    ]
    assert warehouse.query("SELECT state, rows_in, rows_loaded, rows_rejected, length(sha256) FROM ledger.files") == [
        ("Done", 2, 2, 0, 64)
    ]


def test_the_table_has_the_declared_distribution_and_sort_keys(warehouse: Warehouse) -> None:
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    assert warehouse.load() == ""
    assert warehouse.target(
        "SELECT diststyle, sortkey1, sortkey_num FROM svv_table_info WHERE \"table\" = 'sales'"
    ) == [("KEY(id)", "day", 2)]


def test_bad_rows_are_split_off_and_one_too_many_loads_nothing(warehouse: Warehouse) -> None:
    declare(warehouse, tolerance=RowTolerance(rows=1), order=Order.ALL)
    long = csv(7, name="x" * 65536).split(b"\n", 1)[1]
    warehouse.register_events(
        warehouse.put("sales/1.csv", csv(1, 2) + long), warehouse.put("sales/2.csv", csv(3) + long + b"x,,,,,\n")
    )
    assert "2 of 3 rows are bad, more than the feed tolerates" in warehouse.load()
    assert warehouse.ids() == [1, 2]
    assert warehouse.query("SELECT state, rows_in, rows_loaded, rows_rejected FROM ledger.files ORDER BY id") == [
        ("Done", 3, 2, 1), ("Fail", None, None, None),
    ]  # fmt: skip
    assert warehouse.query(
        "SELECT file, line, column_name, reason, is_counted FROM ledger.rejects ORDER BY file, line"
    ) == [
        (1, 4, "name", "a text of at most 65,535 bytes is allowed, the limit of Redshift", True),
        (2, 3, "name", "a text of at most 65,535 bytes is allowed, the limit of Redshift", False),
        (2, 4, "id", "a whole number is allowed", False),
    ]


def test_what_copy_needs_is_gone_after_the_load(warehouse: Warehouse) -> None:
    declare(warehouse, tolerance=RowTolerance(rows=0))
    warehouse.register_events(
        warehouse.put("sales/1.csv", csv(*range(100))), warehouse.put("sales/2.csv", csv(5) + b"x,,,,,\n")
    )
    warehouse.load()
    assert warehouse.ids() == list(range(100))
    assert "Contents" not in warehouse.s3.list_objects_v2(Bucket=f"{warehouse.bucket}-archive", Prefix="copy/")


def test_a_key_that_would_be_twice_fails_the_file(warehouse: Warehouse) -> None:
    declare(warehouse, key=("id",))
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1, 2)))
    warehouse.load()
    warehouse.register_events(warehouse.put("sales/2.csv", csv(2, 3)))
    assert "mart.sales: several rows would have the same key (id); nothing was changed" in warehouse.load()
    assert warehouse.ids() == [1, 2]


@pytest.mark.parametrize("load", [Load.TRUNCATE, Load.REPLACE])
def test_the_newest_file_is_the_table(warehouse: Warehouse, load: Load) -> None:
    declare(warehouse, load=load, order=Order.NEWEST)
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)), warehouse.put("sales/2.csv", csv(2, 3)))
    assert warehouse.load() == ""
    wider = tuple(replace(column, type="bigint") if column.name == "amount" else column for column in COLUMNS)
    if load is Load.REPLACE:
        fields = tuple(replace(field, parse=FIELDS[0].parse) if field.column == "amount" else field for field in FIELDS)
        declare(warehouse, load=load, order=Order.NEWEST, columns=(*wider, Column("note", "string", "Note")),
                fields=(*fields, Field("note", "note", Text())))  # fmt: skip
    body = HEADER.strip() + ",note\n4,,,15,,,x\n" if load is Load.REPLACE else HEADER + "4,,,15,,\n"
    warehouse.register_events(warehouse.put("sales/3.csv", body.encode()), warehouse.put("sales/0.csv", csv(0)))
    assert warehouse.load() == ""
    assert warehouse.target("SELECT id, amount FROM mart.sales") == [(4, 15 if load is Load.REPLACE else "15.00")]


def test_a_row_of_a_newer_file_survives_an_older_one_that_comes_late(warehouse: Warehouse) -> None:
    declare(warehouse, load=Load.UPSERT, order=Order.ALL, key=("id",))
    warehouse.register_events(warehouse.put("sales/2.csv", csv(1, 2, name="new")))
    warehouse.load()
    warehouse.register_events(
        warehouse.put("sales/1.csv", csv(1, 3, name="old") + csv(3, name="last").split(b"\n", 1)[1])
    )
    assert warehouse.load() == ""
    warehouse.register_events(warehouse.put("sales/3.csv", csv(2, name="newest")))
    assert warehouse.load() == ""
    assert warehouse.target("SELECT id, name FROM mart.sales ORDER BY id") == [(1, "new"), (2, "newest"), (3, "last")]
    assert warehouse.query("SELECT rows_in, rows_loaded FROM ledger.files ORDER BY id") == [(2, 2), (3, 3), (1, 1)]
    assert warehouse.query("SELECT rows_changed FROM ledger.loads ORDER BY id") == [(2,), (1,), (1,)]


@pytest.mark.parametrize(("policy", "ids"), [(OnOverwrite.REPLACE_ROWS, [3]), (OnOverwrite.APPEND_VERSION, [1, 2, 3])])
def test_a_new_version_of_a_file(warehouse: Warehouse, policy: OnOverwrite, ids: list[int]) -> None:
    declare(warehouse, on_overwrite=policy, order=Order.ALL)
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1, 2)))
    warehouse.load()
    warehouse.register_events(warehouse.put("sales/1.csv", csv(3)))
    assert warehouse.load() == ""
    assert warehouse.ids() == ids


def test_new_and_wider_columns_reach_the_table_if_the_feed_allows_it(warehouse: Warehouse) -> None:
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    warehouse.load()
    wider = tuple(replace(column, type="decimal(12,3)") if column.name == "amount" else column for column in COLUMNS)
    more: dict[str, Any] = {
        "columns": (*wider, Column("note", "string", "Note")), "fields": (*FIELDS, Field("note", "note", Text())),
    }  # fmt: skip
    warehouse.register_events(warehouse.put("sales/2.csv", (HEADER.strip() + ",note\n3,,,1.234,,,x\n").encode()))
    declare(warehouse, **more, schema_change=SchemaChange.ADD_NULLABLE)
    assert (
        "has amount numeric(10,2), but the feed declares numeric(12,3); schema_change=add nullable" in warehouse.load()
    )
    warehouse.database.query("UPDATE ledger.files SET state = 'New' WHERE state = 'Fail'")
    declare(warehouse, **more, schema_change=SchemaChange.WIDEN)
    assert warehouse.load() == ""
    assert warehouse.target("SELECT id, amount, note FROM mart.sales ORDER BY id") == [
        (1, "1.500", None),
        (3, "1.234", "x"),
    ]


def test_replay_and_withdraw(warehouse: Warehouse) -> None:
    declare(warehouse, tolerance=RowTolerance(rows=2))
    warehouse.register_events(
        warehouse.put("sales/1.csv", csv(1) + b"2,,,,S,\nx,,,,,\n"), warehouse.put("sales/2.csv", csv(8, 9))
    )
    assert warehouse.load() == ""
    fields = tuple(
        replace(field, parse=type(field.parse)(("true", "S"), ("false",))) if field.column == "is_open" else field
        for field in FIELDS
    )
    declare(warehouse, tolerance=RowTolerance(rows=2), fields=fields)
    feed = warehouse.feeds["sales"]
    account = warehouse.changes.replay(feed, 1, "replay")
    assert (account.rows, account.loaded, account.rejected, account.changed) == (2, 1, 1, 1)
    assert warehouse.changes.replay(feed, 1, "replay").loaded == 0
    assert warehouse.ids() == [1, 2, 8, 9]
    assert warehouse.query("SELECT rows_in, rows_loaded, rows_rejected FROM ledger.files WHERE id = 1") == [(3, 2, 1)]
    assert warehouse.changes.withdraw(feed, 2, "operator", "sent by mistake") == 2
    assert warehouse.ids() == [1, 2]
    warehouse.database.query("UPDATE ledger.files SET state = 'New' WHERE id = 2")
    assert warehouse.load() == ""
    assert warehouse.ids() == [1, 2, 8, 9]


def test_a_plan_judges_and_changes_nothing(warehouse: Warehouse) -> None:
    declare(warehouse, tolerance=RowTolerance(rows=1))
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1) + b"x,,,,,\n"))
    account = warehouse.loader.plan(claimed(warehouse, "planner"))
    assert (account.rows, account.loaded, account.rejected) == (2, 1, 1)
    assert not warehouse.has_table()
    assert warehouse.query("SELECT count(*) FROM ledger.loads") == [(0,)]


def test_a_worker_that_wakes_after_its_lease_commits_nothing(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It pauses where only the fence can stop it: between its last check of the ledger and its transaction."""
    declare(warehouse, order=Order.ALL)
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    sleeper, loader = claimed(warehouse, "sleeper"), warehouse.loader
    assert isinstance(loader, RedshiftLoader)
    ensured = RedshiftLoader.ensured

    def overtaken(self: RedshiftLoader, *given: Any) -> Any:
        monkeypatch.setattr(RedshiftLoader, "ensured", ensured)
        warehouse.register_events(warehouse.put("sales/1.csv", csv(2, 3)))
        expire(warehouse)
        assert warehouse.load("other") == ""
        return ensured(self, *given)

    monkeypatch.setattr(RedshiftLoader, "ensured", overtaken)
    with pytest.raises(
        Exception, match="another load of the feed was committed at the same time; this one was rolled back"
    ):
        loader.load(sleeper)
    assert warehouse.ids() == [2, 3]


def test_a_worker_whose_lease_ended_does_not_reach_redshift(warehouse: Warehouse) -> None:
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    sleeper = claimed(warehouse, "sleeper")
    expire(warehouse)
    with pytest.raises(ClaimLostError):
        warehouse.loader.load(sleeper)
    assert not warehouse.has_table()
    assert warehouse.load("other") == ""
    assert warehouse.ids() == [1]


@pytest.mark.parametrize("is_committed", [False, True])
def test_a_kill_around_the_commit_in_redshift(warehouse: Warehouse, aws: Running, is_committed: bool) -> None:
    declare(warehouse, tolerance=RowTolerance(rows=1))
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    assert warehouse.load() == ""
    warehouse.register_events(warehouse.put("sales/2.csv", csv(2, 3) + b"x,,,,,\n"))
    # Its third transaction is the load; the first two read the last load and the columns.
    assert load_and_die(warehouse, 5 + is_committed, aws.client, of=((RedshiftData, "transact"),))
    assert warehouse.ids() == ([1, 2, 3] if is_committed else [1])
    assert warehouse.states()[1][1] == "In Progress"
    expire(warehouse)
    assert warehouse.load("survivor") == ""
    assert warehouse.ids() == [1, 2, 3]
    loads = warehouse.target("SELECT load, file, kind, rows_loaded, rows_rejected FROM mart.sales_loads ORDER BY load")
    assert loads == [(1, 1, "load", 1, 0), (2 if is_committed else 3, 2, "load", 2, 1)]
    assert warehouse.query("SELECT state, rows_in, rows_loaded, rows_rejected FROM ledger.files WHERE id = 2") == [
        ("Done", 3, 2, 1)
    ]
    assert warehouse.query("SELECT line, is_counted FROM ledger.rejects") == [(4, True)]
    errors = [] if is_committed else ["the worker died before the commit in Redshift; load 3 has replaced this one"]
    assert warehouse.query("SELECT error FROM ledger.loads WHERE error <> ''") == [(error,) for error in errors]
