"""Buckets: folders, together with their creation time and versioning in the index."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from localaws.s3.errors import NoSuchBucketError, S3Error
from localaws.s3.index import Index
from localaws.s3.info import NULL_VERSION
from localaws.s3.layout import Layout
from localaws.s3.names import is_bucket_name
from localaws.s3.version_ids import new_version_id
from localaws.s3.walk import walk

ENABLED = "Enabled"
SUSPENDED = "Suspended"


@dataclass(frozen=True)
class Bucket:
    """A bucket; ``created`` in seconds since the epoch, ``versioning`` empty, Enabled or Suspended."""

    name: str
    created: float
    versioning: str


class Buckets:
    """The buckets of one home. A folder created by hand is a bucket too."""

    def __init__(self, layout: Layout, index: Index) -> None:
        self._layout = layout
        self._index = index
        self._versioning = dict(index.run("SELECT name, versioning FROM buckets WHERE versioning <> ''"))

    def all(self) -> list[Bucket]:
        """All buckets, sorted by name."""
        created = dict(self._index.run("SELECT name, created_ns FROM buckets"))
        buckets = []
        for name in self.names():
            with suppress(FileNotFoundError):  # deleted since its name was read
                buckets.append(self._bucket(name, created.get(name)))
        return buckets

    def names(self) -> list[str]:
        """Names of all buckets, sorted."""
        folders = (entry.name for entry in os.scandir(self._layout.buckets) if entry.is_dir())
        return sorted(name for name in folders if is_bucket_name(name))

    def exists(self, name: str) -> bool:
        return is_bucket_name(name) and os.path.isdir(self._layout.buckets / name)  # noqa: PTH112

    def folder(self, name: str) -> Path:
        """The bucket's folder; raises NoSuchBucketError."""
        if not self.exists(name):
            raise NoSuchBucketError(name)
        return self._layout.bucket(name)

    def create(self, name: str) -> None:
        """Create a bucket unless it exists; raises S3Error InvalidBucketName."""
        if not is_bucket_name(name):
            raise S3Error("InvalidBucketName", elements={"BucketName": name})
        self._layout.bucket(name).mkdir(exist_ok=True)
        self._index.run("INSERT OR IGNORE INTO buckets VALUES (?, ?, '')", (name, time.time_ns()))

    def delete(self, name: str) -> None:
        """Delete an empty bucket; raises S3Error BucketNotEmpty if any object, version or delete marker is left."""
        folder = self.folder(name)
        self._refuse_if_used(name, folder)
        grave = self._layout.drafts / secrets.token_hex(16)
        folder.rename(grave)
        try:
            self._refuse_if_used(name, grave)
        except S3Error:
            grave.rename(folder)
            raise
        self._forget(name)
        shutil.rmtree(grave)

    def check_empty(self, name: str) -> None:
        """Raise S3Error BucketNotEmpty if any object, version or delete marker is left, or NoSuchBucketError."""
        self._refuse_if_used(name, self.folder(name))

    def versioning(self, name: str) -> str:
        return self._versioning.get(name, "")

    def set_versioning(self, name: str, status: str) -> None:
        """Set ``status`` to Enabled or Suspended.

        Raises S3Error IllegalVersioningConfigurationException for an empty status, MalformedXML for any other value.
        """
        self.folder(name)
        if not status:
            raise S3Error("IllegalVersioningConfigurationException")
        if status not in (ENABLED, SUSPENDED):
            raise S3Error("MalformedXML")
        self._index.run("INSERT OR IGNORE INTO buckets VALUES (?, ?, '')", (name, time.time_ns()))
        self._index.run("UPDATE buckets SET versioning = ? WHERE name = ?", (status, name))
        self._versioning[name] = status

    def new_version(self, name: str) -> str:
        """The version ID for the next write to this bucket."""
        return new_version_id() if self.versioning(name) == ENABLED else NULL_VERSION

    def _bucket(self, name: str, created_ns: int | None) -> Bucket:
        created = created_ns / 1e9 if created_ns else self._layout.bucket(name).stat().st_mtime
        return Bucket(name, created, self.versioning(name))

    def _refuse_if_used(self, name: str, folder: Path) -> None:
        rows = self._index.run(
            "SELECT 1 FROM objects WHERE bucket = ? AND (vault IS NOT NULL OR marker) LIMIT 1", (name,)
        )
        if rows or any(True for _ in walk(str(folder))):
            more = " You must delete all versions in the bucket." if self.versioning(name) else ""
            text = f"The bucket you tried to delete is not empty.{more}" if more else ""
            raise S3Error("BucketNotEmpty", text, {"BucketName": name})

    def _forget(self, name: str) -> None:
        with self._index.transaction():
            self._index.run("DELETE FROM parts WHERE upload IN (SELECT id FROM uploads WHERE bucket = ?)", (name,))
            for table, column in (("uploads", "bucket"), ("objects", "bucket"), ("buckets", "name")):
                self._index.run(f"DELETE FROM {table} WHERE {column} = ?", (name,))  # noqa: S608
        self._versioning.pop(name, None)
