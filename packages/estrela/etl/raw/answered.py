"""The time when a source last answered all requests, changed or not: ``<prefix>/answered.json``.

The source's log records only new data; a source without changes leaves no trace in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Answered:
    """The recorded time of one source, accessed by a boto3 S3 client."""

    s3: S3Client
    bucket: str
    prefix: str

    def at(self) -> datetime | None:
        """Return the start (UTC) of the newest run in which the source answered, or None before the first one."""
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=self._key)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        return datetime.fromisoformat(json.loads(answer["Body"].read())["at"]).astimezone(UTC)

    def note(self, at: datetime) -> None:
        """Record the start of a run in which the source answered."""
        body = json.dumps({"at": at.astimezone(UTC).isoformat(timespec="seconds")}) + "\n"
        self.s3.put_object(Bucket=self.bucket, Key=self._key, Body=body.encode())

    @property
    def _key(self) -> str:
        return f"{self.prefix}/answered.json"
