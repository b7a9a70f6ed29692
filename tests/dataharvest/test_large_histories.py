"""Large files and deliveries end in the state of the model, with the messages of small ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from harvest_world import World
from history_model import consume, model, to_csv, variant
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from large_work import LIMITS, Bus, LargeWork, Work, settle
from test_histories import KINDS, History

from dataharvest.functions import Functions


@pytest.fixture(scope="module")
def shared(new_world: Callable[..., Any]) -> Iterator[World]:
    with new_world(**LIMITS) as world:
        yield world


class LargeHistory(History):
    """A history whose functions call each other by queues and events, which arrive in any order and more than once."""

    def __init__(self, world: World, random: Random) -> None:
        super().__init__(world, random)
        self.bus = Bus()
        self.large = LargeWork(world.functions, self.bus)
        self.waiting: list[Work] = []

    def dispatch(self) -> None:
        if records := self.world.stream(self.seen):
            self.waiting += self.large.dispatch(records[0])
            self.seen += self.random.random() < 0.7

    def work(self) -> None:
        if self.waiting:
            self.large.run(*self._one_of(self.waiting))

    def step(self) -> None:
        super().step()
        if self.large.functions is not self.world.functions:  # restarted
            self.large = LargeWork(self.world.functions, self.bus)
        self.waiting += self.large.asked()

    def end(self) -> None:
        while any(len(files) < len(KINDS) for files in self.newest.values()):
            self.upload()
        self.random.shuffle(self.events)
        self.world.take(*self.events)
        settle(self.world, self.large, self.waiting, self.seen)


def play(world: World, random: Random, steps: int) -> None:
    history = LargeHistory(world, random)
    for _ in range(steps):
        history.step()
    history.end()
    world.forget_requests()
    assert history.received() == history.expected()


@given(st.integers(0, 2**32))
@settings(max_examples=2, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_any_history_of_large_deliveries_ends_in_the_right_messages(shared: World, seed: int) -> None:
    play(shared, Random(seed), 40)


@pytest.mark.long
@pytest.mark.parametrize("part", range(3))  # of 300 histories, so that each takes a minute or two
@given(seed=st.integers(0, 2**32))
@settings(max_examples=100, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_many_long_histories_of_large_deliveries_end_in_the_right_messages(shared: World, part: int, seed: int) -> None:
    play(shared, Random(seed), 80)


def test_large_deliveries_at_once_end_in_the_right_messages(shared: World) -> None:
    world, random, seen, bus = shared, Random(3), len(shared.stream()), Bus()
    contents = {f"large{at}": {kind: variant(kind, random) for kind in KINDS} for at in range(3)}
    events = [
        world.upload(kind, to_csv(kind, rows), client)
        for client, kinds in contents.items()
        for kind, rows in kinds.items()
    ]  # fmt: skip
    copies = [Functions(world.functions.settings, world.functions.choreography) for _ in range(4)]
    workers = [LargeWork(functions, bus) for functions in copies]

    def at_once(things: list[Any], work: Callable[[LargeWork, Any], object]) -> None:
        random.shuffle(things)
        shares = [(worker, things[at :: len(workers)]) for at, worker in enumerate(workers)]
        with ThreadPoolExecutor(len(workers)) as pool:
            list(pool.map(lambda share: [work(share[0], task) for task in share[1]], shares))

    at_once(events * 2, lambda worker, event: worker.functions.persistence.take(event))
    while True:
        waiting = list(workers[0].asked())
        records = world.stream(seen)
        seen += len(records)
        waiting += [work for record in records for work in workers[0].dispatch(record)]
        if not waiting:
            break
        at_once(waiting * 2, lambda worker, task: worker.run(*task))
    for functions in copies:
        functions.database.close()
    sent = world.received()
    for client, kinds in contents.items():
        assert consume([message for message in sent if message.attributes["external_client"] == client]) == model(kinds)
