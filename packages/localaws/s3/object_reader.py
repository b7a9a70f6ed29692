"""Reads of objects: a single object, by key or version, and listings in order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from localaws.s3.errors import NoSuchKeyError, S3Error
from localaws.s3.info import ObjectInfo
from localaws.s3.layout import identity_at
from localaws.s3.listing import Page, current_objects, page
from localaws.s3.parts import StoreParts, check_version, deleted_error


class ObjectReader:
    """Reads objects of one store; the errors are those of :class:`localaws.s3.store.ObjectStore`."""

    def __init__(self, parts: StoreParts) -> None:
        self._parts = parts

    def exists(self, bucket: str, key: str) -> bool:
        if identity_at(self._parts.layout.plain(bucket, key)):
            return True
        return self.current(bucket, key) is not None

    def head(self, bucket: str, key: str) -> ObjectInfo | None:
        """The current object, with its ETag; None if it does not exist."""
        self._parts.check(bucket, key)
        return self.current(bucket, key)

    def open(self, bucket: str, key: str, version: str = "") -> tuple[ObjectInfo, IO[bytes]]:
        """An object and its matching bytes: the current version, or the given one.

        Raises NoSuchKeyError, or for a given version S3Error NoSuchVersion, or MethodNotAllowed for a delete marker.
        """
        self._parts.check(bucket, key)
        opened = self._open_version(bucket, key, version) if version else self._parts.history.open_current(bucket, key)
        if opened is None:
            raise self._missing(bucket, key)
        info, file = opened
        return (info if info.etag else self._adopt(info, file)), file

    def _open_version(self, bucket: str, key: str, version: str) -> tuple[ObjectInfo, IO[bytes]]:
        info = self._parts.history.find(bucket, key, version)
        if info and info.marker:
            raise deleted_error(info.version)
        file = self._parts.history.open_version(info) if info else None
        if info is None or file is None:
            check_version(version)
            raise S3Error("NoSuchVersion", elements={"Key": key, "VersionId": version})
        return info, file

    def _missing(self, bucket: str, key: str) -> NoSuchKeyError:
        newest = self._parts.history.newest_settled(bucket, key)
        return NoSuchKeyError(key, _marker_headers(newest) if newest and newest.marker else {})

    def get_bytes(self, bucket: str, key: str) -> bytes:
        """The bytes of the whole object; raises NoSuchKeyError."""
        _, file = self.open(bucket, key)
        with file:
            return file.read()

    def list(self, bucket: str, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        """Objects whose keys start with ``prefix``, by UTF-8 bytes of the key. ``etag`` may be None: see ObjectInfo."""
        self._parts.buckets.folder(bucket)
        return current_objects(self._parts.layout, self._parts.index, bucket, prefix, after)

    def page(self, bucket: str, prefix: str, delimiter: str, after: str, limit: int) -> Page:
        """At most ``limit`` objects and common prefixes that follow ``after``."""
        self._parts.buckets.folder(bucket)
        return page(self._parts.layout, self._parts.index, bucket, prefix, delimiter, after, limit)

    def with_etag(self, info: ObjectInfo) -> ObjectInfo | None:
        """The same object with its ETag, computed from the bytes if not known; None if the object has been deleted."""
        return info if info.etag else self.current(info.bucket, info.key)

    def current(self, bucket: str, key: str) -> ObjectInfo | None:
        """Return the same as :meth:`head`, for a bucket and key that are already checked."""
        opened = self._parts.history.open_current(bucket, key)
        if opened is None:
            return None
        info, file = opened
        with file:
            return info if info.etag else self._adopt(info, file)

    def _adopt(self, info: ObjectInfo, file: IO[bytes]) -> ObjectInfo:
        with self._parts.locked(info.bucket, info.key):
            return self._parts.history.adopt(info, file)

    def local_path(self, bucket: str, key: str) -> Path:
        """The file of a key, existing or not; raises S3Error if the key cannot be a file path, such as ``a//b``."""
        path = self._parts.layout.plain(bucket, key)
        if path is None:
            raise S3Error(
                "InvalidArgument",
                f"key {key[:200]!r} cannot be the path of a file below the bucket's folder; use a key without empty, "
                "'.' and '..' segments",
            )
        self._parts.buckets.folder(bucket)
        return Path(path)


def _marker_headers(marker: ObjectInfo) -> dict[str, str]:
    return {"x-amz-delete-marker": "true", "x-amz-version-id": marker.version}
