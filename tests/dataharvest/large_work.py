"""The functions for large files and deliveries, with limits so low that a few rows are large."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
from harvest_world import CREDENTIALS, World, delivery_of
from moto.sqs.models import sqs_backends

from dataharvest.functions import Functions
from dataharvest.large_functions import LargeFunctions
from dataharvest.model.choreography import ANNOUNCER
from dataharvest.model.chunk import ChunkTask
from dataharvest.model.delivery import DeliveredObject, Delivery
from dataharvest.model.portfolio import PortfolioEvent
from dataharvest.resources import CHUNKS, SPLITTER

LIMITS = {
    "DATAHARVEST_SPLIT_ABOVE": "80",
    "DATAHARVEST_CHUNK_BYTES": "20",
    "DATAHARVEST_PORTFOLIOS_ABOVE": "0",
}
READERS: dict[str, Any] = {SPLITTER: DeliveredObject, CHUNKS: ChunkTask, ANNOUNCER: Delivery}
Work = tuple[str, Any]
"""The name of a function or transformer, and its input: for portfolios a tuple of events."""


class Bus:
    """EventBridge that keeps its events, from which the streams are fed."""

    def __init__(self) -> None:
        self._real, self._put = boto3.client("events"), list[PortfolioEvent]()

    def put_events(self, Entries: list[Any]) -> Any:
        self._put += [PortfolioEvent.from_json(entry["Detail"]) for entry in Entries]
        return self._real.put_events(Entries=Entries)

    def taken(self) -> list[PortfolioEvent]:
        events, self._put = self._put, []
        return events


class LargeWork:
    """Runs the functions of one process, and collects their requests to each other."""

    def __init__(self, functions: Functions, bus: Bus, wave: int = 2) -> None:
        self.functions, self.bus, self.large = functions, bus, LargeFunctions(functions)
        self.large.__dict__["announcer"] = replace(self.large.announcer, events=bus, wave=wave)
        self.large.__dict__["portfolio_steps"] = replace(self.large.portfolio_steps, wave=wave)

    def run(self, name: str, asked: Any) -> object:
        """Run a function with its input."""
        if name == SPLITTER:
            return self.large.splitter.split(asked)
        if name == CHUNKS:
            return self.large.chunk_persistence.load(asked)
        if name == ANNOUNCER:
            return self.large.announcer.announce(asked)
        if isinstance(asked, tuple):
            return self.large.portfolio_steps.run(
                name, asked[0].delivery, [event.portfolio_reference for event in asked]
            )
        return World.run(self.functions, name, asked)

    def dispatch(self, record: dict[str, Any]) -> list[Work]:
        """Dispatch a record of the stream and return the requested work, without the announcer's, which is queued."""
        stages = self.functions.dispatcher.dispatch(record)
        return [(stage, delivery_of(record)) for stage in stages if stage != ANNOUNCER]

    def asked(self) -> Iterator[Work]:
        """Take the requests from the queues, and the events on the bus for both streams."""
        sqs, prefix = boto3.client("sqs"), self.functions.settings.stages
        for name, reader in READERS.items():
            url = f"{prefix}{name}"
            if not _waits(url):
                continue
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                for message in messages:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                    yield name, reader.from_json(message["Body"])
        for _, events in itertools.groupby(self.bus.taken(), key=lambda event: event.delivery):
            batch = tuple(events)
            for transformer in self.functions.choreography.streamed:
                yield transformer.name, batch


def _waits(url: str) -> bool:
    """Return whether moto's queue has messages: receiving nothing would take a third of the time of a history."""
    _, _, _, account, name = url.split("/")
    return bool(sqs_backends[account][CREDENTIALS["AWS_REGION"]].queues[name]._messages)


def settle(world: World, work: LargeWork, waiting: list[Work], seen: int) -> int:
    """Work until nothing waits and nothing changes; return the number of stream records read."""
    while True:
        waiting += work.asked()
        records = world.stream(seen)
        if not waiting and not records:
            return seen
        for record in records:
            waiting += work.dispatch(record)
        seen += len(records)
        todo, waiting = waiting, []
        for name, asked in todo:
            work.run(name, asked)
