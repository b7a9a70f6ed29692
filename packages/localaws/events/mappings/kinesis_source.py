"""Kinesis streams as sources of mappings."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from moto.kinesis.exceptions import ResourceNotFoundError, StreamNotFoundError
from moto.kinesis.models import kinesis_backends

from localaws.events.mappings.batch import SourceRecord, passes
from localaws.functions.errors import invalid
from localaws.kinesis import KinesisKeeper
from localaws.kinesis.backend import BASE
from localaws.kinesis.log import Row


class KinesisSource:
    """Reads the stored records of Kinesis streams."""

    def __init__(self, keeper: KinesisKeeper) -> None:
        self._log = keeper.log

    def shards(self, arn: str) -> list[str]:
        """Return the names of a stream's shards, including closed ones. Raises LambdaError for a missing stream."""
        return list(self._stream(arn).shards)

    def start(self, arn: str, shard: str, position: str, timestamp: float) -> int:
        """Return the number of the last record before the starting position."""
        stream_shard = self._stream(arn).shards[shard]
        if position == "TRIM_HORIZON":
            return 0
        last = (
            stream_shard.get_max_sequence_number()
            if position == "LATEST"
            else stream_shard.get_sequence_number_at(timestamp)
        )
        return int(last - BASE)

    def read(self, arn: str, shard: str, after: int, limit: int) -> list[SourceRecord]:
        """Return up to ``limit`` records of a shard with a number greater than ``after``, in order."""
        stream = self._stream(arn)
        stream_shard = stream.shards[shard]
        stream_shard.retention = stream.retention_period_hours * 3600.0
        return [_record(arn, shard, row) for row in stream_shard.rows(after, limit)]

    def passes(self, patterns: Sequence[dict[str, Any]], record: SourceRecord) -> bool:
        """Return whether a record passes the filters. They see its data parsed as JSON, or null if it is not JSON."""
        if not patterns:
            return True
        kinesis = record.document["kinesis"]
        data: Any = None
        with suppress(ValueError):
            data = json.loads(b64decode(kinesis["data"]))
        return passes(patterns, {**kinesis, "data": data})

    def wait(self, seconds: float) -> None:
        """Wait for new records, at most ``seconds``."""
        with self._log.changed:
            self._log.changed.wait(seconds)

    @staticmethod
    def _stream(arn: str) -> Any:
        try:
            return kinesis_backends[arn.split(":")[4]][arn.split(":")[3]].describe_stream(arn, None)
        except (ResourceNotFoundError, StreamNotFoundError) as error:
            raise invalid(f"Stream not found: {arn}") from error


def _record(arn: str, shard: str, row: Row) -> SourceRecord:
    sequence = str(BASE + row.number)
    document = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": row.key,
            "sequenceNumber": sequence,
            "data": row.data,
            "approximateArrivalTimestamp": round(row.created, 3),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "",
        "awsRegion": arn.split(":")[3],
        "eventSourceARN": arn,
    }
    return SourceRecord(sequence, document, row.key, row.number, row.created)
