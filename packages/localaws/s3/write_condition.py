"""Conditions of a write that concern the current object."""

from __future__ import annotations

from dataclasses import dataclass

from localaws.s3.errors import NoSuchKeyError, PreconditionFailedError, S3Error
from localaws.s3.info import ObjectInfo


@dataclass(frozen=True)
class Condition:
    """Conditions of a change that concern the current object; ``if_match`` is an ETag without quotes or ``*``.

    ``since`` is the start of a multipart upload (seconds since the epoch), and ``was_deleted`` whether its key was
    deleted after that: if the object has changed since, a conditional completion conflicts.
    """

    if_match: str | None = None
    if_none_match: bool = False
    since: float | None = None
    was_deleted: bool = False

    def check(self, current: ObjectInfo | None, key: str) -> None:
        """Raise PreconditionFailedError, NoSuchKeyError for ``If-Match`` without an object, or S3Error for a conflict.

        The code of a conflict is ConditionalRequestConflict.
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
