"""S3 events as a function receives them: directly from S3, or in the body of a queue's message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from dataharvest.model.delivery import DeliveredObject


def delivered_objects(event: Mapping[str, Any]) -> Iterator[DeliveredObject]:
    """Yield the objects that an S3 event reports as created; S3's test event reports none."""
    for record in event.get("Records", ()):
        if str(record.get("eventName", "")).removeprefix("s3:").startswith("ObjectCreated:"):
            yield _delivered(record["s3"], str(record.get("eventTime", "")))


def _delivered(s3: Mapping[str, Any], event_time: str) -> DeliveredObject:
    described = s3["object"]
    return DeliveredObject(
        bucket=s3["bucket"]["name"],
        key=unquote_plus(described["key"]),
        etag=str(described.get("eTag", "")).strip('"'),
        sequencer=str(described.get("sequencer", "")),
        size=int(described.get("size", 0)),
        version_id=str(described.get("versionId") or ""),
        event_time=event_time,
    )
