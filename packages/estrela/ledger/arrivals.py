"""Arrivals of files, read from S3 events or from a listing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SEQUENCER_WIDTH = 64
"""Sequencers are compared as texts of equal length; shorter ones are padded with zeros on the right."""


@dataclass(frozen=True)
class Arrival:
    """A version of an object. ``version`` is its version ID, or its ETag if the bucket is not versioned.

    ``sequencer`` orders the events of one key; it is "" if a listing found the file. In that case ``older`` has the
    versions that the listing showed as older, and ``arrived_at`` is exact only to the second.
    """

    bucket: str
    key: str
    version: str
    etag: str
    size: int
    arrived_at: datetime
    sequencer: str = ""
    older: tuple[str, ...] = ()


def arrivals_of(event: Mapping[str, Any]) -> list[Arrival]:
    """Return the files of an S3 event: a notification with ``Records``, or an EventBridge event.

    Other events, such as ``s3:TestEvent``, contain no files. Raises KeyError, TypeError, AttributeError or ValueError
    for a notification of another shape.
    """
    if event.get("detail-type") == "Object Created":
        detail = event["detail"]
        # EventBridge sends keys unencoded; only notifications URL-encode them.
        return [_arrival(detail["bucket"], detail["object"], detail["object"]["key"], event["time"])]
    return [
        _arrival(
            record["s3"]["bucket"],
            record["s3"]["object"],
            unquote_plus(record["s3"]["object"]["key"]),
            record["eventTime"],
        )
        for record in event.get("Records", ())
        if record["eventName"].startswith(("ObjectCreated:", "s3:ObjectCreated:"))
    ]


def _arrival(bucket: Mapping[str, Any], item: Mapping[str, Any], key: str, time: str) -> Arrival:
    etag = (item.get("eTag") or item["etag"]).strip('"')
    version = item.get("versionId") or item.get("version-id") or ""
    sequencer = str(item.get("sequencer", ""))
    return Arrival(
        bucket["name"],
        key,
        etag if version in ("", "null") else version,
        etag,
        int(item["size"]),
        datetime.fromisoformat(time.replace("Z", "+00:00")),
        sequencer.ljust(SEQUENCER_WIDTH, "0") if sequencer else "",
    )


def listed(s3: S3Client, bucket: str, prefix: str) -> Iterator[Arrival]:
    """Return all versions of every object below ``prefix``, the oldest of a key first. Raises ClientError."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    versions = (entry for page in pages for entry in page.get("Versions", ()))
    for key, group in groupby(versions, itemgetter("Key")):
        # S3 lists the versions of a key one after the other, newest first.
        newest_first = list(group)
        if not newest_first[0]["IsLatest"]:
            continue
        older: tuple[str, ...] = ()
        for entry in reversed(newest_first):
            etag = entry["ETag"].strip('"')
            version = etag if entry["VersionId"] == "null" else entry["VersionId"]
            yield Arrival(bucket, key, version, etag, entry["Size"], entry["LastModified"], older=older)
            older = (*older, version)
