"""Memory allocation for the threads of the process."""

from __future__ import annotations

import ctypes
import sys

M_ARENA_MAX = -8
"""glibc's name for the most heaps, in ``malloc.h``."""
HEAPS = 2


def share_heaps() -> None:
    """Let all threads share two heaps, where glibc is the C library.

    It gives each thread one of its own, up to eight for each core, and what a request frees stays with its thread: of
    many parallel uploads the server would keep many times what it needs.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt:
            mallopt(M_ARENA_MAX, HEAPS)
