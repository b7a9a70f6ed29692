"""Ends every process below the launcher, including those that left its process group (Linux).

Imports only the standard library, because it runs under the Python of each function.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time

_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_PAUSE = 0.002


def adopt_orphans() -> None:
    """Make this process the parent of descendants whose parent ends; raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), *[ctypes.c_ulong(0)] * 3):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def end_descendants() -> None:
    """Kill all descendants, and those that they start meanwhile."""
    while living := descendants(os.getpid()):
        for pid in living:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(_PAUSE)


def descendants(root: int) -> list[int]:
    """Return the living processes below ``root``."""
    children: dict[int, list[int]] = {}
    dead: set[int] = set()
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - pathlib costs milliseconds of each start
        try:
            with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                state, parent = file.read().rpartition(b")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(parent), []).append(int(name))
        if state in (b"Z", b"X"):
            dead.add(int(name))
    below, parents = [], [root]
    while parents:
        started = children.get(parents.pop(), [])
        below += [pid for pid in started if pid not in dead]
        parents += started
    return below
