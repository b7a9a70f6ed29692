"""Staging of rows for Redshift: compressed files in S3, and the manifest that COPY reads."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import LoadError, bounded
from estrela.hooks.aws_fault import is_transient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 128 << 20
"""Bytes of text per file. Redshift copies several files in parallel."""


@dataclass(frozen=True)
class CopyFolder:
    """The folder ``prefix`` of ``bucket``, with a temporary subfolder per load. Raises LoadError."""

    s3: S3Client
    bucket: str
    prefix: str = "copy/"
    part_bytes: int = PART_BYTES

    @contextmanager
    def writing(self, feed: str, file: int, load: int) -> Iterator[CopyParts]:
        """Yield the writer for the rows of a load. Its files are deleted if the block raises."""
        folder = self._folder(feed, file)
        parts = CopyParts(self, f"{folder}{load}/")
        try:
            with parts.opened():
                yield parts
        except BaseException:
            self.clear(feed, file)
            raise

    def clear(self, feed: str, file: int) -> None:
        """Delete the files that loads of the file have left behind, including loads that died."""
        with _as_load_error(self.bucket):
            pages = self.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self._folder(feed, file)
            )
            for page in pages:
                keys = [{"Key": entry["Key"]} for entry in page.get("Contents", ())]
                if keys:
                    self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": keys})  # type: ignore[typeddict-item]

    def put(self, key: str, body: object) -> None:
        """Store a file."""
        with _as_load_error(f"s3://{self.bucket}/{key}"):
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)  # type: ignore[arg-type]

    def _folder(self, feed: str, file: int) -> str:
        return f"{self.prefix}{feed}/{file}/"


@dataclass
class CopyParts:
    """Files of one load below ``prefix``, at most one of them on disk. ``manifest`` is "" for a load without rows."""

    folder: CopyFolder
    prefix: str
    manifest: str = ""
    _entries: list[dict[str, object]] = field(default_factory=list)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Accept rows until the block ends, then upload the last file and the manifest."""
        with tempfile.TemporaryFile() as disk:
            self._disk = disk
            self._begin()
            yield
            self._end()
        if self._entries:
            self.folder.put(f"{self.prefix}manifest", json.dumps({"entries": self._entries}).encode())
            self.manifest = f"s3://{self.folder.bucket}/{self.prefix}manifest"

    def write(self, text: str) -> None:
        """Add rows."""
        data = text.encode()
        self._packed.write(data)
        self._size += len(data)
        if self._size >= self.folder.part_bytes:
            self._end()
            self._begin()

    def _begin(self) -> None:
        self._disk.seek(0)
        self._disk.truncate()
        self._packed, self._size = gzip.GzipFile(fileobj=self._disk, mode="wb", compresslevel=1), 0

    def _end(self) -> None:
        self._packed.close()
        if not self._size:
            return
        key, length = f"{self.prefix}{len(self._entries):05}.csv.gz", self._disk.tell()
        self._disk.seek(0)
        self.folder.put(key, self._disk)
        meta = {"content_length": length}
        self._entries.append({"url": f"s3://{self.folder.bucket}/{key}", "mandatory": True, "meta": meta})


@contextmanager
def _as_load_error(where: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise LoadError(where, bounded(error), retriable=is_transient(error)) from error
