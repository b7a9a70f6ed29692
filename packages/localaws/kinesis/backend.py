"""moto's Kinesis with stored records: the classes that moto instantiates."""

from __future__ import annotations

import base64
import time
import uuid
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, ClassVar

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.kinesis import models, urls, utils
from moto.kinesis.exceptions import StreamNotFoundError
from moto.kinesis.models import Consumer, KinesisBackend, Record, Shard, Stream, kinesis_backends
from moto.kinesis.responses import KinesisResponse

from localaws.kinesis.log import RecordLog, Row

# Kinesis has sequence numbers of 56 digits.
BASE = 496 * 10**53
_STARTS = 10**20
_DEFAULT_LIMIT = 10000
_ON_DEMAND_SHARDS = 4


class TimedConsumer(Consumer):
    """A consumer whose ARN ends with the time at which it was registered."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.consumer_arn = f"{vars(self)['consumer_arn']}:{int(self.created.replace(tzinfo=UTC).timestamp())}"


class StoredShard(Shard):
    """A shard whose records are in the log, under a unique name."""

    log: ClassVar[RecordLog]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.name = uuid.uuid4().hex
        self.retention = 86400.0

    def put_record(self, partition_key: str, data: str, explicit_hash_key: str) -> str:
        """Store a record and return its sequence number."""
        return str(BASE + self.log.add(self.name, partition_key, explicit_hash_key or "", data))

    def get_records(self, last_sequence_id: str, limit: int | None) -> tuple[list[Record], int, int]:
        """Return records after a sequence number, the number to continue after, and the lag in milliseconds."""
        after = int(last_sequence_id)
        rows = self.rows(max(0, after - BASE), limit or _DEFAULT_LIMIT)
        if not rows:
            return [], after, 0
        last = self.log.last(self.name)
        behind = int(((last.created if last else 0.0) - rows[-1].created) * 1000)
        return [_record(row) for row in rows], BASE + rows[-1].number, max(0, behind)

    def to_json(self) -> dict[str, Any]:
        """Return the description of the shard, whose own starting sequence number is below all of its records."""
        shown: dict[str, Any] = super().to_json()
        shown["SequenceNumberRange"]["StartingSequenceNumber"] = str(BASE - 1 - int(self.name, 16) % _STARTS)
        return shown

    def rows(self, after: int, limit: int) -> list[Row]:
        """Return up to ``limit`` records with a number greater than ``after`` that are within their retention."""
        return self.log.read(self.name, after, time.time() - self.retention, limit)

    def get_min_sequence_number(self) -> int:
        """Return the sequence number of the first record within its retention, or of the lowest possible one."""
        rows = self.rows(0, 1)
        return BASE + (rows[0].number if rows else 0)

    def get_max_sequence_number(self) -> int:
        """Return the sequence number of the last record."""
        last = self.log.last(self.name)
        return BASE + (last.number if last else 0)

    def get_sequence_number_at(self, at_timestamp: float) -> int:
        """Return the sequence number of the last record before a time."""
        last = self.log.last(self.name, at_timestamp)
        return BASE + (last.number if last else 0)


class LocalKinesisBackend(KinesisBackend):
    """moto's backend; the records of one call are stored together."""

    @property
    def _url_module(self) -> ModuleType:
        return urls

    def create_stream(
        self,
        stream_name: str,
        shard_count: int | None,
        stream_mode: dict[str, str] | None = None,
        retention_period_hours: int | None = None,
    ) -> Stream:
        """CreateStream; without a number of shards and a mode the stream is on-demand and begins with four shards."""
        if not stream_name:
            constraint = "Value null at 'streamName' failed to satisfy constraint: Member must not be null"
            raise JsonRESTError("ValidationException", f"1 validation error detected: {constraint}")
        if shard_count is None:
            stream_mode, shard_count = stream_mode or {"StreamMode": "ON_DEMAND"}, _ON_DEMAND_SHARDS
        return super().create_stream(stream_name, shard_count, stream_mode, retention_period_hours)

    def put_resource_policy(self, resource_arn: str, policy_doc: str) -> None:
        """PutResourcePolicy; the stream must exist."""
        if all(stream.arn != resource_arn for stream in self.streams.values()):
            raise StreamNotFoundError(resource_arn.rpartition("/")[2], self.account_id)
        super().put_resource_policy(resource_arn, policy_doc)

    def put_record(self, *args: Any, **options: Any) -> tuple[str, str]:
        """PutRecord."""
        with StoredShard.log.transaction():
            return super().put_record(*args, **options)

    def put_records(self, *args: Any, **options: Any) -> dict[str, Any]:
        """PutRecords."""
        with StoredShard.log.transaction():
            return super().put_records(*args, **options)

    def get_shard_iterator(self, stream_arn: str | None, stream_name: str | None, *args: Any, **options: Any) -> str:
        """GetShardIterator: the iterator contains the stream's name even if the request has its ARN."""
        stream = self.describe_stream(stream_arn=stream_arn, stream_name=stream_name)
        return super().get_shard_iterator(None, stream.stream_name, *args, **options)

    def get_records(self, stream_arn: str | None, shard_iterator: str, limit: int | None) -> Any:
        """GetRecords, within the stream's retention."""
        for stream in self.streams.values():
            for shard in stream.shards.values():
                shard.retention = stream.retention_period_hours * 3600.0
        return super().get_records(stream_arn, shard_iterator, limit)


def _iterator(stream_name: str | None, shard: Any, last_sequence_id: int) -> str:
    """Return a new iterator, different for each request, as on AWS."""
    place = f"{stream_name}:{shard.shard_id}:{last_sequence_id}:{uuid.uuid4().hex}"
    return base64.b64encode(place.encode()).decode()


def _place(iterator: str) -> list[str]:
    """Return stream, shard and sequence number of an iterator."""
    return base64.b64decode(iterator).decode().split(":")[:3]


def _record(row: Row) -> Record:
    record = Record(row.key, row.data, BASE + row.number, row.hash_key)
    record.created_at = row.created
    record.created_at_datetime = datetime.fromtimestamp(row.created, UTC).replace(tzinfo=None)
    return record


class StreamOperations(KinesisResponse):
    """Streams that are created with tags, which moto ignores."""

    def create_stream(self) -> ActionResult:
        """CreateStream, with its tags."""
        answer = super().create_stream()
        if tags := self._get_param("Tags"):
            self.kinesis_backend.add_tags_to_stream(None, self._get_param("StreamName"), tags)
        return answer


def install(log: RecordLog) -> None:
    """Make moto build these. Call this before its first request to Kinesis."""
    StoredShard.log = log
    models.Shard = StoredShard
    models.Consumer = TimedConsumer
    models.compose_shard_iterator = utils.compose_shard_iterator = _iterator
    models.decompose_shard_iterator = _place
    kinesis_backends.backend = LocalKinesisBackend
    urls.url_paths["{0}/$"] = StreamOperations.dispatch
