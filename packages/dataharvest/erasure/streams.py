"""Portfolio events in Kinesis streams, and in exhausted batches, that name a client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataharvest.erasure.queues import Names
from dataharvest.erasure.traces import Day
from dataharvest.given_up import place_of, records_of, text_of, with_records
from dataharvest.model.portfolio import PortfolioEvent

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

COMMAND = "forget"


@dataclass(frozen=True)
class Streams:
    """Kinesis streams ``names``, read by a ``kinesis`` client. A record cannot be deleted before its retention ends."""

    kinesis: Any
    names: tuple[str, ...]

    def left(self, is_named: Names) -> Iterator[str]:
        """Yield one line for each stream with records that name the client. Raises botocore's errors."""
        for name in self.names:
            count = sum(names_client(is_named, text) for text in self._texts(name))
            if count:
                summary = self.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
                hours = summary["RetentionPeriodHours"]
                yield f"stream {name}: {count} records, gone when their {hours} hours of retention end"

    def _texts(self, name: str) -> Iterator[str]:
        for page in self.kinesis.get_paginator("list_shards").paginate(StreamName=name):
            for shard in page["Shards"]:
                at = self.kinesis.get_shard_iterator(
                    StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
                )["ShardIterator"]
                while at:
                    answer = self.kinesis.get_records(ShardIterator=at)
                    yield from (record["Data"].decode("utf-8", "replace") for record in answer["Records"])
                    at = answer.get("NextShardIterator") if answer["MillisBehindLatest"] else None


def search_batches(s3: S3Client, address: str, is_named: Names, *, delete: bool) -> Iterator[str]:
    """Yield one line for each batch below ``address`` (s3://bucket/prefix) with records that name the client.

    With ``delete``, these records are removed. A batch that has no others is deleted, and so is a non-current version.
    Raises SettingsError for an object that is not a batch, or botocore's errors.
    """
    bucket, prefix = place_of(COMMAND, address)
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for object_version in page.get("Versions", []):
            key, version = object_version["Key"], object_version["VersionId"]
            content = s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
            records = records_of(COMMAND, key, content)
            others = [record for record in records if not names_client(is_named, text_of(record))]
            if len(others) < len(records):
                if delete:
                    kept = with_records(content, others) if others and object_version["IsLatest"] else None
                    _replace(s3, (bucket, key, version), kept)
                yield f"s3://{bucket}/{key} (version {version}): {len(records) - len(others)} records"


def names_client(is_named: Names, text: str) -> bool:
    """Return whether the text of a record names the client. The text of a portfolio event belongs to a date."""
    try:
        delivery = PortfolioEvent.from_json(text).delivery
    except ValueError:
        return is_named(Day("", ""), text)
    return is_named(Day(delivery.external_client, delivery.business_date), text)


def _replace(s3: S3Client, place: tuple[str, str, str], content: bytes | None) -> None:
    """Replace an object by ``content``, if any, and delete its previous version."""
    bucket, key, version = place
    if content is None or "VersionId" in s3.put_object(Bucket=bucket, Key=key, Body=content):
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
