"""Changes of objects: writes, deletions, and replacement of facts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

from localaws.s3.info import NULL_VERSION, Facts, ObjectInfo
from localaws.s3.layout import Draft
from localaws.s3.object_reader import ObjectReader
from localaws.s3.parts import StoreParts, check_version
from localaws.s3.retention import check_removable
from localaws.s3.write_condition import ALWAYS, Condition


class ObjectWriter:
    """Changes objects of one store; the errors are those of :class:`localaws.s3.store.ObjectStore`."""

    def __init__(self, parts: StoreParts, reads: ObjectReader) -> None:
        self._parts = parts
        self._reads = reads

    def put_bytes(self, bucket: str, key: str, data: bytes, *, if_none_match: bool = False) -> ObjectInfo:
        """Write an object atomically; with ``if_none_match``, raise PreconditionFailedError if the object exists."""
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        with self.draft() as draft:
            draft.write(data)
            return self.put(bucket, key, draft, etag, Facts(), Condition(if_none_match=if_none_match))

    def draft(self) -> Draft:
        """A new file for the bytes of an object."""
        return Draft(self._parts.layout)

    def put(
        self, bucket: str, key: str, draft: Draft, etag: str, facts: Facts, condition: Condition = ALWAYS
    ) -> ObjectInfo:
        """Make a draft the current object; raises the errors of :meth:`Condition.check`."""
        self._parts.check(bucket, key)
        info = ObjectInfo(bucket, key, draft.seal(), etag, self._parts.buckets.new_version(bucket), facts=facts)
        with self._parts.locked(bucket, key):
            self.check_condition(bucket, key, condition)
            return self._parts.history.put(info, draft.path)

    def delete(self, bucket: str, key: str, condition: Condition = ALWAYS) -> ObjectInfo | None:
        """Delete the current object, if there is one; return the delete marker if the bucket has versioning."""
        self._parts.check(bucket, key)
        versioning = self._parts.buckets.versioning(bucket)
        with self._parts.locked(bucket, key):
            self.check_condition(bucket, key, condition)
            if versioning:
                version = self._parts.buckets.new_version(bucket)
                marker = self._parts.history.mark_deleted(bucket, key, version)
                self._parts.index.note_deletion(bucket, key)
                return marker
            if info := self._parts.history.find(bucket, key, NULL_VERSION):
                self._parts.history.remove(info)
                self._parts.index.note_deletion(bucket, key)
            return None

    def delete_version(
        self, bucket: str, key: str, version: str, condition: Condition = ALWAYS, *, bypass: bool = False
    ) -> ObjectInfo | None:
        """Delete one version or delete marker permanently and return it; None if it did not exist.

        Raises S3Error InvalidArgument for an invalid version ID, and AccessDenied for a version under Object Lock;
        ``bypass`` lifts a GOVERNANCE retention.
        """
        self._parts.check(bucket, key)
        check_version(version)
        with self._parts.locked(bucket, key):
            self.check_condition(bucket, key, condition)
            info = self._parts.history.find(bucket, key, version)
            if info:
                check_removable(info.facts, bypass)
                self._parts.history.remove(info)
            return info

    def change_facts(self, bucket: str, key: str, version: str, change: Callable[[Facts], Facts]) -> ObjectInfo:
        """Replace the facts of an object by ``change(facts)``; raises the errors of :meth:`ObjectReader.open`."""
        with self._parts.locked(bucket, key):
            info, file = self._reads.open(bucket, key, version)
            file.close()
            changed = replace(info, facts=change(info.facts))
            self._parts.index.set_facts(changed)
            return changed

    def check_condition(self, bucket: str, key: str, condition: Condition) -> None:
        """Check a condition on the current object; raises the errors of :meth:`Condition.check`."""
        if condition != ALWAYS:
            condition.check(self._reads.current(bucket, key), key)
