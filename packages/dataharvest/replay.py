"""Replays batches that were exhausted and written to S3 as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dataharvest.dispatcher import Dispatcher
from dataharvest.given_up import place_of, records_of, text_of
from dataharvest.model.choreography import ANNOUNCER
from dataharvest.model.portfolio import PortfolioEvent
from dataharvest.stage_queues import StageQueues

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def replay(s3: S3Client, dispatcher: Dispatcher, address: str) -> Iterator[str]:
    """Replay the batches below ``address`` (``s3://bucket/prefix``); yield one line per batch.

    Changes of the metastore are dispatched. For portfolio events, the announcer receives a request; it announces those
    portfolios of the delivery that are not calculated. Replaying a batch twice is harmless, because finished work is
    not repeated.

    Raises SettingsError for an invalid address or an object that is not such a batch, or botocore's errors.
    """
    bucket, prefix = place_of("replay", address)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for key in [batch["Key"] for batch in page.get("Contents", [])]:
            records = records_of("replay", key, s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            changes = [record for record in records if "dynamodb" in record]
            asked = [stage for record in changes for stage in dispatcher.dispatch(record)]
            asked += _announced(dispatcher.queues, [record for record in records if "kinesis" in record])
            yield f"s3://{bucket}/{key}: requests sent to {', '.join(asked) or 'no stage'}"


def _announced(queues: StageQueues, records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Send a request to the announcer for each delivery in the events; also report events without a delivery."""
    deliveries, unreadable = {}, 0
    for record in records:
        try:
            event = PortfolioEvent.from_json(text_of(record))
        except ValueError:
            unreadable += 1
        else:
            deliveries[event.delivery] = ANNOUNCER
    for delivery in deliveries:
        queues.ask(ANNOUNCER, delivery.to_json(), delivery.external_client)
    return [*deliveries.values(), *([f"none for {unreadable} records without a portfolio"] if unreadable else [])]
