"""Order of files, new versions of a file, load modes, leases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from ledger_house import COLUMNS, FIELDS, HEADER, House, csv, sales_feed

from estrela.errors import ClaimLostError
from estrela.ledger.batch import SMALL_FILES
from estrela.model import Column, Field, Text
from estrela.model.feed import Cut, Hashed, Load, OnOverwrite, Order, RowTolerance, SchemaChange


def declare(house: House, **changes: object) -> None:
    house.feeds = {"sales": sales_feed(**changes)}


def test_files_in_order_wait_for_the_one_that_failed(house: House) -> None:
    house.hear(house.put("sales/3.csv", csv(3)), house.put("sales/1.csv", csv(1)))
    house.hear(house.put("sales/2.csv", b"other,columns\n1,2\n"))
    house.load()
    assert house.states() == [("sales/3.csv", "New"), ("sales/1.csv", "Done"), ("sales/2.csv", "Fail")]
    house.hear(house.put("sales/2.csv", csv(2)))
    assert house.load() == ""
    assert house.query("SELECT key, state, reason FROM ledger.files ORDER BY id") == [
        ("sales/3.csv", "Done", ""),
        ("sales/1.csv", "Done", ""),
        ("sales/2.csv", "Filtered Out", "a newer version arrived before this one was loaded"),
        ("sales/2.csv", "Done", ""),
    ]
    assert house.query("SELECT id FROM mart.sales ORDER BY source_load") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("load", [Load.TRUNCATE, Load.REPLACE])
def test_the_newest_file_is_the_table(house: House, load: Load) -> None:
    declare(house, load=load, order=Order.NEWEST)
    house.hear(house.put("sales/1.csv", csv(1)), house.put("sales/2.csv", csv(2, 3)))
    assert house.load() == ""
    assert house.states() == [("sales/1.csv", "Filtered Out"), ("sales/2.csv", "Done")]
    assert house.reasons() == ["a newer file arrived: sales/2.csv", ""]
    house.database.query("CREATE ROLE reader") if not house.query(
        "SELECT 1 FROM pg_roles WHERE rolname = 'reader'"
    ) else None
    house.database.query("GRANT SELECT ON mart.sales TO reader")
    house.hear(house.put("sales/3.csv", csv(4)), house.put("sales/0.csv", csv(0)))
    assert house.load() == ""
    assert house.ids() == [4]
    assert house.query("SELECT has_table_privilege('reader', 'mart.sales', 'SELECT')") == [(True,)]


@pytest.mark.parametrize("load", Load)
def test_a_table_has_its_indexes_once_after_each_load(house: House, load: Load) -> None:
    house.feeds = {
        "sales": sales_feed(load=load, order=Order.NEWEST if load is not Load.APPEND else Order.ALL, key=("id",))
    }
    indexes = (
        "SELECT replace(indexdef, ' ON mart.sales USING ', ' ') FROM pg_indexes WHERE tablename = 'sales' ORDER BY 1"
    )
    for number in (1, 2):
        house.hear(house.put(f"sales/{number}.csv", csv(number)))
        assert house.load() == ""
        assert house.query(indexes) == [
            ("CREATE INDEX sales_source_file_idx brin (source_file)",),
            ("CREATE UNIQUE INDEX sales_id_idx btree (id)",),
        ]


def test_a_row_of_a_newer_file_survives_an_older_one_that_comes_late(house: House) -> None:
    declare(house, load=Load.UPSERT, order=Order.ALL, key=("id",))
    house.hear(house.put("sales/2.csv", csv(1, 2, name="new")))
    house.load()
    house.hear(house.put("sales/1.csv", csv(1, 3, name="old") + csv(3, name="last").split(b"\n", 1)[1]))
    assert house.load() == ""
    assert house.query("SELECT id, name FROM mart.sales ORDER BY id") == [(1, "new"), (2, "new"), (3, "last")]
    assert house.query("SELECT rows_in, rows_loaded FROM ledger.files ORDER BY id") == [(2, 2), (3, 3)]
    assert house.query("SELECT rows_changed FROM ledger.loads ORDER BY id") == [(2,), (1,)]


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
    house: House, policy: OnOverwrite, ids: list[int], states: list[str], out_of_order: bool
) -> None:
    declare(house, on_overwrite=policy)
    first = house.put("sales/1.csv", csv(1, 2))
    house.hear(first)
    house.load()
    second = house.put("sales/1.csv", csv(3))
    house.hear(*((second, first) if out_of_order else (first, second)))
    assert house.load() == ""
    assert house.ids() == ids
    assert [state for _, state in house.states()] == states


@pytest.mark.parametrize(("load", "ids"), [(Load.APPEND, [1, 1, 2, 2]), (Load.UPSERT, [1, 2]), (Load.TRUNCATE, [1, 2])])
def test_the_same_file_under_two_names_is_two_files(house: House, load: Load, ids: list[int]) -> None:
    """Only a key tells that their rows are the same."""
    order = Order.NEWEST if load is Load.TRUNCATE else Order.ALL
    declare(house, load=load, order=order, key=("id",) if load is Load.UPSERT else ())
    for name in ("1", "2"):
        house.hear(house.put(f"sales/{name}.csv", csv(1, 2)))
    assert house.load() == ""
    assert house.ids() == ids
    newest_only = load is Load.TRUNCATE
    assert house.states() == [("sales/1.csv", "Filtered Out" if newest_only else "Done"), ("sales/2.csv", "Done")]
    digests = house.query("SELECT DISTINCT sha256 FROM ledger.files WHERE state = 'Done'")
    assert len(digests) == 1, "the ledger shows that they are the same"


def test_an_older_version_that_is_heard_of_late_is_not_loaded(house: House) -> None:
    first, second = house.put("sales/1.csv", csv(1)), house.put("sales/1.csv", csv(2))
    house.hear(second)
    house.load()
    house.hear(first)
    assert house.load() == ""
    assert house.ids() == [2]
    assert house.reasons() == ["", "a newer version of the file arrived before"]


def within_one_second(house: House, *events: dict[str, Any]) -> None:
    """Let the events be of the second in which the first file of the ledger arrived."""
    [(arrived_at,)] = house.query("SELECT date_trunc('second', min(arrived_at)) AS at FROM ledger.files")
    for event in events:
        event["Records"][0]["eventTime"] = arrived_at.isoformat()


def test_versions_of_one_second_are_in_the_order_of_their_events(house: House) -> None:
    first, second, third = (house.put("sales/1.csv", csv(number)) for number in (1, 2, 3))
    house.hear(first)
    within_one_second(house, second, third)
    house.hear(second)
    house.hear(third)
    assert house.load() == ""
    assert house.ids() == [3]
    house.hear(house.put("sales/1.csv", csv(4)))
    assert house.load() == ""
    assert house.ids() == [4]


@pytest.mark.parametrize("late", [False, True])
def test_an_event_after_a_listing_is_of_a_newer_version_unless_the_listing_showed_it(house: House, late: bool) -> None:
    """All within one second, which is as exact as a listing is; and what is filtered out goes to the archive."""
    first = house.put("sales/1.csv", csv(1))
    second = house.put("sales/1.csv", csv(2)) if late else None
    house.list()
    second = second or house.put("sales/1.csv", csv(2))
    within_one_second(house, first, second)
    house.hear(*((second, first) if late else (first, second)))
    for _ in range(2):
        assert house.load() == ""
        assert house.ids() == [2]
        house.list()
    assert house.states() == [("sales/1.csv", "Filtered Out"), ("sales/1.csv", "Done")]


@pytest.mark.parametrize(
    ("policy", "ids"),
    [(OnOverwrite.REPLACE_ROWS, [3]), (OnOverwrite.APPEND_VERSION, [1, 2, 3]), (OnOverwrite.IGNORE, [3])],
)
def test_a_listing_finds_the_versions_that_no_event_told_of(house: House, policy: OnOverwrite, ids: list[int]) -> None:
    declare(house, order=Order.ALL, on_overwrite=policy)
    for number in (1, 2, 3):
        house.put("sales/1.csv", csv(number))
    assert house.list() == 3
    assert house.list() == 0
    assert house.load() == ""
    assert house.ids() == ids


@pytest.mark.parametrize("order", [Order.IN_ORDER, Order.ALL])
def test_a_file_that_is_overwritten_while_it_is_loaded_is_loaded_and_then_replaced(house: House, order: Order) -> None:
    declare(house, order=order)
    house.hear(house.put("sales/1.csv", csv(1)))
    claim = house.claims.claim(house.feeds["sales"], "a")
    assert claim is not None
    house.hear(house.put("sales/1.csv", csv(2)))
    assert house.claims.claim(house.feeds["sales"], "b") is None
    house.loader.load(claim)
    assert house.ids() == [1]
    house.load()
    assert house.ids() == [2]


def test_what_is_in_the_wrong_place_or_has_the_wrong_name_is_rejected(house: House) -> None:
    for key in ("elsewhere/1.csv", "sales/x.csv"):
        house.hear(house.put(key, csv(1)))
    house.hear(house.put("sales/1.csv", b""), house.put("sales/folder/", b""))
    assert house.query("SELECT key, feed, state, reason FROM ledger.files ORDER BY id") == [
        ("elsewhere/1.csv", None, "Rejected", "no feed is declared for this bucket and folder"),
        ("sales/x.csv", "sales", "Rejected", r"the name does not match '(?P<day>\\d+)\\.csv' below sales/"),
        ("sales/1.csv", "sales", "Rejected", "the file is empty: 0 bytes"),
    ]


def test_a_worker_that_wakes_after_its_lease_commits_nothing(house: House) -> None:
    house.hear(house.put("sales/1.csv", csv(1)))
    claim = house.claims.claim(house.feeds["sales"], "sleeper")
    assert claim is not None
    house.database.query("UPDATE ledger.files SET lease_until = clock_timestamp() - interval '1 second'")
    with pytest.raises(ClaimLostError):
        house.loader.load(claim)
    assert not house.claims.heartbeat([claim])
    assert house.claims.sweep(house.feeds["sales"], "other") == 1
    other = house.claims.claim(house.feeds["sales"], "other")
    assert other is not None
    assert not house.claims.heartbeat([claim])
    with pytest.raises(ClaimLostError):
        house.loader.load(claim)
    house.loader.load(other)
    with pytest.raises(ClaimLostError) as caught:
        house.loader.load(claim)
    assert str(caught.value) == (
        f"sales: the claim on s3://{house.bucket}/sales/1.csv was lost before the commit; nothing of it was loaded"
    )
    assert house.ids() == [1]
    assert house.query("SELECT from_state, to_state, run, reason FROM ledger.transitions ORDER BY id") == [
        (None, "New", "lambda", ""),
        ("New", "In Progress", "sleeper", ""),
        ("In Progress", "New", "other", "the lease of run sleeper ended without a result, attempt 1"),
        ("New", "In Progress", "other", ""),
        ("In Progress", "Done", "other", ""),
    ]


def test_the_database_refuses_a_transition_that_is_not_allowed(house: House) -> None:
    house.hear(house.put("sales/1.csv", csv(1)))
    with pytest.raises(Exception, match="file 1 cannot go from New to Done"):
        house.database.query("UPDATE ledger.files SET state = 'Done'")


def test_personal_values_are_nowhere(house: House) -> None:
    fields = tuple(replace(field, required=True) if field.column == "day" else field for field in FIELDS)
    more = (Column("card", "string", "Card"), Column("email", "string", "E-mail"))
    declare(
        house,
        columns=(*COLUMNS, *more),
        fields=(*fields, Field("card", "card", Text()), Field("email", "email", Text())),
        pii=(Cut("card", 4), Hashed("email")),
        tolerance=RowTolerance(rows=1),
    )
    rows = "1,2024-01-01,,,,,4111111111111234,a@b.c\n2,,,,,,4222222222222345,d@e.f\n"
    body = HEADER.strip() + ",card,email\n" + rows
    house.hear(house.put("sales/1.csv", body.encode()))
    assert house.load() == ""
    assert house.query("SELECT card, length(email) FROM mart.sales") == [("1234", 64)]
    assert house.query("SELECT column_name, value, raw_line FROM ledger.rejects") == [("day", "", "(sensitive)")]


def test_new_and_wider_columns_reach_the_table_if_the_feed_allows_it(house: House) -> None:
    house.hear(house.put("sales/1.csv", csv(1)))
    house.load()
    wider = tuple(replace(column, type="bigint") if column.name == "id" else column for column in COLUMNS)
    columns, fields = (*wider, Column("note", "string", "Note")), (*FIELDS, Field("note", "note", Text()))
    body = (HEADER.strip() + ",note\n3000000000,,,,,,x\n").encode()
    house.hear(house.put("sales/2.csv", body))
    declare(house, columns=columns, fields=fields, schema_change=SchemaChange.ADD_NULLABLE)
    assert "has id integer where the feed declares bigint; schema_change=add nullable does not allow" in house.load()
    house.database.query("UPDATE ledger.files SET state = 'New' WHERE state = 'Fail'")
    declare(house, columns=columns, fields=fields, schema_change=SchemaChange.WIDEN)
    assert house.load() == ""
    assert house.query("SELECT id, note FROM mart.sales ORDER BY id") == [(1, None), (3000000000, "x")]


def test_a_file_of_other_columns_is_set_aside_where_the_feed_quarantines(house: House) -> None:
    declare(house, schema_change=SchemaChange.QUARANTINE)
    house.hear(house.put("sales/1.csv", b"id,other\n1,2\n"), house.put("sales/2.csv", csv(2)))
    assert "day: the header lacks this column" in house.load()
    assert house.states() == [("sales/1.csv", "Rejected"), ("sales/2.csv", "Done")]


def test_loaded_files_move_to_the_archive_and_are_gone_from_the_landing_bucket(house: House) -> None:
    house.hear(house.put("sales/1.csv", csv(1)))
    assert house.load() == ""
    ((uri, at),) = house.query("SELECT archive_uri, archived_at FROM ledger.files")
    assert isinstance(at, datetime)
    bucket, key = f"{house.bucket}-archive", uri.removeprefix(f"s3://{house.bucket}-archive/")
    assert house.s3.get_object(Bucket=bucket, Key=key)["Body"].read() == csv(1)
    assert "Versions" not in house.s3.list_object_versions(Bucket=house.bucket)


def test_a_rejected_row_is_loaded_by_a_replay_once_the_declaration_allows_it(house: House) -> None:
    declare(house, tolerance=RowTolerance(rows=2))
    house.hear(house.put("sales/1.csv", csv(1) + b"2,,,,S,\nx,,,,,\n"))
    assert house.load() == ""
    fields = tuple(
        replace(field, parse=type(field.parse)(("true", "S"), ("false",))) if field.column == "is_open" else field
        for field in FIELDS
    )
    declare(house, tolerance=RowTolerance(rows=2), fields=fields)
    feed = house.feeds["sales"]
    assert house.changes.with_rejects(feed) == [1]
    account = house.changes.replay(feed, 1, "replay")
    assert (account.rows, account.loaded, account.rejected) == (2, 1, 1)
    assert house.query("SELECT id, is_open, source_line FROM mart.sales ORDER BY id") == [(1, True, 2), (2, True, 3)]
    assert house.query("SELECT rows_in, rows_loaded, rows_rejected FROM ledger.files") == [(3, 2, 1)]
    assert house.query("SELECT line FROM ledger.rejects WHERE resolved_by IS NULL") == [(4,)]
    assert house.changes.replay(feed, 1, "replay").loaded == 0
    assert house.ids() == [1, 2]


def test_a_replayed_row_leaves_a_later_row_of_its_file_with_the_same_key(house: House) -> None:
    upsert: dict[str, object] = {"load": Load.UPSERT, "order": Order.ALL, "key": ("id",)}
    declare(house, **upsert, tolerance=RowTolerance(rows=2))
    house.hear(house.put("sales/1.csv", csv(1, name="first") + b"2,,early,,S,\n2,,late,,true,\n3,,last,,S,\n"))
    assert house.load() == ""
    fields = tuple(
        replace(field, parse=type(field.parse)(("true", "S"), ("false",))) if field.column == "is_open" else field
        for field in FIELDS
    )
    declare(house, **upsert, tolerance=RowTolerance(rows=2), fields=fields)
    account = house.changes.replay(house.feeds["sales"], 1, "replay")
    assert (account.loaded, account.changed) == (2, 1)
    assert house.query("SELECT id, name FROM mart.sales ORDER BY id") == [(1, "first"), (2, "late"), (3, "last")]


def test_a_withdrawn_file_leaves_and_may_come_back(house: House) -> None:
    house.hear(house.put("sales/1.csv", csv(1)), house.put("sales/2.csv", csv(2, 3)))
    house.load()
    assert house.changes.withdraw(house.feeds["sales"], 2, "operator", "sent by mistake") == 2
    assert house.ids() == [1]
    assert house.query("SELECT state, reason, rows_loaded FROM ledger.files WHERE id = 2") == [
        ("Filtered Out", "withdrawn: sent by mistake", None)
    ]
    house.database.query("UPDATE ledger.files SET state = 'New' WHERE id = 2")
    assert house.load() == ""
    assert house.ids() == [1, 2, 3]


def test_a_run_that_is_given_up_cannot_commit(house: House) -> None:
    house.hear(house.put("sales/1.csv", csv(1)))
    assert house.claims.has_work(house.feeds["sales"])
    claim = house.claims.claim(house.feeds["sales"], "doomed")
    assert claim is not None
    assert not house.claims.has_work(house.feeds["sales"])
    assert house.claims.give_up("another run", "no reason") == {}
    assert house.claims.give_up("doomed", "task load failed for good") == {"Fail": 1}
    with pytest.raises(ClaimLostError):
        house.loader.load(claim)
    assert house.states() == [("sales/1.csv", "Fail")]
    assert house.reasons() == ["task load failed for good"]
    assert house.query("SELECT to_regclass('mart.sales')") == [(None,)]


def test_files_of_a_run_that_is_given_up_are_tried_alone(house: House) -> None:
    feed = house.feeds["sales"]
    house.hear(house.put("sales/1.csv", csv(1)), house.put("sales/2.csv", csv(2)))
    assert len(house.claims.claim_some(feed, "doomed", SMALL_FILES)) == 2
    assert house.claims.give_up("doomed", "task load failed for good") == {"New": 2}
    for number in (1, 2):
        [alone] = house.claims.claim_some(feed, "next", SMALL_FILES)
        assert (alone.key, alone.attempt) == (f"sales/{number}.csv", 2)
        house.loader.load(alone)
    assert house.ids() == [1, 2]


def test_a_file_with_an_expired_lease_is_work(house: House) -> None:
    house.hear(house.put("sales/1.csv", csv(1)))
    house.claims.claim(house.feeds["sales"], "dead")
    house.database.query("UPDATE ledger.files SET lease_until = clock_timestamp() - interval '1 s'")
    assert house.claims.has_work(house.feeds["sales"])
