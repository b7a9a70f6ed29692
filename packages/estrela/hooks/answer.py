"""One HTTP answer, and the checks that reject an error page or a truncated body."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from estrela.errors import SourceChangedError
from estrela.hooks.body import Body

BodyFormat = Literal["json", "text"]
UTF8_MARK = b"\xef\xbb\xbf"
HEAD = 64 * 1024
PARSED_WHOLE = 64 * 1024 * 1024
"""Largest JSON body, in bytes, that is parsed completely; in a larger one only the brackets are matched."""
ESCAPE = re.compile(rb"\\.", re.DOTALL)


@dataclass(frozen=True)
class Answer:
    """Status, URL, header fields (lower-case names), body and UTC time of one answer."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: Body
    fetched_at: datetime

    @property
    def is_absent(self) -> bool:
        """Return whether the status is 204: the service has no data for a valid request."""
        return self.status == 204

    @property
    def is_unchanged(self) -> bool:
        """Return whether the status is 304: the content that the request's validators identify is still current."""
        return self.status == 304

    def json(self, source: str) -> Any:
        """Return the body parsed as JSON; raises SourceChangedError if it is not JSON or too large for one page."""
        if self.body.size > PARSED_WHOLE:
            limit = f"a page of at most {PARSED_WHOLE:,} bytes"
            raise SourceChangedError(source, self.url, expected=limit, received=f"{self.body.size:,} bytes")
        try:
            return json.loads(self.body.read())
        except ValueError as error:
            raise SourceChangedError(source, self.url, expected="JSON", received=error) from error


def fault_of(body: Body, expected: BodyFormat) -> str:
    """Return why a body received with status 200 is not in the ``expected`` format; "" if it is."""
    start = body.head(HEAD).removeprefix(UTF8_MARK).lstrip()
    if not start and body.size <= HEAD:
        return "an empty body"
    if start.startswith(b"<"):
        return "an HTML or XML page instead of data"
    if expected == "json" and not _is_json(body):
        return "broken or truncated JSON"
    return ""


def _is_json(body: Body) -> bool:
    if body.size > PARSED_WHOLE:
        return _is_closed(body)
    try:
        json.loads(body.read())
    except ValueError:
        return False
    return True


def _is_closed(body: Body) -> bool:
    """Return whether the brackets outside of strings are balanced."""
    depth, in_string, escaped = 0, False, False
    for chunk in body.chunks():
        text = chunk[1:] if escaped else chunk
        text = ESCAPE.sub(b"", text)
        escaped = text.endswith(b"\\")
        for place, part in enumerate(text.split(b'"')):
            in_string = in_string if place == 0 else not in_string
            if not in_string:
                depth += part.count(b"{") + part.count(b"[") - part.count(b"}") - part.count(b"]")
        if depth < 0:
            return False
    return depth == 0 and not in_string


def seconds_to_wait(retry_after: str, now: datetime) -> float | None:
    """Return ``Retry-After`` (RFC 9110, section 10.2.3: seconds or an HTTP date) in seconds; None if it is neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
