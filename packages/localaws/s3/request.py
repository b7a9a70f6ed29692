"""An S3 request, parsed from its WSGI environment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_to_bytes

from localaws.s3.body import Body
from localaws.s3.checksums import ALGORITHMS, PREFIX
from localaws.s3.errors import S3Error
from localaws.s3.info import ObjectInfo
from localaws.s3.names import is_bucket_name

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_HOSTED = re.compile(r"(?P<bucket>[a-z0-9.-]+?)\.(s3([.-][a-z0-9-]+)*\.)?(localhost|amazonaws\.com)(:\d+)?")
_SIGNATURES = frozenset({"X-Amz-Signature", "Signature"})
_OF_SIGNATURE = frozenset({
    "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signature", "x-amz-signedheaders",
    "x-amz-security-token", "x-amz-content-sha256",
})  # fmt: skip
_CHECKSUMS = frozenset(f"{PREFIX}{algorithm.lower()}" for algorithm in ALGORITHMS)
_CONDITIONS = frozenset({"if-match", "if-none-match"})


@dataclass(frozen=True)
class Request:
    """One request; ``headers`` by lower-case name; in ``query``, a name without a value has an empty text."""

    method: str
    bucket: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Body

    def number(self, name: str, default: int, highest: int) -> int:
        """Return a query parameter as a whole number, at most ``highest``; raises S3Error InvalidArgument."""
        text = self.query.get(name, "")
        if not text:
            return default
        if not (text.isascii() and text.isdigit()) or int(text) > 2**31 - 1:
            message = f"Provided {name} not an integer or within integer range"
            raise S3Error("InvalidArgument", message, {"ArgumentName": name, "ArgumentValue": text[:100]})
        return min(int(text), highest)


@dataclass
class Response:
    """One answer; a streamed body sets its own Content-Length. ``events`` are notifications to send, by S3's names."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] = b""
    events: list[tuple[str, ObjectInfo]] = field(default_factory=list)


def request_of(environ: WSGIEnvironment) -> Request:
    """Parse a request.

    Raises S3Error InvalidURI for a path that is not UTF-8, AccessDenied for an expired presigned URL.
    """
    headers: dict[str, str] = environ["localaws.headers"]
    path, _, query_text = str(environ["REQUEST_URI"]).partition("?")
    if not path.startswith("/"):
        path = "/" + path.partition("://")[2].partition("/")[2]
    query = dict(parse_qsl(query_text, keep_blank_values=True))
    hosted = hosted_bucket(headers.get("host", ""))
    bucket, key = (hosted, _decoded(path[1:])) if hosted else _split(path)
    _check_expiry(query)
    headers = {**_signed_in_query(query), **headers}
    return Request(environ["REQUEST_METHOD"], bucket, key, query, headers, _body(environ, headers))


def hosted_bucket(host: str) -> str:
    """The bucket of a virtual-hosted-style request, ``bucket.localhost:4566``; empty for a path-style request."""
    match = _HOSTED.fullmatch(host.lower())
    bucket = match["bucket"] if match else ""
    return bucket if is_bucket_name(bucket) and not bucket.startswith("s3.") else ""


def _split(path: str) -> tuple[str, str]:
    bucket, _, key = path[1:].partition("/")
    return _decoded(bucket), _decoded(key)


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text.encode("latin-1")).decode()
    except UnicodeDecodeError as error:
        raise S3Error("InvalidURI") from error


def _signed_in_query(query: dict[str, str]) -> dict[str, str]:
    """Return the headers that a presigned URL has in its query, each byte of UTF-8 as one character.

    S3 ignores a checksum there: the SDK for JavaScript puts that of an empty body into every URL.
    """
    if _SIGNATURES.isdisjoint(query):
        return {}
    named = {name.lower(): value.encode().decode("latin-1") for name, value in query.items()}
    return {
        name: value
        for name, value in named.items()
        if name in _CONDITIONS or (name.startswith("x-amz-") and name not in _OF_SIGNATURE | _CHECKSUMS)
    }


def _check_expiry(query: dict[str, str]) -> None:
    """Raise S3Error AccessDenied for an expired presigned URL.

    Signature Version 4 gives the start and seconds, Version 2 the end in seconds since 1970.
    """
    try:
        if "X-Amz-Expires" in query and "X-Amz-Date" in query:
            signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            ends = signed + timedelta(seconds=int(query["X-Amz-Expires"]))
            given = {"X-Amz-Expires": query["X-Amz-Expires"]}
        elif "Expires" in query and "Signature" in query:
            ends, given = datetime.fromtimestamp(int(query["Expires"]), UTC), {}
        else:
            return
    except (ValueError, OverflowError, OSError) as error:
        raise S3Error("AccessDenied", "The presigned URL has an invalid date or expiry") from error
    if (now := datetime.now(UTC)) > ends:
        times = {"Expires": f"{ends:%Y-%m-%dT%H:%M:%SZ}", "ServerTime": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
        raise S3Error("AccessDenied", "Request has expired", {**given, **times})


def _body(environ: WSGIEnvironment, headers: dict[str, str]) -> Body:
    stream: Any = environ["wsgi.input"]
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise S3Error("InvalidArgument", f"Content-Length is {length[:50]!r}; a whole number was expected")
    if not environ.get("wsgi.input_terminated"):
        return Body(stream, headers, chunked=False)
    # The server reads a whole HTTP chunk at once, whatever its size: read the chunks here, in blocks.
    inner = stream.rfile
    stream.closed = True
    return Body(inner, headers, chunked=True)
