"""Simulated faults: the affected requests, and the number of times."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from random import Random
from threading import Lock
from typing import Any

from bcb_mirror.errors import FaultError

KINDS: Mapping[str, str] = {
    "status": "an error page with `status` (400 to 599; default 503)",
    "html": "an HTML error page with status 200",
    "xml": "an XML error with status 200",
    "slow": "`seconds` before the headers, `byte_seconds` before every byte of the body",
    "truncated": "the full Content-Length, and only the share `keep` of the body",
    "reset": "the connection is reset before the answer",
    "throttled": "status 429 with Retry-After of `seconds`, as an HTTP date where `as_date`",
    "empty": "the right headers with an empty body",
    "wrong_encoding": "the right text in `encoding`",
}


@dataclass(frozen=True)
class Fault:
    """One fault.

    It affects requests in whose decoded path and query the regular expression ``match`` is found. Of these it skips the
    first ``skip``, then affects at most ``count`` (None: all), each with the probability ``rate`` drawn from ``seed``.
    """

    kind: str
    match: str = ""
    count: int | None = None
    skip: int = 0
    rate: float = 1.0
    seed: int = 0
    status: int = 503
    seconds: float = 0.0
    byte_seconds: float = 0.0
    as_date: bool = False
    keep: float = 0.5
    encoding: str = "utf-16"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise FaultError(f"fault kind {self.kind!r} is unknown; known are {', '.join(KINDS)}")
        for field in fields(self):
            value, kinds = getattr(self, field.name), _TYPES[field.type]
            if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
                raise FaultError(f"fault parameter {field.name} is {value!r}, and must be of the type {field.type}")
        _check_ranges(self)
        _check_readable(self)


_TYPES: Mapping[Any, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "int | None": (int, type(None)),
    "float": (float, int),
    "bool": (bool,),
}
_RANGES = {"rate": (0, 1), "keep": (0, 1), "status": (400, 599), "seconds": (0, 3600), "byte_seconds": (0, 60)}


def _check_ranges(fault: Fault) -> None:
    for name, (low, high) in _RANGES.items():
        if not low <= getattr(fault, name) <= high:
            raise FaultError(f"fault parameter {name} is {getattr(fault, name)}, and must be from {low} to {high}")
    if fault.skip < 0 or (fault.count is not None and fault.count < 1):
        raise FaultError(f"fault parameters skip {fault.skip} and count {fault.count} must be at least 0 and 1")


def _check_readable(fault: Fault) -> None:
    try:
        re.compile(fault.match)
        codecs.lookup(fault.encoding)
    except re.error as error:
        raise FaultError(f"fault parameter match {fault.match!r} is not a regular expression: {error}") from error
    except LookupError as error:
        raise FaultError(f"fault parameter encoding {fault.encoding!r} is unknown to Python") from error


def fault_of(given: object) -> Fault:
    """Return a fault parsed from JSON; raise FaultError."""
    known = [field.name for field in fields(Fault)]
    if not isinstance(given, dict) or "kind" not in given:
        raise FaultError(f"a fault is a JSON object with kind and perhaps {', '.join(known[1:])}")
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise FaultError(f"fault parameter {unknown[0]!r} is unknown; known are {', '.join(known)}")
    return Fault(**given)


class FaultBook:
    """The active faults, of which the first matching one is simulated; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._entries: list[_Entry] = []

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self._entries.append(_Entry(fault))
        return fault

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def take(self, target: str) -> Fault | None:
        """Return the fault to simulate for this request; each call counts as one request."""
        with self._lock:
            return next((entry.fault for entry in self._entries if entry.meets(target)), None)

    def listed(self) -> list[dict[str, object]]:
        """Return every fault with the number of times that it was ``played``."""
        with self._lock:
            return [{**asdict(entry.fault), "played": entry.played} for entry in self._entries]


class _Entry:
    def __init__(self, fault: Fault) -> None:
        self.fault, self.played, self._seen = fault, 0, 0
        self._match, self._random = re.compile(fault.match), Random(f"fault:{fault.seed}")  # noqa: S311

    def meets(self, target: str) -> bool:
        if not self._match.search(target):
            return False
        self._seen += 1
        spent = self.fault.count is not None and self.played >= self.fault.count
        if self._seen <= self.fault.skip or spent or self._random.random() >= self.fault.rate:
            return False
        self.played += 1
        return True
