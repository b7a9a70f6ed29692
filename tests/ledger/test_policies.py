"""Order of files, new versions of a file, load modes, leases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from ledger_warehouse import COLUMNS, FIELDS, HEADER, Warehouse, csv, sales_feed

from estrela.errors import ClaimLostError
from estrela.ledger.batch import SMALL_FILES
from estrela.model import Column, Field, Text
from estrela.model.feed import Cut, Hashed, Load, OnOverwrite, Order, RowTolerance, SchemaChange


def declare(warehouse: Warehouse, **changes: object) -> None:
    warehouse.feeds = {"sales": sales_feed(**changes)}


def test_files_in_order_wait_for_the_one_that_failed(warehouse: Warehouse) -> None:
    warehouse.register_events(warehouse.put("sales/3.csv", csv(3)), warehouse.put("sales/1.csv", csv(1)))
    warehouse.register_events(warehouse.put("sales/2.csv", b"other,columns\n1,2\n"))
    warehouse.load()
    assert warehouse.states() == [("sales/3.csv", "New"), ("sales/1.csv", "Done"), ("sales/2.csv", "Fail")]
    warehouse.register_events(warehouse.put("sales/2.csv", csv(2)))
    assert warehouse.load() == ""
    assert warehouse.query("SELECT key, state, reason FROM ledger.files ORDER BY id") == [
        ("sales/3.csv", "Done", ""),
        ("sales/1.csv", "Done", ""),
        ("sales/2.csv", "Filtered Out", "a newer version arrived before this one was loaded"),
        ("sales/2.csv", "Done", ""),
    ]
    assert warehouse.query("SELECT id FROM mart.sales ORDER BY source_load") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("load", [Load.TRUNCATE, Load.REPLACE])
def test_the_newest_file_is_the_table(warehouse: Warehouse, load: Load) -> None:
    declare(warehouse, load=load, order=Order.NEWEST)
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)), warehouse.put("sales/2.csv", csv(2, 3)))
    assert warehouse.load() == ""
    assert warehouse.states() == [("sales/1.csv", "Filtered Out"), ("sales/2.csv", "Done")]
    assert warehouse.reasons() == ["a newer file arrived: sales/2.csv", ""]
    warehouse.database.query("CREATE ROLE reader") if not warehouse.query(
        "SELECT 1 FROM pg_roles WHERE rolname = 'reader'"
    ) else None
    warehouse.database.query("GRANT SELECT ON mart.sales TO reader")
    warehouse.register_events(warehouse.put("sales/3.csv", csv(4)), warehouse.put("sales/0.csv", csv(0)))
    assert warehouse.load() == ""
    assert warehouse.ids() == [4]
    assert warehouse.query("SELECT has_table_privilege('reader', 'mart.sales', 'SELECT')") == [(True,)]


@pytest.mark.parametrize("load", Load)
def test_a_table_has_its_indexes_once_after_each_load(warehouse: Warehouse, load: Load) -> None:
    warehouse.feeds = {
        "sales": sales_feed(load=load, order=Order.NEWEST if load is not Load.APPEND else Order.ALL, key=("id",))
    }
    indexes = (
        "SELECT replace(indexdef, ' ON mart.sales USING ', ' ') FROM pg_indexes WHERE tablename = 'sales' ORDER BY 1"
    )
    for number in (1, 2):
        warehouse.register_events(warehouse.put(f"sales/{number}.csv", csv(number)))
        assert warehouse.load() == ""
        assert warehouse.query(indexes) == [
            ("CREATE INDEX sales_source_file_idx brin (source_file)",),
            ("CREATE UNIQUE INDEX sales_id_idx btree (id)",),
        ]


def test_a_row_of_a_newer_file_survives_an_older_one_that_comes_late(warehouse: Warehouse) -> None:
    declare(warehouse, load=Load.UPSERT, order=Order.ALL, key=("id",))
    warehouse.register_events(warehouse.put("sales/2.csv", csv(1, 2, name="new")))
    warehouse.load()
    warehouse.register_events(
        warehouse.put("sales/1.csv", csv(1, 3, name="old") + csv(3, name="last").split(b"\n", 1)[1])
    )
    assert warehouse.load() == ""
    assert warehouse.query("SELECT id, name FROM mart.sales ORDER BY id") == [(1, "new"), (2, "new"), (3, "last")]
    assert warehouse.query("SELECT rows_in, rows_loaded FROM ledger.files ORDER BY id") == [(2, 2), (3, 3)]
    assert warehouse.query("SELECT rows_changed FROM ledger.loads ORDER BY id") == [(2,), (1,)]


@pytest.mark.parametrize(
    ("policy", "ids", "states"),
    [
        (OnOverwrite.REPLACE_ROWS, [3], ["Done", "Done"]),
        (OnOverwrite.APPEND_VERSION, [1, 2, 3], ["Done", "Done"]),
        (OnOverwrite.IGNORE, [1, 2], ["Done", "Filtered Out"]),
        (OnOverwrite.REFUSE, [1, 2], ["Done", "Rejected"]),
    ],
)
@pytest.mark.parametrize("out_of_order", [False, True])
def test_a_new_version_of_a_file(
    warehouse: Warehouse, policy: OnOverwrite, ids: list[int], states: list[str], out_of_order: bool
) -> None:
    declare(warehouse, on_overwrite=policy)
    first = warehouse.put("sales/1.csv", csv(1, 2))
    warehouse.register_events(first)
    warehouse.load()
    second = warehouse.put("sales/1.csv", csv(3))
    warehouse.register_events(*((second, first) if out_of_order else (first, second)))
    assert warehouse.load() == ""
    assert warehouse.ids() == ids
    assert [state for _, state in warehouse.states()] == states


@pytest.mark.parametrize(("load", "ids"), [(Load.APPEND, [1, 1, 2, 2]), (Load.UPSERT, [1, 2]), (Load.TRUNCATE, [1, 2])])
def test_the_same_file_under_two_names_is_two_files(warehouse: Warehouse, load: Load, ids: list[int]) -> None:
    """Only a key tells that their rows are the same."""
    order = Order.NEWEST if load is Load.TRUNCATE else Order.ALL
    declare(warehouse, load=load, order=order, key=("id",) if load is Load.UPSERT else ())
    for name in ("1", "2"):
        warehouse.register_events(warehouse.put(f"sales/{name}.csv", csv(1, 2)))
    assert warehouse.load() == ""
    assert warehouse.ids() == ids
    newest_only = load is Load.TRUNCATE
    assert warehouse.states() == [("sales/1.csv", "Filtered Out" if newest_only else "Done"), ("sales/2.csv", "Done")]
    digests = warehouse.query("SELECT DISTINCT sha256 FROM ledger.files WHERE state = 'Done'")
    assert len(digests) == 1, "the ledger shows that they are the same"


def test_an_older_version_whose_event_arrives_late_is_not_loaded(warehouse: Warehouse) -> None:
    first, second = warehouse.put("sales/1.csv", csv(1)), warehouse.put("sales/1.csv", csv(2))
    warehouse.register_events(second)
    warehouse.load()
    warehouse.register_events(first)
    assert warehouse.load() == ""
    assert warehouse.ids() == [2]
    assert warehouse.reasons() == ["", "a newer version of the file had already arrived"]


def within_one_second(warehouse: Warehouse, *events: dict[str, Any]) -> None:
    """Let the events be of the second in which the first file of the ledger arrived."""
    [(arrived_at,)] = warehouse.query("SELECT date_trunc('second', min(arrived_at)) AS at FROM ledger.files")
    for event in events:
        event["Records"][0]["eventTime"] = arrived_at.isoformat()


def test_versions_of_one_second_are_in_the_order_of_their_events(warehouse: Warehouse) -> None:
    first, second, third = (warehouse.put("sales/1.csv", csv(number)) for number in (1, 2, 3))
    warehouse.register_events(first)
    within_one_second(warehouse, second, third)
    warehouse.register_events(second)
    warehouse.register_events(third)
    assert warehouse.load() == ""
    assert warehouse.ids() == [3]
    warehouse.register_events(warehouse.put("sales/1.csv", csv(4)))
    assert warehouse.load() == ""
    assert warehouse.ids() == [4]


@pytest.mark.parametrize("late", [False, True])
def test_an_event_after_a_listing_is_of_a_newer_version_unless_the_listing_showed_it(
    warehouse: Warehouse, late: bool
) -> None:
    """All within one second, which is as exact as a listing is; and what is filtered out goes to the archive."""
    first = warehouse.put("sales/1.csv", csv(1))
    second = warehouse.put("sales/1.csv", csv(2)) if late else None
    warehouse.list()
    second = second or warehouse.put("sales/1.csv", csv(2))
    within_one_second(warehouse, first, second)
    warehouse.register_events(*((second, first) if late else (first, second)))
    for _ in range(2):
        assert warehouse.load() == ""
        assert warehouse.ids() == [2]
        warehouse.list()
    assert warehouse.states() == [("sales/1.csv", "Filtered Out"), ("sales/1.csv", "Done")]


@pytest.mark.parametrize(
    ("policy", "ids"),
    [(OnOverwrite.REPLACE_ROWS, [3]), (OnOverwrite.APPEND_VERSION, [1, 2, 3]), (OnOverwrite.IGNORE, [3])],
)
def test_a_listing_finds_the_versions_that_no_event_told_of(
    warehouse: Warehouse, policy: OnOverwrite, ids: list[int]
) -> None:
    declare(warehouse, order=Order.ALL, on_overwrite=policy)
    for number in (1, 2, 3):
        warehouse.put("sales/1.csv", csv(number))
    assert warehouse.list() == 3
    assert warehouse.list() == 0
    assert warehouse.load() == ""
    assert warehouse.ids() == ids


@pytest.mark.parametrize("order", [Order.IN_ORDER, Order.ALL])
def test_a_file_that_is_overwritten_while_it_is_loaded_is_loaded_and_then_replaced(
    warehouse: Warehouse, order: Order
) -> None:
    declare(warehouse, order=order)
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    claim = warehouse.claims.claim(warehouse.feeds["sales"], "a")
    assert claim is not None
    warehouse.register_events(warehouse.put("sales/1.csv", csv(2)))
    assert warehouse.claims.claim(warehouse.feeds["sales"], "b") is None
    warehouse.loader.load(claim)
    assert warehouse.ids() == [1]
    warehouse.load()
    assert warehouse.ids() == [2]


def test_what_is_in_the_wrong_place_or_has_the_wrong_name_is_rejected(warehouse: Warehouse) -> None:
    for key in ("elsewhere/1.csv", "sales/x.csv"):
        warehouse.register_events(warehouse.put(key, csv(1)))
    warehouse.register_events(warehouse.put("sales/1.csv", b""), warehouse.put("sales/folder/", b""))
    assert warehouse.query("SELECT key, feed, state, reason FROM ledger.files ORDER BY id") == [
        ("elsewhere/1.csv", None, "Rejected", "no feed is declared for this bucket and folder"),
        ("sales/x.csv", "sales", "Rejected", r"the name does not match '(?P<day>\\d+)\\.csv' below sales/"),
        ("sales/1.csv", "sales", "Rejected", "the file is empty: 0 bytes"),
    ]


def test_a_worker_that_wakes_after_its_lease_commits_nothing(warehouse: Warehouse) -> None:
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    claim = warehouse.claims.claim(warehouse.feeds["sales"], "sleeper")
    assert claim is not None
    warehouse.database.query("UPDATE ledger.files SET lease_until = clock_timestamp() - interval '1 second'")
    with pytest.raises(ClaimLostError):
        warehouse.loader.load(claim)
    assert not warehouse.claims.heartbeat([claim])
    assert warehouse.claims.sweep(warehouse.feeds["sales"], "other") == 1
    other = warehouse.claims.claim(warehouse.feeds["sales"], "other")
    assert other is not None
    assert not warehouse.claims.heartbeat([claim])
    with pytest.raises(ClaimLostError):
        warehouse.loader.load(claim)
    warehouse.loader.load(other)
    with pytest.raises(ClaimLostError) as caught:
        warehouse.loader.load(claim)
    assert str(caught.value) == (
        f"sales: the claim on s3://{warehouse.bucket}/sales/1.csv was lost before the commit; nothing of it was loaded"
    )
    assert warehouse.ids() == [1]
    assert warehouse.query("SELECT from_state, to_state, run, reason FROM ledger.transitions ORDER BY id") == [
        (None, "New", "lambda", ""),
        ("New", "In Progress", "sleeper", ""),
        ("In Progress", "New", "other", "the lease of run sleeper ended without a result, attempt 1"),
        ("New", "In Progress", "other", ""),
        ("In Progress", "Done", "other", ""),
    ]


def test_the_database_refuses_a_transition_that_is_not_allowed(warehouse: Warehouse) -> None:
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    with pytest.raises(Exception, match="file 1 cannot go from New to Done"):
        warehouse.database.query("UPDATE ledger.files SET state = 'Done'")


def test_personal_values_are_nowhere(warehouse: Warehouse) -> None:
    fields = tuple(replace(field, required=True) if field.column == "day" else field for field in FIELDS)
    more = (Column("card", "string", "Card"), Column("email", "string", "E-mail"))
    declare(
        warehouse,
        columns=(*COLUMNS, *more),
        fields=(*fields, Field("card", "card", Text()), Field("email", "email", Text())),
        pii=(Cut("card", 4), Hashed("email")),
        tolerance=RowTolerance(rows=1),
    )
    rows = "1,2024-01-01,,,,,4111111111111234,a@b.c\n2,,,,,,4222222222222345,d@e.f\n"
    body = HEADER.strip() + ",card,email\n" + rows
    warehouse.register_events(warehouse.put("sales/1.csv", body.encode()))
    assert warehouse.load() == ""
    assert warehouse.query("SELECT card, length(email) FROM mart.sales") == [("1234", 64)]
    assert warehouse.query("SELECT column_name, value, raw_line FROM ledger.rejects") == [("day", "", "(sensitive)")]


def test_new_and_wider_columns_reach_the_table_if_the_feed_allows_it(warehouse: Warehouse) -> None:
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    warehouse.load()
    wider = tuple(replace(column, type="bigint") if column.name == "id" else column for column in COLUMNS)
    columns, fields = (*wider, Column("note", "string", "Note")), (*FIELDS, Field("note", "note", Text()))
    body = (HEADER.strip() + ",note\n3000000000,,,,,,x\n").encode()
    warehouse.register_events(warehouse.put("sales/2.csv", body))
    declare(warehouse, columns=columns, fields=fields, schema_change=SchemaChange.ADD_NULLABLE)
    assert "has id integer, but the feed declares bigint; schema_change=add nullable does not allow" in warehouse.load()
    warehouse.database.query("UPDATE ledger.files SET state = 'New' WHERE state = 'Fail'")
    declare(warehouse, columns=columns, fields=fields, schema_change=SchemaChange.WIDEN)
    assert warehouse.load() == ""
    assert warehouse.query("SELECT id, note FROM mart.sales ORDER BY id") == [(1, None), (3000000000, "x")]


def test_a_file_of_other_columns_is_set_aside_where_the_feed_quarantines(warehouse: Warehouse) -> None:
    declare(warehouse, schema_change=SchemaChange.QUARANTINE)
    warehouse.register_events(warehouse.put("sales/1.csv", b"id,other\n1,2\n"), warehouse.put("sales/2.csv", csv(2)))
    assert "day: the header lacks this column" in warehouse.load()
    assert warehouse.states() == [("sales/1.csv", "Rejected"), ("sales/2.csv", "Done")]


def test_loaded_files_move_to_the_archive_and_are_gone_from_the_landing_bucket(warehouse: Warehouse) -> None:
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    assert warehouse.load() == ""
    ((uri, at),) = warehouse.query("SELECT archive_uri, archived_at FROM ledger.files")
    assert isinstance(at, datetime)
    bucket, key = f"{warehouse.bucket}-archive", uri.removeprefix(f"s3://{warehouse.bucket}-archive/")
    assert warehouse.s3.get_object(Bucket=bucket, Key=key)["Body"].read() == csv(1)
    assert "Versions" not in warehouse.s3.list_object_versions(Bucket=warehouse.bucket)


def test_a_rejected_row_is_loaded_by_a_replay_once_the_declaration_allows_it(warehouse: Warehouse) -> None:
    declare(warehouse, tolerance=RowTolerance(rows=2))
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1) + b"2,,,,S,\nx,,,,,\n"))
    assert warehouse.load() == ""
    fields = tuple(
        replace(field, parse=type(field.parse)(("true", "S"), ("false",))) if field.column == "is_open" else field
        for field in FIELDS
    )
    declare(warehouse, tolerance=RowTolerance(rows=2), fields=fields)
    feed = warehouse.feeds["sales"]
    assert warehouse.changes.with_rejects(feed) == [1]
    account = warehouse.changes.replay(feed, 1, "replay")
    assert (account.rows, account.loaded, account.rejected) == (2, 1, 1)
    assert warehouse.query("SELECT id, is_open, source_line FROM mart.sales ORDER BY id") == [
        (1, True, 2),
        (2, True, 3),
    ]
    assert warehouse.query("SELECT rows_in, rows_loaded, rows_rejected FROM ledger.files") == [(3, 2, 1)]
    assert warehouse.query("SELECT line FROM ledger.rejects WHERE resolved_by IS NULL") == [(4,)]
    assert warehouse.changes.replay(feed, 1, "replay").loaded == 0
    assert warehouse.ids() == [1, 2]


def test_a_replayed_row_leaves_a_later_row_of_its_file_with_the_same_key(warehouse: Warehouse) -> None:
    upsert: dict[str, object] = {"load": Load.UPSERT, "order": Order.ALL, "key": ("id",)}
    declare(warehouse, **upsert, tolerance=RowTolerance(rows=2))
    warehouse.register_events(
        warehouse.put("sales/1.csv", csv(1, name="first") + b"2,,early,,S,\n2,,late,,true,\n3,,last,,S,\n")
    )
    assert warehouse.load() == ""
    fields = tuple(
        replace(field, parse=type(field.parse)(("true", "S"), ("false",))) if field.column == "is_open" else field
        for field in FIELDS
    )
    declare(warehouse, **upsert, tolerance=RowTolerance(rows=2), fields=fields)
    account = warehouse.changes.replay(warehouse.feeds["sales"], 1, "replay")
    assert (account.loaded, account.changed) == (2, 1)
    assert warehouse.query("SELECT id, name FROM mart.sales ORDER BY id") == [(1, "first"), (2, "late"), (3, "last")]


def test_a_withdrawn_file_leaves_and_may_come_back(warehouse: Warehouse) -> None:
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)), warehouse.put("sales/2.csv", csv(2, 3)))
    warehouse.load()
    assert warehouse.changes.withdraw(warehouse.feeds["sales"], 2, "operator", "sent by mistake") == 2
    assert warehouse.ids() == [1]
    assert warehouse.query("SELECT state, reason, rows_loaded FROM ledger.files WHERE id = 2") == [
        ("Filtered Out", "withdrawn: sent by mistake", None)
    ]
    warehouse.database.query("UPDATE ledger.files SET state = 'New' WHERE id = 2")
    assert warehouse.load() == ""
    assert warehouse.ids() == [1, 2, 3]


def test_a_run_that_is_given_up_cannot_commit(warehouse: Warehouse) -> None:
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    assert warehouse.claims.has_work(warehouse.feeds["sales"])
    claim = warehouse.claims.claim(warehouse.feeds["sales"], "doomed")
    assert claim is not None
    assert not warehouse.claims.has_work(warehouse.feeds["sales"])
    assert warehouse.claims.give_up("another run", "no reason") == {}
    assert warehouse.claims.give_up("doomed", "task load failed for good") == {"Fail": 1}
    with pytest.raises(ClaimLostError):
        warehouse.loader.load(claim)
    assert warehouse.states() == [("sales/1.csv", "Fail")]
    assert warehouse.reasons() == ["task load failed for good"]
    assert warehouse.query("SELECT to_regclass('mart.sales')") == [(None,)]


def test_files_of_a_run_that_is_given_up_are_tried_alone(warehouse: Warehouse) -> None:
    feed = warehouse.feeds["sales"]
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)), warehouse.put("sales/2.csv", csv(2)))
    assert len(warehouse.claims.claim_some(feed, "doomed", SMALL_FILES)) == 2
    assert warehouse.claims.give_up("doomed", "task load failed for good") == {"New": 2}
    for number in (1, 2):
        [alone] = warehouse.claims.claim_some(feed, "next", SMALL_FILES)
        assert (alone.key, alone.attempt) == (f"sales/{number}.csv", 2)
        warehouse.loader.load(alone)
    assert warehouse.ids() == [1, 2]


def test_a_file_with_an_expired_lease_is_work(warehouse: Warehouse) -> None:
    warehouse.register_events(warehouse.put("sales/1.csv", csv(1)))
    warehouse.claims.claim(warehouse.feeds["sales"], "dead")
    warehouse.database.query("UPDATE ledger.files SET lease_until = clock_timestamp() - interval '1 s'")
    assert warehouse.claims.has_work(warehouse.feeds["sales"])
