"""A large delivery gives the same messages as small ones, wherever its functions crash."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from random import Random
from typing import Any

from crashes import Crash, crash_at
from harvest_world import SAMPLE, SAMPLE_MESSAGES
from large_work import LIMITS, Bus, LargeWork, Work, settle

from harvest_files.day import Day
from harvest_files.files import files

TAKE = "take"
KINDS = ["accounts", "clients", "portfolios", "transactions"]


def test_large_deliveries_give_the_messages_of_small_ones(new_world: Callable[..., Any]) -> None:
    """Every contradiction that a delivery may contain, in chunks of 300 bytes and waves of four portfolios."""
    day = Day(clients=14, portfolios=11, transactions=120, with_errors=True)
    contents = {key.split("/")[1].split("_")[0]: b"".join(parts).decode() for key, parts in files(day)}
    with new_world() as world:
        small = [message.body for message in world.deliver(contents)]
    limits = {"DATAHARVEST_SPLIT_ABOVE": "400", "DATAHARVEST_CHUNK_BYTES": "300", "DATAHARVEST_PORTFOLIOS_ABOVE": "3"}
    with new_world(**limits) as large:
        large.take(*large.upload_all(contents))
        settle(large, LargeWork(large.functions, Bus(), wave=4), [], 0)
        chunks = large.rows("SELECT kind, chunks FROM dataharvest.delivered_file ORDER BY kind")
        assert [kind for kind, count in chunks if count and count > 1] == KINDS
        assert large.rows("SELECT step, done, total FROM dataharvest.portfolio_progress ORDER BY step") == [
            ("sum_deposit", 15, 15), ("transaction", 15, 15),
        ]  # fmt: skip
        bodies = [message.body for message in large.received()]
    key = str  # error messages are named by a key of their own database
    assert sorted(map(key, bodies)) == sorted(map(key, small))
    assert len(small) > 25


def test_crashes_of_every_function_of_a_large_delivery_are_healed(new_world: Callable[..., Any]) -> None:
    """Each request crashes at one effect, then at another, and then succeeds."""
    with new_world(**LIMITS) as world:
        bus, random, seen = Bus(), Random(4), 0
        waiting: list[Work] = []

        def die() -> None:
            raise Crash

        def act(name: str, asked: Any) -> None:
            work = LargeWork(world.functions, bus)
            work.functions.persistence.take(asked) if name == TAKE else work.run(name, asked)

        def tried(name: str, asked: Any) -> None:
            for effect in random.sample(range(30), 2):
                with contextlib.suppress(Crash), crash_at(effect, die):
                    act(name, asked)
                world.restart()
            act(name, asked)

        for event in world.upload_all(SAMPLE):
            tried(TAKE, event)
        while True:
            work = LargeWork(world.functions, bus)
            waiting += work.asked()
            records = world.stream()[seen:]
            seen += len(records)
            waiting += [task for record in records for task in work.dispatch(record)]
            if not waiting:
                break
            tried(*waiting.pop(random.randrange(len(waiting))))
        assert [message.body for message in world.received()] == SAMPLE_MESSAGES
