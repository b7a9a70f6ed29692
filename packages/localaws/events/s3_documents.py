"""The documents of S3's events, as their destinations receive them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html and ev-events.html.
"""

from __future__ import annotations

import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from localaws.s3.announcement import Announcement
from localaws.s3.info import NULL_VERSION, ObjectInfo

OWNER = "A3NL1KOZZKEXAMPLE"
REQUESTER = "AWS:AIDAJDPLRKLG7UEXAMPLE"
# Events of newer types, which have no size and no sequencer.
_NEWER = ("ObjectTagging", "ObjectAcl")
_REASONS = {"Put": "PutObject", "Post": "POST Object", "Copy": "CopyObject"}
_DETAIL_TYPES = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "ObjectTagging": "Object Tags Added",
    "ObjectAcl": "Object ACL Updated",
}


class Sequencers:
    """Increasing sequencers: of two events for one key, the later has the greater sequencer."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self) -> str:
        """Return the next sequencer: 18 hexadecimal digits."""
        with self._lock:
            self._last = max(self._last + 1, time.time_ns())
            return f"{self._last:018X}"


def notification(announcement: Announcement, region: str, rule_id: str, sequencer: str) -> dict[str, Any]:
    """Return the document for queues, topics and functions."""
    info, name = announcement.info, announcement.event.removeprefix("s3:")
    newer = name.startswith(_NEWER)
    record = {
        "eventVersion": "2.3" if newer else "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region,
        "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "eventName": name,
        "userIdentity": {"principalId": REQUESTER},
        "requestParameters": {"sourceIPAddress": announcement.source_ip},
        "responseElements": {"x-amz-request-id": announcement.request_id, "x-amz-id-2": announcement.host_id},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": rule_id,
            "bucket": {
                "name": info.bucket,
                "ownerIdentity": {"principalId": OWNER},
                "arn": f"arn:aws:s3:::{info.bucket}",
            },
            # In S3's encoding a slash stays unchanged and a space becomes a plus sign.
            "object": {
                "key": quote_plus(info.key, safe="/"),
                **_object(announcement, sequencer, newer, "eTag", "versionId"),
            },
        },
    }
    return {"Records": [record]}


def test_document(bucket: str, request_id: str) -> dict[str, Any]:
    """Return the test event that a destination gets when it is configured."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    named = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": now, "Bucket": bucket}
    return {**named, "RequestId": request_id, "HostId": uuid.uuid4().hex}


def bus_event(announcement: Announcement, account: str, region: str, sequencer: str) -> dict[str, Any]:
    """Return the event for EventBridge."""
    info = announcement.info
    group, _, action = announcement.event.removeprefix("s3:").partition(":")
    newer = group in _NEWER
    described = _object(announcement, sequencer, newer, "etag", "version-id")
    detail: dict[str, Any] = {"version": "0", "bucket": {"name": info.bucket}, "object": {"key": info.key, **described}}
    detail |= {"request-id": announcement.request_id, "requester": account}
    detail |= {"source-ip-address": announcement.source_ip}
    if group == "ObjectCreated":
        detail["reason"] = _REASONS.get(action, action)
    if group == "ObjectRemoved":
        kind = "Delete Marker Created" if action == "DeleteMarkerCreated" else "Permanently Deleted"
        detail |= {"reason": "DeleteObject", "deletion-type": kind}
    is_untagged = (group, action) == ("ObjectTagging", "Delete")
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Object Tags Deleted" if is_untagged else _DETAIL_TYPES[group],
        "source": "aws.s3",
        "account": account,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [f"arn:aws:s3:::{info.bucket}"],
        "detail": detail,
    }


def _object(announcement: Announcement, sequencer: str, newer: bool, etag: str, version: str) -> dict[str, Any]:
    """Return an event's fields about the object except its key.

    A deletion has no size. It has an ETag only in records, and only for a delete marker.
    """
    info: ObjectInfo = announcement.info
    deleted = "ObjectRemoved" in announcement.event
    described: dict[str, Any] = {} if newer or deleted else {"size": info.size}
    has_etag = not deleted or (etag == "eTag" and info.etag)
    described |= {etag: info.etag or ""} if has_etag else {}
    described |= {version: info.version} if info.version != NULL_VERSION else {}
    return described | ({} if newer else {"sequencer": sequencer})
