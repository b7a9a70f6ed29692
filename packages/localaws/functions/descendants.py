"""Child processes of a function's process, with their own child processes."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress

import psutil

FRESH_SECONDS = 1.0


class ProcessTable:
    """The child processes of this process's descendants, at most :data:`FRESH_SECONDS` old.

    All environments share it: listing the processes of a machine takes milliseconds, and each of many concurrent
    invocations needs the list ten times per second. Of processes that this one did not start, only the parent is read.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: Mapping[int, Sequence[psutil.Process]] = {}
        self._read_at = float("-inf")

    def descendants(self, pid: int) -> list[psutil.Process]:
        """Return the descendants of a process; some may have ended meanwhile."""
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
                for process in psutil.Process().children(recursive=True):
                    with suppress(psutil.NoSuchProcess):
                        children[process.ppid()].append(process)
                self._children, self._read_at = children, time.monotonic()
            return self._children
