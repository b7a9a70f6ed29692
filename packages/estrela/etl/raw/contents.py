"""Stored contents of a source, including contents that no answer refers to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from estrela.etl.raw.raw_file import object_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REMOVERS = 8


@dataclass(frozen=True)
class Content:
    """A stored content: its key, its size in bytes, and when it was last written (UTC)."""

    key: str
    size: int
    written_at: datetime


@dataclass(frozen=True)
class RawContents:
    """The contents of one source, below ``prefix``."""

    s3: S3Client
    bucket: str
    prefix: str

    def pages(self) -> Iterator[list[Content]]:
        """Yield all contents, page by page."""
        listing = self.s3.get_paginator("list_objects_v2")
        for page in listing.paginate(Bucket=self.bucket, Prefix=object_key(self.prefix, "")):
            yield [Content(entry["Key"], entry["Size"], entry["LastModified"]) for entry in page.get("Contents", [])]

    def remove(self, contents: Sequence[Content]) -> None:
        """Remove contents, except those written again since they were listed: a run is about to refer to them."""
        with ThreadPoolExecutor(REMOVERS) as pool:
            list(pool.map(self._remove, contents))

    def _remove(self, content: Content) -> None:
        written_at = self.s3.head_object(Bucket=self.bucket, Key=content.key)["LastModified"]
        # Times in a listing may have milliseconds; the time of a single object never has.
        if written_at.replace(microsecond=0) == content.written_at.replace(microsecond=0):
            self.s3.delete_object(Bucket=self.bucket, Key=content.key)
