"""Random histories end in the state of the model: any order, repetition, corrections, crashes, concurrent clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from random import Random
from typing import Any

import pytest
from crashes import Crash, crash_at
from harvest_world import World, delivery_of
from history_model import State, consume, model, to_csv, variant
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dataharvest.functions import Functions
from dataharvest.model.delivery import DeliveredObject, Delivery

KINDS = ("clients", "portfolios", "accounts", "transactions")
NUMBERS = count()


@pytest.fixture(scope="module")
def shared(new_world: Callable[[], Any]) -> Iterator[World]:
    with new_world() as world:
        yield world


class History:
    """Two clients upload files of two days; events wait and are delivered in any order, some more than once."""

    def __init__(self, world: World, random: Random) -> None:
        self.world, self.random = world, random
        self.seen = len(world.stream())
        self.days = [(f"h{next(NUMBERS)}", day) for day in ("20220226", "20220227")]
        self.newest: dict[tuple[str, str], dict[str, list[tuple[str, ...]]]] = {day: {} for day in self.days}
        self.events: list[DeliveredObject] = []
        self.asked: list[tuple[str, Delivery]] = []

    def upload(self) -> None:
        day = self.random.choice(self.days)
        missing = [kind for kind in KINDS if kind not in self.newest[day]]
        kind = self.random.choice(missing or KINDS)
        self.newest[day][kind] = variant(kind, self.random)
        (client, business_date), prefix = day, self.random.choice(("in", "again"))
        self.events.append(self.world.upload(kind, to_csv(kind, self.newest[day][kind]), client, business_date, prefix))

    def take(self) -> None:
        if self.events:
            self.world.take(self._one_of(self.events))

    def dispatch(self) -> None:
        if records := self.world.stream(self.seen):
            record = records[0]
            self.asked += [(stage, delivery_of(record)) for stage in self.world.functions.dispatcher.dispatch(record)]
            self.seen += self.random.random() < 0.7  # else the record comes again

    def work(self) -> None:
        if self.asked:
            self.world.work(*self._one_of(self.asked))

    def _one_of(self, waiting: list[Any]) -> Any:
        """Return a random waiting item. It is removed if its work does not crash, and sometimes not even then."""
        self.taken = (waiting, self.random.choice(waiting))
        return self.taken[1]

    def step(self) -> None:
        """Do one random action, which may crash at any effect."""
        action = self.random.choice([self.upload, self.take, self.take, self.dispatch, self.work, self.work])
        self.taken: tuple[list[Any], Any] | None = None

        def die() -> None:
            raise Crash

        try:
            crashes = action != self.upload and self.random.random() < 0.3
            with crash_at(self.random.randint(0, 25) if crashes else -1, die):
                action()
        except Crash:
            self.world.restart()
            return
        if self.taken and self.random.random() < 0.7:
            self.taken[0].remove(self.taken[1])

    def end(self) -> None:
        """Upload the missing files, then deliver everything that waits once more."""
        while any(len(files) < len(KINDS) for files in self.newest.values()):
            self.upload()
        self.random.shuffle(self.events)
        self.world.take(*self.events)
        for stage, delivery in self.asked:
            self.world.work(stage, delivery)
        self.world.settle(self.seen)

    def expected(self) -> dict[tuple[str, str], State]:
        return {day: model(files) for day, files in self.newest.items()}

    def received(self) -> dict[tuple[str, str], State]:
        sent = self.world.received()
        days = [(message.attributes["external_client"], message.attributes["business_date"]) for message in sent]
        return {
            day: consume([message for message, of in zip(sent, days, strict=True) if of == day]) for day in self.days
        }


def play(world: World, random: Random, steps: int) -> None:
    history = History(world, random)
    for _ in range(steps):
        history.step()
    history.end()
    world.forget_requests()
    assert history.received() == history.expected()


@given(st.integers(0, 2**32))
@settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_any_history_ends_in_the_right_messages(shared: World, seed: int) -> None:
    play(shared, Random(seed), 30)


@pytest.mark.long
@pytest.mark.parametrize("part", range(3))  # of 300 histories, so that each takes half a minute
@given(seed=st.integers(0, 2**32))
@settings(max_examples=100, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_many_long_histories_end_in_the_right_messages(shared: World, part: int, seed: int) -> None:
    play(shared, Random(seed), 60)


def test_functions_at_once_end_in_the_right_messages(shared: World) -> None:
    world, random, seen = shared, Random(1), len(shared.stream())
    files = {f"client{at}": {kind: variant(kind, random) for kind in KINDS} for at in range(3)}
    events = [
        world.upload(kind, to_csv(kind, rows), client)
        for client, kinds in files.items()
        for kind, rows in kinds.items()
    ] * 2
    random.shuffle(events)
    copies = [Functions(world.functions.settings, world.functions.choreography) for _ in range(4)]

    def at_once(work: Callable[[Functions, Any], object], things: list[Any]) -> None:
        with ThreadPoolExecutor(len(copies)) as pool:
            shares = [things[at :: len(copies)] for at in range(len(copies))]
            for done in [
                pool.submit(lambda c, s: [work(c, task) for task in s], *pair)
                for pair in zip(copies, shares, strict=True)
            ]:
                done.result()

    at_once(lambda functions, event: functions.persistence.take(event), events)
    while records := world.stream(seen):
        asked = [
            (stage, delivery_of(record)) for record in records for stage in world.functions.dispatcher.dispatch(record)
        ] * 3
        seen += len(records)
        at_once(lambda functions, task: World.run(functions, *task), asked)
    for functions in copies:
        functions.database.close()
    sent = world.received()
    for client, kinds in files.items():
        assert consume([message for message in sent if message.attributes["external_client"] == client]) == model(kinds)
