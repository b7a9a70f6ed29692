"""A load that is killed between any two steps loses no row and duplicates none."""

from __future__ import annotations

from typing import Any

import pytest
from killed import expire, load_and_die
from ledger_warehouse import Warehouse, csv, sales_feed

from estrela.ledger.batch import ONE_FILE, SMALL_FILES
from estrela.model.feed import Load, Order, RowTolerance
from estrela.model.feed_engine import Redshift
from localaws.running import Running

BAD = b"x,,,,,\n"
FEEDS = {
    "append": sales_feed(tolerance=RowTolerance(rows=1)),
    "upsert": sales_feed(load=Load.UPSERT, order=Order.ALL, key=("id",), tolerance=RowTolerance(rows=1)),
    "truncate": sales_feed(load=Load.TRUNCATE, tolerance=RowTolerance(rows=1)),
    "redshift": sales_feed(tolerance=RowTolerance(rows=1), engine=Redshift()),
}
TOGETHER = ("append", "upsert")
"""Feeds whose two files may be loaded in one transaction."""


def declare(warehouse: Warehouse, kind: str) -> None:
    """Set the only feed to ``kind``; a kind with "together" loads its files in one transaction."""
    feed, _, together = kind.partition(" ")
    warehouse.feeds = {"sales": FEEDS[feed]}
    warehouse.batch = SMALL_FILES if together else ONE_FILE


def live_through_kills(warehouse: Warehouse, client: Any, first: int, last: int) -> int:
    """Load two new files for each place of a kill; return the number of kills."""
    died = 0
    for steps in range(first, last):
        ids = (steps * 10, steps * 10 + 1)
        files = (csv(ids[0]), csv(ids[1]) + BAD)
        warehouse.register_events(*(warehouse.put(f"sales/{steps:03}{at}.csv", body) for at, body in enumerate(files)))
        died += load_and_die(warehouse, steps, client)
        expire(warehouse)
        assert warehouse.load("survivor") == ""
        assert warehouse.load("survivor") == ""
    return died


def check(warehouse: Warehouse, kind: str, first: int, last: int) -> None:
    expected = [steps * 10 + at for steps in range(first, last) for at in (0, 1)]
    assert warehouse.ids() == (expected[-1:] if kind == "truncate" else expected)
    assert set(warehouse.query("SELECT state, archived_at IS NOT NULL FROM ledger.files")) == {("Done", True)}
    sums = "CAST(sum(rows_in) AS int) AS a, CAST(sum(rows_loaded) AS int) AS b, CAST(sum(rows_rejected) AS int) AS c"
    account = (len(expected) * 3 // 2, len(expected), len(expected) // 2)
    assert warehouse.query(f"SELECT {sums} FROM ledger.files") == [account]
    assert warehouse.query("SELECT count(*) FROM ledger.rejects WHERE is_counted") == [(len(expected) // 2,)]
    assert "Versions" not in warehouse.s3.list_object_versions(Bucket=warehouse.bucket)


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [("append", 18, 23), ("upsert", 17, 20), ("append together", 13, 17), ("upsert together", 12, 18)],
)
def test_a_kill_around_the_commit(warehouse: Warehouse, aws: Running, kind: str, first: int, last: int) -> None:
    declare(warehouse, kind)
    assert live_through_kills(warehouse, aws.client, first, last) == last - first
    check(warehouse, kind, first, last)


@pytest.mark.long
@pytest.mark.parametrize("kind", [*FEEDS, *(f"{kind} together" for kind in TOGETHER)])
def test_a_kill_between_any_two_steps(
    warehouse: Warehouse, aws: Running, kind: str, request: pytest.FixtureRequest
) -> None:
    if kind == "redshift":
        request.getfixturevalue("redshift_warehouse")
    declare(warehouse, kind)
    last = 100 if kind == "redshift" else 70
    died = live_through_kills(warehouse, aws.client, 1, last)
    fewest = 30 if "together" in kind else 40
    assert fewest < died < last - 1, "every step of two files, and at least one run to the end"
    check(warehouse, kind, 1, last)
