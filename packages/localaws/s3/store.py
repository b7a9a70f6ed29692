"""Objects as files: the store that the S3 API and the other rooms share."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from localaws.home import Home
from localaws.s3.buckets import Buckets
from localaws.s3.errors import NoSuchBucketError, NoSuchKeyError, PreconditionFailedError, S3Error
from localaws.s3.history import History
from localaws.s3.index import Index
from localaws.s3.info import NULL_VERSION, Facts, ObjectInfo
from localaws.s3.layout import Draft, Layout, identity_at
from localaws.s3.listing import Page, current_objects, page
from localaws.s3.names import check_key, split_uri
from localaws.s3.retention import check_removable
from localaws.s3.version_ids import is_version_id

__all__ = ["Condition", "ObjectInfo", "ObjectStore", "split_uri"]

LOCKS = 1024


@dataclass(frozen=True)
class Condition:
    """What must hold of the current object for a change to happen; ``if_match`` is an ETag without quotes or ``*``.

    ``since`` is when a multipart upload began (seconds since the epoch), and ``was_deleted`` whether its key was
    deleted after that: an object that changed meanwhile conflicts with a conditional completion.
    """

    if_match: str | None = None
    if_none_match: bool = False
    since: float | None = None
    was_deleted: bool = False

    def check(self, current: ObjectInfo | None, key: str) -> None:
        """Raise PreconditionFailedError, NoSuchKeyError for ``If-Match`` without an object, or S3Error for a conflict.

        The conflict's code is ConditionalRequestConflict.
        """
        if self.if_none_match and current:
            raise PreconditionFailedError("If-None-Match")
        if self.if_none_match and self.was_deleted:
            raise S3Error("ConditionalRequestConflict", elements={"Condition": "If-None-Match", "Key": key})
        if self.if_match is None:
            return
        if current is None:
            raise NoSuchKeyError(key)
        if self.if_match not in ("*", current.etag):
            raise PreconditionFailedError("If-Match")
        if self.since is not None and current.mtime > self.since:
            raise S3Error("ConditionalRequestConflict", elements={"Condition": "If-Match", "Key": key})


ALWAYS = Condition()


def deleted_error(version: str) -> S3Error:
    """The error of an operation on a delete marker."""
    headers = {"x-amz-delete-marker": "true", "x-amz-version-id": version, "Allow": "DELETE"}
    return S3Error("MethodNotAllowed", elements={"ResourceType": "DeleteMarker"}, headers=headers)


def _check_version(version: str) -> None:
    if not is_version_id(version):
        told = {"ArgumentName": "versionId", "ArgumentValue": version[:100]}
        raise S3Error("InvalidArgument", "Invalid version id specified", told)


def _marker_headers(marker: ObjectInfo) -> dict[str, str]:
    return {"x-amz-delete-marker": "true", "x-amz-version-id": marker.version}


class ObjectStore:
    """Buckets and objects of one home. Every method may be called from any thread.

    All raise NoSuchBucketError for a bucket that is not there, S3Error with KeyTooLongError for a key over 1,024
    bytes, and OSError (see :func:`localaws.s3.errors.is_disk_full`) where the disk is full: what was there stays.
    """

    def __init__(self, home: Home) -> None:
        self.layout = Layout(home)
        self.index = Index(home.meta / "s3.sqlite")
        self.history = History(self.layout, self.index)
        self.history.recover()
        self._buckets = Buckets(self.layout, self.index)
        self._locks = [threading.RLock() for _ in range(LOCKS)]

    def close(self) -> None:
        self.index.close()

    def buckets(self) -> list[str]:
        """Names, sorted."""
        return [bucket.name for bucket in self._buckets.all()]

    @property
    def bucket_registry(self) -> Buckets:
        """Creation, deletion and versioning of buckets."""
        return self._buckets

    def bucket_path(self, bucket: str) -> Path:
        """The folder of a bucket."""
        return self._buckets.folder(bucket)

    def local_path(self, bucket: str, key: str) -> Path:
        """The file of a key, there or not; raises S3Error where the key cannot be a file's path, as ``a//b``."""
        path = self.layout.plain(bucket, key)
        if path is None:
            raise S3Error(
                "InvalidArgument", f"key {key[:200]!r} is no path of a file: it lies outside the bucket's folder"
            )
        self.bucket_path(bucket)
        return Path(path)

    def exists(self, bucket: str, key: str) -> bool:
        if identity_at(self.layout.plain(bucket, key)):
            return True
        return self._current(bucket, key) is not None

    def head(self, bucket: str, key: str) -> ObjectInfo | None:
        """The current object, with its ETag; None where there is none."""
        self._check(bucket, key)
        return self._current(bucket, key)

    def open(self, bucket: str, key: str, version: str = "") -> tuple[ObjectInfo, IO[bytes]]:
        """An object and its bytes, which belong together: the current one, or a version.

        Raises NoSuchKeyError, or for a version S3Error NoSuchVersion, or MethodNotAllowed for a delete marker.
        """
        self._check(bucket, key)
        found = self._open_version(bucket, key, version) if version else self.history.open_current(bucket, key)
        if found is None:
            raise self._missing(bucket, key)
        info, file = found
        return (info if info.etag else self._adopt(info, file)), file

    def _open_version(self, bucket: str, key: str, version: str) -> tuple[ObjectInfo, IO[bytes]]:
        info = self.history.find(bucket, key, version)
        if info and info.marker:
            raise deleted_error(info.version)
        file = self.history.open_version(info) if info else None
        if info is None or file is None:
            _check_version(version)
            raise S3Error("NoSuchVersion", elements={"Key": key, "VersionId": version})
        return info, file

    def _missing(self, bucket: str, key: str) -> NoSuchKeyError:
        newest = self.history.newest_settled(bucket, key)
        return NoSuchKeyError(key, _marker_headers(newest) if newest and newest.marker else {})

    def get_bytes(self, bucket: str, key: str) -> bytes:
        """The whole object; raises NoSuchKeyError."""
        _, file = self.open(bucket, key)
        with file:
            return file.read()

    def put_bytes(self, bucket: str, key: str, data: bytes, *, if_none_match: bool = False) -> ObjectInfo:
        """Write an object at once or not at all; ``if_none_match`` raises PreconditionFailedError if one is there."""
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        with self.draft() as draft:
            draft.write(data)
            return self.put(bucket, key, draft, etag, Facts(), Condition(if_none_match=if_none_match))

    def draft(self) -> Draft:
        """A file to write the bytes of an object into."""
        return Draft(self.layout)

    def put(
        self, bucket: str, key: str, draft: Draft, etag: str, facts: Facts, condition: Condition = ALWAYS
    ) -> ObjectInfo:
        """Make a draft the current object; raises what :meth:`Condition.check` raises."""
        self._check(bucket, key)
        info = ObjectInfo(bucket, key, draft.seal(), etag, self._buckets.new_version(bucket), facts=facts)
        with self.locked(bucket, key):
            self.check_condition(bucket, key, condition)
            return self.history.put(info, draft.path)

    def list(self, bucket: str, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        """Objects whose keys start with ``prefix``, by UTF-8 bytes of the key. ``etag`` may be None: see ObjectInfo."""
        self.bucket_path(bucket)
        return current_objects(self.layout, self.index, bucket, prefix, after)

    def page(self, bucket: str, prefix: str, delimiter: str, after: str, limit: int) -> Page:
        """Up to ``limit`` objects and common prefixes that follow ``after``."""
        self.bucket_path(bucket)
        return page(self.layout, self.index, bucket, prefix, delimiter, after, limit)

    def delete(self, bucket: str, key: str, condition: Condition = ALWAYS) -> ObjectInfo | None:
        """Delete the current object; the delete marker, in a bucket with versions. No object is no error."""
        self._check(bucket, key)
        versioning = self._buckets.versioning(bucket)
        with self.locked(bucket, key):
            self.check_condition(bucket, key, condition)
            if versioning:
                version = self._buckets.new_version(bucket)
                marker = self.history.mark_deleted(bucket, key, version)
                self.index.note_deletion(bucket, key)
                return marker
            if found := self.history.find(bucket, key, NULL_VERSION):
                self.history.remove(found)
                self.index.note_deletion(bucket, key)
            return None

    def delete_version(
        self, bucket: str, key: str, version: str, condition: Condition = ALWAYS, *, bypass: bool = False
    ) -> ObjectInfo | None:
        """Delete one version, or a delete marker, for good; what it was, or None where it was not there.

        Raises S3Error InvalidArgument for what is no version ID, and AccessDenied for a version under Object Lock;
        ``bypass`` lifts a GOVERNANCE retention.
        """
        self._check(bucket, key)
        _check_version(version)
        with self.locked(bucket, key):
            self.check_condition(bucket, key, condition)
            found = self.history.find(bucket, key, version)
            if found:
                check_removable(found.facts, bypass)
                self.history.remove(found)
            return found

    def change_facts(self, bucket: str, key: str, version: str, change: Callable[[Facts], Facts]) -> ObjectInfo:
        """Replace the facts of an object by what ``change`` makes of them; raises as :meth:`open` does."""
        with self.locked(bucket, key):
            info, file = self.open(bucket, key, version)
            file.close()
            changed = replace(info, facts=change(info.facts))
            self.index.set_facts(changed)
            return changed

    def locked(self, bucket: str, key: str) -> AbstractContextManager[bool]:
        """The lock under which a key changes."""
        return self._locks[hash((bucket, key)) % LOCKS]

    def with_etag(self, info: ObjectInfo) -> ObjectInfo | None:
        """The same object with its ETag, read from its bytes where it was not known; None where it went meanwhile."""
        return info if info.etag else self._current(info.bucket, info.key)

    def _current(self, bucket: str, key: str) -> ObjectInfo | None:
        found = self.history.open_current(bucket, key)
        if found is None:
            return None
        info, file = found
        with file:
            return info if info.etag else self._adopt(info, file)

    def _adopt(self, info: ObjectInfo, file: IO[bytes]) -> ObjectInfo:
        with self.locked(info.bucket, info.key):
            return self.history.adopt(info, file)

    def check_condition(self, bucket: str, key: str, condition: Condition) -> None:
        """Raise what :meth:`Condition.check` raises of the current object."""
        if condition != ALWAYS:
            condition.check(self._current(bucket, key), key)

    def _check(self, bucket: str, key: str) -> None:
        check_key(key)
        if not self._buckets.exists(bucket):
            raise NoSuchBucketError(bucket)
