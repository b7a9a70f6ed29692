"""DynamoDB Streams that read the stored records: reading deletes nothing, and sequence numbers never restart."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, ClassVar

from moto.core.exceptions import JsonRESTError
from moto.dynamodbstreams import urls
from moto.dynamodbstreams.models import DynamoDBStreamsBackend, dynamodbstreams_backends

from localaws.dynamodb.changes import stream_arn
from localaws.dynamodb.storage import Storage, number_of, sequence_number

MOST_RECORDS = 1000


def shard_of(stream: str) -> str:
    """Return the name of a stream's only shard."""
    started = int(started_at(stream).timestamp() * 1000)
    return f"shardId-{started:020d}-{hashlib.sha256(stream.encode()).hexdigest()[:8]}"


def started_at(stream: str) -> datetime:
    """Return the time at which a stream was enabled, which is its label."""
    label = stream.rpartition("/")[2]
    return datetime.fromisoformat(label).replace(tzinfo=UTC) if label else datetime.fromtimestamp(0, UTC)


class LocalStreamsBackend(DynamoDBStreamsBackend):
    """moto's backend, with one shard per stream, read from the storage."""

    storage: ClassVar[Storage]

    @property
    def _url_module(self) -> ModuleType:
        return urls

    def describe_stream(self, arn: str) -> dict[str, Any]:
        """DescribeStream, which also describes a disabled stream: its records are kept for a day."""
        table = self._table_of(arn)
        settings = table.stream_specification or {}
        is_enabled = bool(settings.get("StreamEnabled")) and stream_arn(table) == arn
        kind = settings.get("StreamViewType") if is_enabled else self._kind_of_records(arn)
        numbers = {"StartingSequenceNumber": sequence_number(0)}
        return {
            "StreamArn": arn,
            "StreamLabel": arn.rpartition("/")[2],
            "StreamStatus": "ENABLED" if is_enabled else "DISABLED",
            **({"StreamViewType": kind} if kind else {}),
            "CreationRequestDateTime": started_at(arn),
            "TableName": table.name,
            "KeySchema": table.schema,
            "Shards": [{"ShardId": shard_of(arn), "SequenceNumberRange": numbers}],
        }

    def _table_of(self, arn: str) -> Any:
        """Return the table of a stream. Raises ResourceNotFoundException."""
        table = self.dynamodb.tables.get(arn.split(":", 5)[-1].split("/")[1]) if arn.count("/") else None
        if table is None or (stream_arn(table) != arn and not self.storage.records(arn, 0, 1)):
            text = f"Requested resource not found: Stream: {arn} not found"
            raise JsonRESTError("ResourceNotFoundException", text)
        return table

    def _kind_of_records(self, arn: str) -> str:
        rows = self.storage.records(arn, 0, 1)
        return str(rows[0].record["dynamodb"]["StreamViewType"]) if rows else ""

    def get_shard_iterator(
        self, arn: str, shard_id: str, shard_iterator_type: str, sequence_number: int | str | None = None
    ) -> Any:
        """GetShardIterator."""
        self._table_of(arn)
        if shard_id != shard_of(arn):
            text = f"Requested resource not found: Shard {shard_id} does not exist"
            raise JsonRESTError("ResourceNotFoundException", text)
        if shard_iterator_type == "LATEST":
            after = self.storage.last_number()
        elif shard_iterator_type == "TRIM_HORIZON":
            after = 0
        else:
            if sequence_number is None:
                text = "Invalid SequenceNumber: it is required for this iterator type"
                raise JsonRESTError("ValidationException", text)
            number = number_of(str(sequence_number))
            after = number if shard_iterator_type == "AFTER_SEQUENCE_NUMBER" else number - 1
        return _Iterator(arn, after)

    def get_records(self, iterator_arn: str, limit: int) -> dict[str, Any]:
        """GetRecords."""
        stream, after = _read(iterator_arn)
        rows = self.storage.records(stream, after, min(limit, MOST_RECORDS))
        records = [with_number(row.record, row.number) for row in rows]
        following = _Iterator(stream, rows[-1].number if rows else after)
        return {"NextShardIterator": following.arn, "Records": records}


def with_number(record: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a record with its sequence number."""
    return {**record, "dynamodb": {**record["dynamodb"], "SequenceNumber": sequence_number(number)}}


class _Iterator:
    """A place in a stream. Its ARN contains the whole place, so the server stores no iterators."""

    def __init__(self, stream: str, after: int) -> None:
        place = base64.b64encode(json.dumps([stream, after]).encode()).decode()
        self.arn = f"{stream}|1|{place}"


def _read(iterator: str) -> tuple[str, int]:
    try:
        stream, after = json.loads(base64.b64decode(iterator.rpartition("|")[2], validate=True))
    except ValueError as error:
        raise JsonRESTError("ValidationException", "Invalid ShardIterator") from error
    return str(stream), int(after)


def install(storage: Storage) -> None:
    """Make moto build this backend. Call this before its first request to the streams."""
    LocalStreamsBackend.storage = storage
    dynamodbstreams_backends.backend = LocalStreamsBackend
