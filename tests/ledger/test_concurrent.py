"""Concurrent events, killed functions and concurrent runs: each file is registered and loaded once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from killed import Countdown, counted
from ledger_warehouse import Warehouse, csv, sales_feed

from estrela.hooks.database import DatabaseManager
from estrela.ledger.register import Register
from estrela.model.feed import Order

RUNS, AGAIN = 4, 10


@pytest.mark.parametrize("order", [Order.IN_ORDER, Order.ALL])
def test_runs_at_once_load_each_file_once(warehouse: Warehouse, order: Order) -> None:
    warehouse.feeds = {"sales": sales_feed(order=order)}
    events = [warehouse.put(f"sales/{number}.csv", csv(number)) for number in range(8)]
    with ThreadPoolExecutor(RUNS) as pool:
        registered = list(pool.map(lambda _: warehouse.register_events(*events), range(RUNS)))
        assert sum(registered) == len(events), "each file is new once"
        assert list(pool.map(lambda run: warehouse.load(f"run {run}"), range(RUNS))) == [""] * RUNS
    assert warehouse.load("last") == ""
    assert warehouse.ids() == list(range(8))
    assert warehouse.query("SELECT DISTINCT state, attempts, events_seen FROM ledger.files") == [("Done", 1, RUNS)]
    assert warehouse.query("SELECT count(*) FROM ledger.loads") == [(8,)]


def test_calls_that_name_the_same_files_in_another_order_do_not_wait_for_each_other(warehouse: Warehouse) -> None:
    for number in range(5):
        events = [warehouse.put(f"sales/{number}{at}.csv", csv(at)) for at in range(8)]
        records = [record for event in events for record in event["Records"]]
        calls = [{"Records": records}, {"Records": records[::-1]}] * 2
        with ThreadPoolExecutor(RUNS) as pool:
            assert sum(pool.map(warehouse.register_events, calls)) == len(records)
            assert sum(pool.map(warehouse.register_events, calls * AGAIN)) == 0
    assert warehouse.query("SELECT DISTINCT events_seen FROM ledger.files") == [(RUNS * (1 + AGAIN),)]


def test_two_versions_of_a_file_in_one_call(warehouse: Warehouse) -> None:
    event = warehouse.put("sales/1.csv", csv(1))
    event["Records"] += (
        warehouse.put("sales/1.csv", csv(2))["Records"] + warehouse.put("sales/2.csv", csv(3))["Records"]
    )
    assert warehouse.register_events(event, event) == 3
    assert warehouse.load() == ""
    assert warehouse.ids() == [2, 3]
    assert sorted(warehouse.states()) == [
        ("sales/1.csv", "Done"),
        ("sales/1.csv", "Filtered Out"),
        ("sales/2.csv", "Done"),
    ]


def register_and_die(warehouse: Warehouse, steps: int, event: dict[str, Any]) -> bool:
    """Register an event in a process that is killed after ``steps`` steps; return whether it was killed."""
    child = os.fork()
    if child == 0:
        own = replace(warehouse, database=DatabaseManager.from_url(warehouse.database.engine.url))
        with counted(Countdown(steps), ((Register, "register"), (Register, "_lock"), (Register, "_add_all"))):
            try:
                own.register_events(event)
            finally:
                os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_a_function_that_is_killed_leaves_its_event_to_the_next_delivery(warehouse: Warehouse) -> None:
    """Three steps, each with a beginning and an end."""
    places = 6
    for steps in range(1, places + 1):
        event = warehouse.put(f"sales/{steps}.csv", csv(steps))
        event["Records"] += warehouse.put(f"sales/{steps + 100}.csv", csv(steps + 100))["Records"]
        assert register_and_die(warehouse, steps, event)
        known = warehouse.query("SELECT count(*) FROM ledger.files")[0][0]
        assert known == 2 * (steps - 1) + 2 * (steps == places), "an event is registered whole or not at all"
        warehouse.register_events(event, event)
    assert not register_and_die(warehouse, places + 1, event)
    assert warehouse.load() == ""
    assert warehouse.ids() == [*range(1, places + 1), *range(101, 101 + places)]
    assert len(warehouse.states()) == 2 * places
