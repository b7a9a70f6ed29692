"""Statements that one query of Athena sends to Trino."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

from localaws.athena.entries.partitions import MISMATCH
from localaws.athena.errors import QueryCancelledError, QueryError
from localaws.athena.trino.client import Page, Sending, TrinoClient, TrinoError, TrinoUnreachableError
from localaws.athena.trino.endpoint import REFUSED
from localaws.athena.trino.literals import Text

_PLACE = re.compile(r"line \d+:\d+: ")
_LIMIT = "Query cancelled! : Bytes scanned limit was exceeded"
_STOPPED = "Query was cancelled by the user"


class TrinoSession:
    """Runs statements, counts the bytes that they scan, and stops them when the query is cancelled.

    ``ready`` waits for Trino and returns a client; ``limit`` is the workgroup's BytesScannedCutoffPerQuery (0: none).
    """

    def __init__(self, ready: Callable[[], TrinoClient], limit: int) -> None:
        self._ready = ready
        self._limit = limit
        self._following = ""
        self._before = 0
        self._now = 0
        self._cancelled = threading.Event()

    @property
    def scanned(self) -> int:
        return self._before + self._now

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Stop the running statement, from another thread."""
        self._cancelled.set()
        if self._following:
            with suppress(TrinoUnreachableError):
                self._ready().cancel(self._following)

    def pages(self, text: Text, sending: Sending) -> Iterator[Page]:
        """Yield the pages of a statement. Raises QueryError with Athena's text, QueryCancelledError."""
        client = self._ready()
        self._before, self._now = self.scanned, 0
        try:
            for page in client.pages(text.whole, sending):
                self._following, self._now = page.following, page.scanned
                self._check(client)
                yield page
        except TrinoError as error:
            raise _explained(error, text) from error
        finally:
            self._following = ""

    def finish(self, text: Text, sending: Sending) -> tuple[str, int]:
        """Run a statement that writes; return Trino's query ID and the number of rows."""
        query_id, count = "", 0
        for page in self.pages(text, sending):
            query_id, count = page.query_id, count if page.update_count is None else page.update_count
        return query_id, count

    def _check(self, client: TrinoClient) -> None:
        over = self._limit and self.scanned > self._limit
        if not over and not self.cancelled:
            return
        if self._following:
            client.cancel(self._following)
        raise QueryCancelledError(_LIMIT if over else _STOPPED)


def _explained(error: TrinoError, text: Text) -> QueryError:
    message = error.text.replace("'iceberg.", "'awsdatacatalog.")
    if REFUSED in message:
        reason = message.partition(REFUSED)[2].partition(" (Service: ")[0]
        if reason.startswith(f"{MISMATCH}: "):
            return QueryError(MISMATCH, reason.removeprefix(f"{MISMATCH}: "))
        return QueryError("NOT_SUPPORTED", f"{reason}; the embedded engine reads it")
    if error.line:
        line, column = text.origin(error.line, error.column)
        message = _PLACE.sub(f"line {line}:{column}: ", message, count=1)
    return QueryError(error.name, message, error.category)
