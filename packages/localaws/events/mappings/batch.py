"""One batch of a source: its records, and which of them the function's answer reports as failed."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from localaws.events.patterns import matches
from localaws.functions.runner import Result

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: the payload of a synchronous invocation
LARGEST_PAYLOAD = 6_291_456


@dataclass(frozen=True)
class SourceRecord:
    """A record as a function receives it.

    A partial failure names ``identifier``. Records with the same ``key`` keep their order. ``number`` is the place in
    the shard; ``created`` is in seconds since the epoch.
    """

    identifier: str
    document: dict[str, Any]
    key: str = ""
    number: int = 0
    created: float = 0.0


def passes(patterns: Sequence[Mapping[str, Any]], subject: Any) -> bool:
    """Return whether a record passes the filters of a mapping."""
    return not patterns or any(matches(pattern, subject) for pattern in patterns)


def payload_of(records: Sequence[SourceRecord]) -> bytes:
    """Return the event of a batch."""
    return json.dumps({"Records": [record.document for record in records]}, default=_base64).encode()


def read_as(record: SourceRecord, role: str) -> SourceRecord:
    """Return a record for a function with this role: records of Kinesis contain the role."""
    if "invokeIdentityArn" not in record.document:
        return record
    return replace(record, document={**record.document, "invokeIdentityArn": role})


def size_of(record: SourceRecord) -> int:
    """Return the size in bytes of a record in the event."""
    return len(json.dumps(record.document, default=_base64))


def failed_identifiers(result: Result, records: Sequence[SourceRecord], *, reports: bool) -> list[str]:
    """Return the identifiers of the records that failed: all if the batch failed as a whole, none if it succeeded.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
    """
    every = [record.identifier for record in records]
    if result.function_error:
        return every
    if not reports:
        return []
    answer = json.loads(result.payload or b"null")
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if not failures:
        return every if answer and not isinstance(answer, dict) else []
    named = [str(item.get("itemIdentifier")) if isinstance(item, dict) else "" for item in failures]
    return named if all(name in every for name in named) else every


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
