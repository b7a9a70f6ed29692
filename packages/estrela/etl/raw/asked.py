"""The daily record of the requests to a source and their outcomes, including answers without changes.

``<prefix>/asked/<day>/<time>-<number>.jsonl.gz`` has one JSON object per request: ``request``, ``at`` (UTC),
``outcome`` and, for a failure, ``error``. It serves people and retention; the state of a source depends only on its
log.
"""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Outcome = Literal["changed", "unchanged", "withdrawn", "absent", "failed"]
"""``changed``: content differs from before; ``withdrawn``: had content and has none now; ``absent``: still has none."""
PART = 1000


@dataclass(frozen=True)
class Asked:
    """A request and its outcome. ``records`` is the number of records in the answer, if its format is known."""

    request: Mapping[str, str]
    at: datetime
    outcome: Outcome
    records: int | None = None
    error: str = ""


class AskedLog:
    """The record of one run, written in parts of 1,000 requests."""

    def __init__(self, s3: S3Client, bucket: str, prefix: str) -> None:
        self._s3, self._bucket, self._prefix = s3, bucket, prefix
        self._run = uuid.uuid4().hex[:12]
        self._parts = 0
        self._waiting: list[Asked] = []

    def add(self, asked: Asked) -> None:
        """Record one request."""
        self._waiting.append(asked)
        if len(self._waiting) == PART:
            self.flush()

    def flush(self) -> None:
        """Write the requests that are not written yet."""
        if not self._waiting:
            return
        first, self._parts = self._waiting[0].at, self._parts + 1
        key = f"{self._prefix}/asked/{first.date()}/{first:%H%M%S}-{self._run}-{self._parts:04d}.jsonl.gz"
        lines = "".join(_line(asked) for asked in self._waiting)
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=gzip.compress(lines.encode(), mtime=0))
        self._waiting = []


def _line(asked: Asked) -> str:
    entry = asdict(asked) | {"request": dict(asked.request), "at": asked.at.isoformat()}
    kept = {name: value for name, value in entry.items() if value not in (None, "")}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")) + "\n"
