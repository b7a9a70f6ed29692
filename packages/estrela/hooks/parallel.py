"""Parallel calls, with a limit on the number of pending calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

A = TypeVar("A")
T = TypeVar("T")


def in_completion_order(call: Callable[[A], T], arguments: Iterable[A], workers: int, name: str) -> Iterator[T]:
    """Yield the results of ``call`` in the order of completion; ``arguments`` are taken only as workers become free.

    An error of a call is raised after the results that ended at the same time; calls that have not begun are then
    cancelled.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
    waiting: set[Future[T]] = set()
    try:
        for argument in arguments:
            waiting.add(pool.submit(call, argument))
            if len(waiting) >= 2 * workers:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from _results(done)
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from _results(done)
    finally:
        pool.shutdown(cancel_futures=True)


def _results(done: Iterable[Future[T]]) -> Iterator[T]:
    for future in sorted(done, key=lambda future: future.exception() is not None):
        yield future.result()
