"""All event source mappings of one home. Each enabled mapping is read."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Protocol

from localaws.events.mappings.calls import MAPPING, MappingCalls, Source
from localaws.events.mappings.lanes import arrange, lanes_of
from localaws.events.mappings.queue_poller import QueuePoller
from localaws.events.mappings.rules import KINDS, kind_of
from localaws.events.mappings.stream_lane import LaneParts, StreamLane, StreamReader
from localaws.events.misdelivery import BatchMisdelivery, Misbehaviour
from localaws.events.outbox import Outbox
from localaws.functions.service import Functions
from localaws.sqs import QueueConsumer

_SHARD_SECONDS = 2.0
# A DynamoDB stream has one shard here and several on AWS. With several lanes records with different keys may change
# their order, as on AWS.
_LANES_OUT_OF_ORDER = 4


class StreamSource(Source, StreamReader, Protocol):
    """A kind of stream, with the operations that new mappings and lanes need."""


class Mappings:
    """Starts and stops the readers of mappings when they change. ``misbehaviour`` sets the faults of their batches."""

    def __init__(
        self,
        functions: Functions,
        outbox: Outbox,
        sources: Mapping[str, StreamSource],
        queues: QueueConsumer,
        misbehaviour: Misbehaviour,
        seed: int,
    ) -> None:
        self._functions = functions
        self._outbox = outbox
        self._misbehaviour, self._seed = misbehaviour, seed
        self._sources, self._queues = sources, queues
        self._readers: dict[str, list[StreamLane | QueuePoller]] = {}
        self._lock = threading.RLock()
        self._stopped = False
        self._ended = threading.Event()

    def calls(self) -> MappingCalls:
        """Return the operations of Lambda's API on mappings."""
        return MappingCalls(self._functions.records, self._sources, queue_exists, self.follow)

    def start(self) -> None:
        """Start reading the stored mappings."""
        for uid, _ in self._functions.documents.of_kind(MAPPING):
            self.follow(uid)
        threading.Thread(target=self._watch_shards, name="shards of mappings", daemon=True).start()

    def follow(self, uid: str) -> None:
        """Read a mapping with its present settings, after its earlier readers have finished their batches."""
        threading.Thread(target=self._follow, args=(uid,), daemon=True).start()

    def _follow(self, uid: str) -> None:
        with self._lock:
            if self._stopped:
                return
            before = self._readers.pop(uid, [])
            for reader in before:
                reader.stop()
            for reader in before:
                reader.join()
            mapping = self._functions.documents.get(MAPPING, uid)
            if mapping and mapping["State"] == "Enabled":
                self._readers[uid] = self._read(mapping)

    def stop(self) -> None:
        """Start no new batch. Running batches end together with their functions."""
        self._stopped = True
        self._ended.set()
        for readers in list(self._readers.values()):
            for reader in readers:
                reader.stop()

    def join(self) -> None:
        """Wait for the running batches."""
        for readers in self._readers.values():
            for reader in readers:
                reader.join()

    def _watch_shards(self) -> None:
        """Poll for new shards, after a stream was split or merged, and read them too."""
        while not self._ended.wait(_SHARD_SECONDS):
            for uid, readers in list(self._readers.items()):
                lanes = [reader for reader in readers if isinstance(reader, StreamLane)]
                if lanes and set(lanes[0].shards()) - {lane.shard for lane in lanes}:
                    self._follow(uid)

    def _read(self, mapping: dict[str, Any]) -> list[StreamLane | QueuePoller]:
        functions, kind = self._functions, kind_of(mapping["EventSourceArn"])
        if not KINDS[kind].is_stream:
            misdelivery = self._batch_misdelivery(mapping, 0)
            return [QueuePoller(functions.runner, self._queues, mapping, misdelivery)]
        source = self._sources[kind]
        parts = LaneParts(functions.documents, functions.runner, self._outbox, source)
        count = mapping["ParallelizationFactor"]
        if self._misbehaviour.reorder and kind == "dynamodb":
            count = max(count, _LANES_OUT_OF_ORDER)
        readers: list[StreamLane | QueuePoller] = []
        for shard in source.shards(mapping["EventSourceArn"]):
            lanes = lanes_of(shard, count)
            arrange(functions.documents, mapping["UUID"], lanes)
            for lane in lanes:
                readers.append(StreamLane(parts, mapping, lane, self._batch_misdelivery(mapping, len(readers))))
        return readers

    def _batch_misdelivery(self, mapping: Mapping[str, Any], number: int) -> BatchMisdelivery:
        """Return delivery faults that depend only on names chosen by the user, so that the same seed repeats them."""
        source = mapping["EventSourceArn"].partition("/stream/")[0]  # a stream of DynamoDB has a time in its name
        return BatchMisdelivery(self._misbehaviour, f"{self._seed} {source} {mapping['FunctionArn']} {number}")


def queue_exists(arn: str) -> bool:
    """Return whether a queue with that ARN exists."""
    from moto.sqs.models import sqs_backends

    _, _, _, region, account, name = arn.split(":")
    return name in sqs_backends[account][region].queues
