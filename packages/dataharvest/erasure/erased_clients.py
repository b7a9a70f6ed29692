"""The list of forgotten clients, stored outside of the database, because a restored backup does not contain it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataharvest.given_up import place_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

COMMAND = "forget"


def digest_of(reference: str) -> str:
    """Return the SHA-256 digest of a client's reference, which represents a forgotten client."""
    return hashlib.sha256(reference.encode()).hexdigest()


@dataclass(frozen=True)
class ErasedClients:
    """Empty objects below ``address`` (``s3://bucket/prefix``), each named after the digest of a client's reference.

    Raises SettingsError for an invalid address, and botocore's errors.
    """

    s3: S3Client
    address: str

    def note(self, reference: str) -> None:
        """Record that a client is to be forgotten."""
        bucket, prefix = place_of(COMMAND, self.address)
        self.s3.put_object(Bucket=bucket, Key=f"{prefix}{digest_of(reference)}")

    def digests(self) -> set[str]:
        """Return the digests of all recorded clients."""
        bucket, prefix = place_of(COMMAND, self.address)
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {entry["Key"].removeprefix(prefix) for page in pages for entry in page.get("Contents", [])}
