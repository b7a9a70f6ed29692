"""The circuit breaker of a batch of requests."""

from __future__ import annotations

import threading

from estrela.errors import SourceUnavailableError


class Breaker:
    """Counts consecutive failures over all threads of a batch."""

    def __init__(self, source: str, limit: int) -> None:
        self._source, self._limit = source, limit
        self._failures = 0
        self._lock = threading.Lock()

    def check(self) -> None:
        """Raise SourceUnavailableError once too many consecutive requests have failed."""
        with self._lock:
            if self._failures >= self._limit:
                raise SourceUnavailableError(self._source, f"not sent, because {self._limit} requests in a row failed")

    def failed(self) -> None:
        """Count a failure."""
        with self._lock:
            self._failures += 1

    def passed(self) -> None:
        """Reset the count."""
        with self._lock:
            self._failures = 0
