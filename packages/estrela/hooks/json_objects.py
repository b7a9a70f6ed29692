"""Small JSON objects in S3 that are created once or replaced by compare-and-set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOST_RACE = (409, 412)
"""HTTP statuses of a conditional write that another writer won."""


class JsonObjects(Protocol):
    """JSON objects by key, with S3's conditional writes."""

    def read(self, key: str) -> tuple[dict[str, Any], str]:
        """Return the object and its version; an empty object and version "" if it does not exist."""

    def write(self, key: str, value: Mapping[str, Any], version: str) -> str:
        """Replace the object of this version ("": create it). Return its new version, or "" if another writer won."""


@dataclass(frozen=True)
class S3JsonObjects:
    """JsonObjects in one bucket. The version is the ETag. Raises ClientError."""

    s3: S3Client
    bucket: str

    def read(self, key: str) -> tuple[dict[str, Any], str]:
        """Return the object and its ETag; an empty object and "" if it does not exist."""
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return {}, ""
            raise
        value: dict[str, Any] = json.loads(answer["Body"].read())
        return value, answer["ETag"]

    def write(self, key: str, value: Mapping[str, Any], version: str) -> str:
        """Write the object if its ETag is still ``version``; return the new ETag, or "" if another writer won."""
        # On a single line, because Athena reads the pointer as JSON lines.
        body = (json.dumps(dict(value), ensure_ascii=False, sort_keys=True) + "\n").encode()
        try:
            if version:
                done = self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, IfMatch=version)
            else:
                done = self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in LOST_RACE:
                return ""
            raise
        return done["ETag"]
