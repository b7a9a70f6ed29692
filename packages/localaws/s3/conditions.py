"""Conditional requests: the conditions under which an object may be read, copied or replaced."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

from localaws.s3.errors import PreconditionFailedError, S3Error
from localaws.s3.info import ObjectInfo
from localaws.s3.request import Request
from localaws.s3.write_condition import Condition

_COPY = "x-amz-copy-source-if-"
_UNSUPPORTED_OF_DELETE = ("x-amz-if-match-last-modified-time", "x-amz-if-match-size")


def condition_of_write(request: Request) -> Condition:
    """``If-Match`` (an ETag) and ``If-None-Match`` (``*``) of a write; raises S3Error NotImplemented for other uses."""
    match, none_match = request.headers.get("if-match"), request.headers.get("if-none-match")
    if match is not None and none_match is not None:
        raise _not_implemented("If-Match,If-None-Match", "Multiple conditional request headers present in the request")
    for name, value, is_taken in (("If-Match", match, match != "*"), ("If-None-Match", none_match, none_match == "*")):
        if value is not None and not is_taken:
            raise _not_implemented(name, f"We don't accept the provided value of {name} header for this API")
    return Condition(_etag(match), none_match == "*")


def condition_of_delete(request: Request) -> Condition:
    """``If-Match`` of a deletion, an ETag or ``*``; raises S3Error NotImplemented for headers of directory buckets."""
    for name in _UNSUPPORTED_OF_DELETE:
        if name in request.headers:
            raise S3Error("NotImplemented", elements={"Header": name})
    return Condition(_etag(request.headers.get("if-match")))


def check_copy_conditions(request: Request, source: ObjectInfo) -> None:
    """Raise PreconditionFailedError if an ``x-amz-copy-source-if-*`` condition is not satisfied."""
    names = ("match", "none-match", "modified-since", "unmodified-since")
    match, none_match, modified, unmodified = (request.headers.get(_COPY + name) for name in names)
    is_old = none_match is None and not _is_future(modified) and changed_since(modified, source) is False
    failed = (
        ("Match", match is not None and not matches(match, source)),
        ("Unmodified-Since", match is None and changed_since(unmodified, source) is True),
        ("None-Match", none_match is not None and matches(none_match, source)),
        ("Modified-Since", is_old),
    )
    for name, is_failed in failed:
        if is_failed:
            raise PreconditionFailedError(f"x-amz-copy-source-If-{name}")


def is_not_modified(headers: dict[str, str], info: ObjectInfo) -> bool:
    """Evaluate the conditions of a read in the order of RFC 9110, 13.2.2; raises PreconditionFailedError."""
    if "if-match" in headers:
        if not matches(headers["if-match"], info):
            raise PreconditionFailedError("If-Match")
    elif changed_since(headers.get("if-unmodified-since"), info) is True:
        raise PreconditionFailedError("If-Unmodified-Since")
    if "if-none-match" in headers:
        return matches(headers["if-none-match"], info)
    since = headers.get("if-modified-since")
    return not _is_future(since) and changed_since(since, info) is False


def matches(condition: str, info: ObjectInfo) -> bool:
    """Return whether the comma-separated list contains the object's ETag or is ``*``."""
    etags = [part.strip().removeprefix("W/").strip('"') for part in condition.split(",")]
    return "*" in etags or info.etag in etags


def changed_since(date: str | None, info: ObjectInfo) -> bool | None:
    """Return whether the object is newer than the date, in whole seconds; None if the date is missing or malformed."""
    moment = _seconds(date)
    return None if moment is None else int(info.mtime) > moment


def _is_future(date: str | None) -> bool:
    moment = _seconds(date)
    return moment is not None and moment > time.time()


def _seconds(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None


def _etag(text: str | None) -> str | None:
    return None if text is None else text.strip().strip('"')


def _not_implemented(header: str, why: str) -> S3Error:
    return S3Error("NotImplemented", elements={"Header": header, "additionalMessage": why})
