"""Concurrent events, killed functions and concurrent runs: each file is registered and loaded once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from killed import Countdown, counted
from ledger_house import House, csv, sales_feed

from estrela.hooks.database import DatabaseManager
from estrela.ledger.register import Register
from estrela.model.feed import Order

RUNS, AGAIN = 4, 10


@pytest.mark.parametrize("order", [Order.IN_ORDER, Order.ALL])
def test_runs_at_once_load_each_file_once(house: House, order: Order) -> None:
    house.feeds = {"sales": sales_feed(order=order)}
    events = [house.put(f"sales/{number}.csv", csv(number)) for number in range(8)]
    with ThreadPoolExecutor(RUNS) as pool:
        heard = list(pool.map(lambda _: house.hear(*events), range(RUNS)))
        assert sum(heard) == len(events), "each file is new once"
        assert list(pool.map(lambda run: house.load(f"run {run}"), range(RUNS))) == [""] * RUNS
    assert house.load("last") == ""
    assert house.ids() == list(range(8))
    assert house.query("SELECT DISTINCT state, attempts, events_seen FROM ledger.files") == [("Done", 1, RUNS)]
    assert house.query("SELECT count(*) FROM ledger.loads") == [(8,)]


def test_calls_that_name_the_same_files_in_another_order_do_not_wait_for_each_other(house: House) -> None:
    for number in range(5):
        events = [house.put(f"sales/{number}{at}.csv", csv(at)) for at in range(8)]
        records = [record for event in events for record in event["Records"]]
        calls = [{"Records": records}, {"Records": records[::-1]}] * 2
        with ThreadPoolExecutor(RUNS) as pool:
            assert sum(pool.map(house.hear, calls)) == len(records)
            assert sum(pool.map(house.hear, calls * AGAIN)) == 0
    assert house.query("SELECT DISTINCT events_seen FROM ledger.files") == [(RUNS * (1 + AGAIN),)]


def test_two_versions_of_a_file_in_one_call(house: House) -> None:
    event = house.put("sales/1.csv", csv(1))
    event["Records"] += house.put("sales/1.csv", csv(2))["Records"] + house.put("sales/2.csv", csv(3))["Records"]
    assert house.hear(event, event) == 3
    assert house.load() == ""
    assert house.ids() == [2, 3]
    assert sorted(house.states()) == [("sales/1.csv", "Done"), ("sales/1.csv", "Filtered Out"), ("sales/2.csv", "Done")]


def hear_and_die(house: House, steps: int, event: dict[str, Any]) -> bool:
    """Register an event in a process that is killed after ``steps`` steps; return whether it was killed."""
    child = os.fork()
    if child == 0:
        own = replace(house, database=DatabaseManager.from_url(house.database.engine.url))
        with counted(Countdown(steps), ((Register, "register"), (Register, "_lock"), (Register, "_add_all"))):
            try:
                own.hear(event)
            finally:
                os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_a_function_that_is_killed_leaves_its_event_to_the_next_delivery(house: House) -> None:
    """Three steps, each with a beginning and an end."""
    places = 6
    for steps in range(1, places + 1):
        event = house.put(f"sales/{steps}.csv", csv(steps))
        event["Records"] += house.put(f"sales/{steps + 100}.csv", csv(steps + 100))["Records"]
        assert hear_and_die(house, steps, event)
        known = house.query("SELECT count(*) FROM ledger.files")[0][0]
        assert known == 2 * (steps - 1) + 2 * (steps == places), "an event is registered whole or not at all"
        house.hear(event, event)
    assert not hear_and_die(house, places + 1, event)
    assert house.load() == ""
    assert house.ids() == [*range(1, places + 1), *range(101, 101 + places)]
    assert len(house.states()) == 2 * places
