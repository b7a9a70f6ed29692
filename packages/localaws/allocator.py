"""Memory allocation for the threads of the process."""

from __future__ import annotations

import ctypes
import sys

M_ARENA_MAX = -8
"""glibc's parameter for the maximum number of heaps, from ``malloc.h``."""
HEAPS = 2


def share_heaps() -> None:
    """Make all threads share two heaps, if the C library is glibc.

    By default glibc gives each thread its own heap, up to eight per core, and memory that a request frees stays in the
    heap of its thread. After many parallel uploads the server would keep many times the memory it needs.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt:
            mallopt(M_ARENA_MAX, HEAPS)
