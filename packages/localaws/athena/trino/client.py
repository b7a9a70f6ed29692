"""Trino's HTTP protocol: run a statement, read its pages, cancel it.

https://trino.io/docs/current/develop/client-protocol.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import urllib3

from localaws.athena.errors import OTHER, SYSTEM, USER, QueryError

_TIMEOUT = urllib3.Timeout(connect=5, read=120)
_BUSY = (502, 503, 504)
_TRIES = 20
_PAUSE_SECONDS = 0.1
_CATEGORIES = {"USER_ERROR": USER, "INTERNAL_ERROR": SYSTEM, "INSUFFICIENT_RESOURCES": OTHER}
_COMMON = {
    "X-Trino-User": "localaws",
    "X-Trino-Source": "localaws",
    "X-Trino-Catalog": "awsdatacatalog",
    "X-Trino-Time-Zone": "UTC",
    # Without this capability Trino returns at most three digits of a second.
    "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
}


class TrinoError(QueryError):
    """A statement that Trino refused or failed; ``line`` and ``column``, from 1, are 0 if the error has no position."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        self.name = str(error.get("errorName") or "GENERIC_INTERNAL_ERROR")
        self.text = str(error.get("message") or "")
        place = error.get("errorLocation") or {}
        self.line, self.column = int(place.get("lineNumber", 0)), int(place.get("columnNumber", 0))
        super().__init__(self.name, self.text, _CATEGORIES.get(str(error.get("errorType")), OTHER))


class TrinoUnreachableError(Exception):
    """The address does not answer, or answers unlike Trino."""


@dataclass(frozen=True)
class Page:
    """One response to a statement: its rows, and the statement's state so far."""

    query_id: str
    columns: tuple[tuple[str, str], ...]
    rows: list[list[Any]]
    scanned: int
    update_count: int | None
    following: str


@dataclass(frozen=True)
class Sending:
    """Headers of a statement: its schema, session properties, and prepared statements by name."""

    schema: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    prepared: Mapping[str, str] = field(default_factory=dict)

    def headers(self) -> dict[str, str]:
        named = {
            "X-Trino-Schema": self.schema,
            "X-Trino-Session": _pairs(self.properties),
            "X-Trino-Prepared-Statement": _pairs(self.prepared),
        }
        return _COMMON | {name: value for name, value in named.items() if value}


def _pairs(values: Mapping[str, str]) -> str:
    return ",".join(f"{name}={quote(value, safe='')}" for name, value in values.items())


class TrinoClient:
    """Runs statements on the Trino at ``url``. Raises TrinoUnreachableError if it does not answer."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._http = urllib3.PoolManager(maxsize=8, timeout=_TIMEOUT, retries=False)

    def is_ready(self) -> bool:
        """Return whether Trino answers and accepts statements."""
        try:
            answer = self._http.request("GET", f"{self.url}/v1/info", timeout=5)
            return answer.status == 200 and not json.loads(answer.data).get("starting", True)
        except (urllib3.exceptions.HTTPError, ValueError):
            return False

    def pages(self, sql: str, sending: Sending) -> Iterator[Page]:
        """Run a statement and yield its pages as they arrive. Raises TrinoError."""
        page = self._page("POST", f"{self.url}/v1/statement", sending.headers(), sql)
        yield page
        while page.following:
            page = self._page("GET", page.following)
            yield page

    def run(self, sql: str, sending: Sending | None = None) -> list[list[Any]]:
        """Run a statement to its end and return its rows. Raises TrinoError."""
        return [row for page in self.pages(sql, sending or Sending()) for row in page.rows]

    def cancel(self, following: str) -> None:
        """Stop the statement whose next page is at ``following``."""
        self._request("DELETE", following, {}, None)

    def _page(self, method: str, url: str, headers: Mapping[str, str] | None = None, body: str | None = None) -> Page:
        answer = json.loads(self._request(method, url, headers or {"X-Trino-User": "localaws"}, body))
        if error := answer.get("error"):
            raise TrinoError(error)
        return Page(
            query_id=answer["id"],
            columns=tuple((column["name"], column["type"]) for column in answer.get("columns") or []),
            rows=answer.get("data") or [],
            scanned=int((answer.get("stats") or {}).get("physicalInputBytes") or 0),
            update_count=answer.get("updateCount"),
            following=answer.get("nextUri") or "",
        )

    def _request(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> bytes:
        """The body of a response. Retries while Trino is busy: it has not accepted the statement then."""
        for _ in range(_TRIES):
            try:
                data = None if body is None else body.encode()
                answer = self._http.request(method, url, headers=dict(headers), body=data)
            except urllib3.exceptions.HTTPError as error:
                raise TrinoUnreachableError(f"Trino at {self.url} does not answer: {error}") from error
            if answer.status in (200, 204):
                return bytes(answer.data)
            if answer.status not in _BUSY:
                break
            time.sleep(_PAUSE_SECONDS)
        raise TrinoUnreachableError(f"Trino at {self.url} answered {answer.status}: {answer.data[:300]!r}")
