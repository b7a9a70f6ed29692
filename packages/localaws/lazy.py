"""Lazy creation of objects."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lazy(Generic[T]):
    """Creates an object with ``make`` at the first call, so that its imports do not slow down the server's start."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._created: list[T] = []
        self._lock = threading.Lock()

    def __call__(self) -> T:
        with self._lock:
            if not self._created:
                self._created.append(self._make())
            return self._created[0]

    @property
    def if_created(self) -> T | None:
        """The object, or None before the first call."""
        return self._created[0] if self._created else None
