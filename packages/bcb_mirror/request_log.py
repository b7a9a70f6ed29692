"""Requests to the mirror: counts per path, and the most recent requests."""

from __future__ import annotations

from collections import Counter, deque
from threading import Lock

RECENT = 1_000
PATHS = 50_000


class RequestLog:
    """Counts by decoded path with query, for up to PATHS of them, and the last RECENT requests."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._total = 0
            self._counts: Counter[str] = Counter()
            self._recent: deque[dict[str, object]] = deque(maxlen=RECENT)

    def add(self, method: str, target: str, fault: str | None) -> None:
        with self._lock:
            self._total += 1
            if target in self._counts or len(self._counts) < PATHS:
                self._counts[target] += 1
            self._recent.append({"number": self._total, "method": method, "target": target, "fault": fault})

    @property
    def total(self) -> int:
        with self._lock:
            return self._total

    def counts(self) -> dict[str, int]:
        """Return the number of requests by path with query, without control requests."""
        with self._lock:
            return dict(self._counts)

    def listed(self) -> dict[str, object]:
        with self._lock:
            return {"total": self._total, "counts": dict(self._counts), "recent": list(self._recent)}
