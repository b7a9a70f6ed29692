"""DynamoDB streams as sources of mappings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from localaws.dynamodb.backend import live_tables
from localaws.dynamodb.changes import stream_arn
from localaws.dynamodb.keeper import DynamoDbKeeper
from localaws.dynamodb.streams import shard_of, with_number
from localaws.events.mappings.batch import SourceRecord, passes
from localaws.functions.errors import invalid


class DynamoDbSource:
    """Reads the stored records of DynamoDB streams."""

    def __init__(self, keeper: DynamoDbKeeper) -> None:
        self._keeper = keeper

    def shards(self, arn: str) -> list[str]:
        """Return the only shard of a stream. Raises LambdaError if no table has that stream."""
        enabled = (table for table in live_tables() if (table.stream_specification or {}).get("StreamEnabled"))
        if not any(stream_arn(table) == arn for table in enabled):
            raise invalid(f"Stream not found: {arn}")
        return [shard_of(arn)]

    def start(self, arn: str, shard: str, position: str, timestamp: float) -> int:
        """Return the number of the last record before the starting position."""
        return 0 if position == "TRIM_HORIZON" else self._keeper.storage.last_number()

    def read(self, arn: str, shard: str, after: int, limit: int) -> list[SourceRecord]:
        """Return up to ``limit`` records with a number greater than ``after``, in order."""
        records = []
        for row in self._keeper.storage.records(arn, after, limit):
            record = {**with_number(row.record, row.number), "eventSourceARN": arn}
            key = json.dumps(record["dynamodb"]["Keys"], default=repr)
            number = record["dynamodb"]["SequenceNumber"]
            records.append(SourceRecord(number, record, key, row.number, row.created))
        return records

    def passes(self, patterns: Sequence[dict[str, Any]], record: SourceRecord) -> bool:
        """Return whether a record passes the filters. Its numbers are strings, as DynamoDB writes them."""
        return passes(patterns, record.document)

    def wait(self, seconds: float) -> None:
        """Wait until an item changes, at most ``seconds``."""
        with self._keeper.changed:
            self._keeper.changed.wait(seconds)
