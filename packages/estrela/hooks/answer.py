"""One HTTP answer, and what tells a real one from an error page or half a body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from estrela.errors import SourceChangedError

BodyFormat = Literal["json", "text"]
UTF8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Answer:
    """Status, URL, header fields (lower-case names), body and UTC time of one answer."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    fetched_at: datetime

    @property
    def is_absent(self) -> bool:
        """204: the service knows the question and has nothing to say."""
        return self.status == 204

    @property
    def is_unchanged(self) -> bool:
        """304: what the validators of the request named is still current."""
        return self.status == 304

    def json(self, source: str) -> Any:
        """The body as JSON; raises SourceChangedError where it is not."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise SourceChangedError(source, self.url, expected="JSON", found=error) from error


def fault_of(body: bytes, expected: BodyFormat) -> str:
    """Why a body that came with status 200 is not the data that was asked for; "" if it is."""
    content = body.removeprefix(UTF8_MARK).strip()
    if not content:
        return "an empty body"
    if content.startswith(b"<"):
        return "an HTML or XML page instead of data"
    if expected == "json":
        try:
            json.loads(body)
        except ValueError:
            return "broken or truncated JSON"
    return ""


def seconds_to_wait(retry_after: str, now: datetime) -> float | None:
    """``Retry-After`` (RFC 9110, section 10.2.3: seconds or an HTTP date) in seconds; None if it says neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
