"""Answers whose contents were given up, because they were superseded long ago and no table needs them.

``<prefix>/retired/<time>-<number>.jsonl.gz`` has one JSON object per answer: ``version`` and ``request``. An answer is
recorded here before its contents are removed, so that nothing relies on them.
"""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AnswerId = tuple[str, int]
"""Request ID of an answer, and the version of the log that added it."""


@dataclass(frozen=True)
class RetiredLog:
    """The retired answers of one source, below ``prefix``."""

    s3: S3Client
    bucket: str
    prefix: str

    def answers(self) -> set[AnswerId]:
        """Return all retired answers."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{self.prefix}/retired/")
        answers: set[AnswerId] = set()
        for key in (entry["Key"] for page in pages for entry in page.get("Contents", [])):
            body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            entries = map(json.loads, gzip.decompress(body).splitlines())
            answers |= {(entry["request"], entry["version"]) for entry in entries}
        return answers

    def add(self, answers: Collection[AnswerId]) -> None:
        """Record answers as retired."""
        if not answers:
            return
        lines = [json.dumps({"version": version, "request": request}) for request, version in sorted(answers)]
        key = f"{self.prefix}/retired/{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:12]}.jsonl.gz"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=gzip.compress("\n".join(lines).encode(), mtime=0))
