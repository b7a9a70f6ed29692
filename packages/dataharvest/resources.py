"""Names of DataHarvest's resources on AWS: functions and their triggers, queues, tables, streams, the bus.

Terraform and the local stack create the resources listed here. No other module contains these names; functions get them
from the settings of :mod:`dataharvest.settings`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dataharvest.model.choreography import ANNOUNCER, CATAPULT, Choreography

STAGES = "dataharvest-"
"""Prefix of the names of the functions' queues."""
ARRIVALS = "dataharvest-arrivals"
"""Queue of S3 events."""
SPLITTER = "splitter"
CHUNKS = "chunks"
MESSAGES = "dataharvest-messages.fifo"
"""Queue that consumers read."""
METASTORE = "dataharvest"
CHUNK_TABLE = "dataharvest-chunks"
PROGRESS_TABLE = "dataharvest-progress"
TABLES = {METASTORE: True, CHUNK_TABLE: False, PROGRESS_TABLE: False}
"""DynamoDB tables, each with the keys ``partition_key`` and ``sort_key`` (text). True: with a stream of new and old
images.
"""
BUS = "dataharvest"
"""EventBridge bus of portfolio events."""
EVENT_SOURCE = "dataharvest"
PORTFOLIO_EVENT = "portfolio"
"""``detail-type`` of the events; rules send the event's ``$.detail`` with the partition key ``PARTITION_KEY``."""
PARTITION_KEY = "$.detail.portfolio_reference"
QUEUE, TABLE_STREAM, STREAM = "queue", "table_stream", "stream"


@dataclass(frozen=True)
class Mapping:
    """An event source mapping: the ``kind`` (QUEUE, TABLE_STREAM, STREAM) and name of its source, and its batches.

    All report batch item failures. Those of streams bisect batches, and write exhausted batches to S3.
    """

    kind: str
    source: str
    batch_size: int
    window_seconds: int = 0
    parallelization: int = 1


@dataclass(frozen=True)
class Function:
    """A Lambda function: the name of its folder below ``lambdas``, and its triggers.

    Functions for large deliveries are below ``lambdas/large``; without them, files of any size are loaded as a whole.
    """

    name: str
    mappings: tuple[Mapping, ...]
    is_for_large: bool = False


def stream_name(stream: str) -> str:
    """Return the name of the Kinesis stream of a transformer's ``stream``, and of the rule that feeds it."""
    return f"{STAGES}{stream}"


def functions(choreography: Choreography) -> Iterator[Function]:
    """Yield every function."""
    yield Function("dataharvest_persistence", (Mapping(QUEUE, ARRIVALS, 10),))
    yield Function("dataharvest_splitter", (Mapping(QUEUE, STAGES + SPLITTER, 1),), is_for_large=True)
    yield Function("dataharvest_chunk_persistence", (Mapping(QUEUE, STAGES + CHUNKS, 1),), is_for_large=True)
    yield Function("dataharvest_dispatcher", (Mapping(TABLE_STREAM, METASTORE, 100, window_seconds=1),))
    for transformer in choreography.transformers:
        mappings = [Mapping(QUEUE, STAGES + transformer.name, 10)]
        if transformer.stream:
            mappings.append(Mapping(STREAM, stream_name(transformer.stream), 1000, window_seconds=1, parallelization=2))
        yield Function(f"dataharvest_{transformer.name}_transformer", tuple(mappings))
    if choreography.streamed:
        yield Function(f"dataharvest_{ANNOUNCER}", (Mapping(QUEUE, STAGES + ANNOUNCER, 10),), is_for_large=True)
    yield Function(f"dataharvest_{CATAPULT}", (Mapping(QUEUE, STAGES + CATAPULT, 10),))


def queues(choreography: Choreography) -> tuple[str, ...]:
    """Return the functions' queues; each has a dead-letter queue with the same name and the suffix ``-dead``."""
    mappings = [mapping for function in functions(choreography) for mapping in function.mappings]
    return tuple(mapping.source for mapping in mappings if mapping.kind == QUEUE)


def streams(choreography: Choreography) -> tuple[str, ...]:
    """Return the Kinesis streams."""
    return tuple(stream_name(transformer.stream) for transformer in choreography.streamed)
