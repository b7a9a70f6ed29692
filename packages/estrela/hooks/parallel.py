"""Parallel calls, with a limit on the number of pending calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

A = TypeVar("A")
T = TypeVar("T")


@contextmanager
def threads(workers: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool for use in a generator; at its end, wait for the calls that have begun, and cancel all others.

    It does not wait if the generator is closed. The garbage collector may close an abandoned one in any thread, also in
    one that is just starting, which would then wait for itself for ever.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
    try:
        yield pool
    except GeneratorExit:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


def in_completion_order(call: Callable[[A], T], arguments: Iterable[A], workers: int, name: str) -> Iterator[T]:
    """Yield the results of ``call`` in the order of completion; ``arguments`` are taken only as workers become free.

    Calls that ended since the last look are yielded in any order, and an error after their results; calls that have not
    begun are then cancelled.
    """
    waiting: set[Future[T]] = set()
    with threads(workers, name) as pool:
        for argument in arguments:
            waiting.add(pool.submit(call, argument))
            if len(waiting) >= 2 * workers:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from _results(done)
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from _results(done)


def _results(done: Iterable[Future[T]]) -> Iterator[T]:
    for future in sorted(done, key=lambda future: future.exception() is not None):
        yield future.result()
