"""Processes that a process started, and those that they started."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

import psutil

FRESH_SECONDS = 0.5


class ProcessTable:
    """Children of every process, as they were up to :data:`FRESH_SECONDS` ago.

    All environments share one: to read what each process of the machine is a child of takes milliseconds, which many
    invocations would spend ten times a second each.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: Mapping[int, Sequence[psutil.Process]] = {}
        self._read_at = float("-inf")

    def descendants(self, pid: int) -> list[psutil.Process]:
        """Return those of a process; some may have ended meanwhile."""
        children, descendants = self._fresh(), list[psutil.Process]()
        parents = [pid]
        while parents:
            descendants += (started := children.get(parents.pop(), ()))
            parents += [process.pid for process in started]
        return descendants

    def _fresh(self) -> Mapping[int, Sequence[psutil.Process]]:
        with self._lock:
            if time.monotonic() - self._read_at > FRESH_SECONDS:
                children = defaultdict[int, list[psutil.Process]](list)
                for process in psutil.process_iter(["ppid"]):
                    children[process.info["ppid"]].append(process)
                self._children, self._read_at = children, time.monotonic()
            return self._children
