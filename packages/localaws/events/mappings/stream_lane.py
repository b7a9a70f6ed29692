"""One lane of a stream: the records of a shard whose keys belong to the lane, in batches, in order.

The position is stored after each batch, together with the message to the on-failure destination. After a kill only the
unfinished batch is delivered again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from localaws.events.mappings.batch import (
    LARGEST_PAYLOAD,
    SourceRecord,
    failed_identifiers,
    payload_of,
    read_as,
    size_of,
)
from localaws.events.mappings.calls import MAPPING, POSITION, note_result
from localaws.events.mappings.failure import AGE_EXCEEDED, RETRIES_EXHAUSTED, failure_message
from localaws.events.mappings.lanes import Lane, Position
from localaws.events.mappings.rules import patterns_of
from localaws.events.misdelivery import BatchMisdelivery
from localaws.events.outbox import Outbox
from localaws.functions.documents import Documents
from localaws.functions.errors import LambdaError
from localaws.functions.names import split
from localaws.functions.runner import Result, Runner

_log = logging.getLogger(__name__)
_PAGE = 1000
_PAUSE = 0.5
_POLL = 0.25
"""https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html: Lambda reads a shard four times per second."""
_FIRST_BACKOFF = 0.1
_LONGEST_BACKOFF = 10.0


class StreamReader(Protocol):
    """A kind of stream, with the operations that lanes need."""

    def shards(self, arn: str) -> list[str]:
        """Return the names of the shards of a stream."""

    def read(self, arn: str, shard: str, after: int, limit: int) -> list[SourceRecord]:
        """Return up to ``limit`` records of a shard with a number greater than ``after``, in order."""

    def passes(self, patterns: Sequence[dict[str, Any]], record: SourceRecord) -> bool:
        """Return whether a record passes the filters."""

    def wait(self, seconds: float) -> None:
        """Wait for new records, at most ``seconds``."""


@dataclass(frozen=True)
class LaneParts:
    """Objects that all lanes use."""

    documents: Documents
    runner: Runner
    outbox: Outbox
    reader: StreamReader


class StreamLane:
    """Reads a lane from its stored position; ``mapping`` is the document that the API returns."""

    def __init__(self, parts: LaneParts, mapping: dict[str, Any], lane: Lane, misdelivery: BatchMisdelivery) -> None:
        self._parts = parts
        self._mapping = mapping
        self._patterns = patterns_of(mapping)
        self._lane = lane
        self._misdelivery = misdelivery
        self._stop = threading.Event()
        self._position = Position.read(parts.documents.get(POSITION, mapping["UUID"], lane.name) or {"after": 0})
        self._thread = threading.Thread(target=self._run, name=f"mapping {mapping['UUID']}", daemon=True)
        self._thread.start()

    @property
    def shard(self) -> str:
        """The shard that it reads."""
        return self._lane.shard

    def shards(self) -> list[str]:
        """Return the names of all shards that the stream has now, or none if the stream was deleted."""
        try:
            return self._parts.reader.shards(self._mapping["EventSourceArn"])
        except LambdaError:
            return []

    def stop(self) -> None:
        """Start no new batch."""
        self._stop.set()

    def join(self) -> None:
        """Wait for the running batch."""
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 - a lane must go on
                if not self._stop.is_set():
                    _log.error("mapping %s", self._mapping["UUID"], exc_info=error)
                self._stop.wait(_PAUSE)

    def _turn(self) -> None:
        """Collect one batch and process it."""
        batch, seen = self._gather()
        if batch:
            self._stop.wait(self._misdelivery.pause())
            self._process(batch, 0, 0)
        if seen > self._position.after and not self._stop.is_set():
            self._advance(seen)
        if not batch:
            self._parts.reader.wait(_PAUSE)

    def _gather(self) -> tuple[list[SourceRecord], int]:
        """Return the records of one batch, and the number of the last record of the shard that was read for it."""
        settings, batch, seen, size = self._mapping, list[SourceRecord](), self._position.after, 0
        window = settings["MaximumBatchingWindowInSeconds"]
        deadline: float | None = None
        while not self._stop.is_set():
            page = self._parts.reader.read(settings["EventSourceArn"], self.shard, seen, _PAGE)
            role = self._role() if page else ""
            for record in (read_as(record, role) for record in page):
                if self._takes(record):
                    size += size_of(record) + 2
                    if batch and size > LARGEST_PAYLOAD - 100:
                        return batch, seen
                    batch.append(record)
                seen = record.number
                if len(batch) >= settings["BatchSize"]:
                    return batch, seen
            if page:
                deadline = deadline or time.monotonic() + window
                continue
            if not batch or deadline is None or time.monotonic() >= deadline:
                return batch, seen
            self._stop.wait(min(_POLL, max(0.0, deadline - time.monotonic())))
        return [], self._position.after

    def _role(self) -> str:
        """Return the function's role, or "" if the function was deleted; the invocation then reports that."""
        try:
            return self._parts.runner.role_of(split(self._mapping["FunctionArn"]))
        except LambdaError:
            return ""

    def _takes(self, record: SourceRecord) -> bool:
        is_ours = self._lane.takes(record.key) and not self._position.is_done(record.key, record.number)
        return is_ours and self._parts.reader.passes(self._patterns, record)

    def _process(self, batch: list[SourceRecord], attempts: int, calls: int) -> None:
        """Invoke the function with a batch until it succeeds or is given up. The position is then after its records."""
        result: Result | None = None
        throttles, repeated = 0, False
        while batch and not self._stop.is_set():
            batch = self._without_expired(batch, calls, result)
            if not batch:
                return
            try:
                result = self._parts.runner.invoke(split(self._mapping["FunctionArn"]), payload_of(batch))
            except LambdaError as error:
                self._note(f"PROBLEM: {error.message}")
                throttles += 1
                self._stop.wait(_backoff(throttles))
                continue
            calls += 1
            failed = failed_identifiers(result, batch, reports=bool(self._mapping["FunctionResponseTypes"]))
            if not failed:
                if not repeated and self._misdelivery.is_redelivered():
                    repeated = True
                    continue
                self._advance(batch[-1].number)
                self._note("OK")
                return
            self._note("PROBLEM: Function call failed")
            if self._stop.is_set():  # the server's end was the reason: the batch comes again
                return
            rest = _from_first(batch, failed)
            if len(rest) < len(batch):
                self._advance(batch[len(batch) - len(rest) - 1].number)
                batch, attempts, calls = rest, 0, 0  # AWS counts the tries of what is left anew
                self._stop.wait(_backoff(attempts))
                continue
            if self._mapping["BisectBatchOnFunctionError"] and len(batch) > 1:
                middle = len(batch) // 2
                self._process(batch[:middle], attempts, calls)
                self._process(batch[middle:], attempts, calls)
                return
            attempts += 1
            most = self._mapping["MaximumRetryAttempts"]
            if 0 <= most < attempts:
                self._give_up(batch, RETRIES_EXHAUSTED, calls, result)
                return
            self._stop.wait(_backoff(attempts))

    def _without_expired(self, batch: list[SourceRecord], calls: int, result: Result | None) -> list[SourceRecord]:
        """Return the records that are not too old; give up the others."""
        age = self._mapping["MaximumRecordAgeInSeconds"]
        if age < 0:
            return batch
        oldest = time.time() - age
        expired = [record for record in batch if record.created < oldest]
        if expired:
            self._give_up(expired, AGE_EXCEEDED, calls, result)
        return batch[len(expired) :]

    def _give_up(self, batch: list[SourceRecord], condition: str, calls: int, result: Result | None) -> None:
        message = failure_message(self._mapping, self.shard, batch, condition, calls, result)
        with self._parts.documents.transaction():
            if message:
                self._parts.outbox.put([message])
            self._advance(batch[-1].number)

    def _advance(self, number: int) -> None:
        self._position = self._position.moved(number)
        if self._parts.documents.get(MAPPING, self._mapping["UUID"]):
            place = (POSITION, self._mapping["UUID"], self._lane.name)
            self._parts.documents.put(*place, self._position.document())

    def _note(self, text: str) -> None:
        note_result(self._parts.documents, self._mapping, text)


def _from_first(batch: list[SourceRecord], failed: list[str]) -> list[SourceRecord]:
    """Return the batch from its first failed record on: later records are repeated too, to keep the order."""
    names = set(failed)
    first = next(number for number, record in enumerate(batch) if record.identifier in names)
    return batch[first:]


def _backoff(attempts: int) -> float:
    return min(_FIRST_BACKOFF * 2.0**attempts, _LONGEST_BACKOFF)
