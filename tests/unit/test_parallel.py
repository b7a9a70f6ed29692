"""Pools of threads in generators."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from estrela.hooks.parallel import in_completion_order, threads


def in_order(call: Callable[[int], int]) -> Iterator[int]:
    with threads(2, "calls") as pool:
        yield from pool.map(call, range(4))


def as_completed(call: Callable[[int], int]) -> Iterator[int]:
    return in_completion_order(call, range(4), 2, "calls")


@pytest.mark.parametrize("results", [in_order, as_completed])
def test_an_abandoned_generator_waits_for_no_call(results: Callable[[Callable[[int], int]], Iterator[int]]) -> None:
    """The garbage collector closes it in any thread, also in one for which waiting would never end."""
    release, calls = threading.Event(), list[int]()

    def call(number: int) -> int:
        calls.append(number)
        if number == 1:
            release.wait()
        return number

    running = results(call)
    assert next(running) != 1
    with ThreadPoolExecutor(1) as other:
        closed = other.submit(running.close)  # type: ignore[attr-defined]
        try:
            closed.result(timeout=30)
        finally:
            release.set()
    assert sorted(calls)[:2] == [0, 1]


def test_calls_that_have_begun_end_before_an_error_is_raised() -> None:
    begun, ended = threading.Event(), threading.Event()

    def call(number: int) -> int:
        if number:
            begun.set()
            ended.wait(0.2)
            ended.set()
        begun.wait()
        return 1 // number

    with pytest.raises(ZeroDivisionError):
        list(in_completion_order(call, (0, 1), 2, "calls"))
    assert ended.is_set()
