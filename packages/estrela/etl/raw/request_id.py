"""Conversion of requests to comparable text and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

RESERVED = re.compile(r"[%,=\x00-\x1f\x7f]")


def request_id(request: Mapping[str, str]) -> str:
    """Return ``name=value`` pairs, sorted by name and joined by commas, such as ``quarter=4,year=2021``.

    ``%``, ``,``, ``=`` and control characters of names and values are percent-encoded, so two requests never share
    an ID.
    """
    return ",".join(f"{_encoded(name)}={_encoded(request[name])}" for name in sorted(request))


def request_of(identifier: str) -> dict[str, str]:
    """Return the request with this ID."""
    pairs = (pair.split("=", 1) for pair in identifier.split(",") if pair)
    return {unquote(name): unquote(value) for name, value in pairs}


def _encoded(text: str) -> str:
    return RESERVED.sub(lambda match: f"%{ord(match[0]):02X}", text)
