"""Crashes between any two effects of a function: before statements to PostgreSQL, before and after calls of AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from botocore.client import BaseClient


class Crash(BaseException):
    """Simulates the death of a process. As a BaseException it passes handlers of Exception."""


@contextmanager
def each_effect(call: Callable[[str], None]) -> Iterator[None]:
    """Call ``call`` with the name of each effect just before it, and also after each call of AWS.

    The name of a call of SQS contains the queue, as in ``after SendMessageBatch messages.fifo``.
    """
    execute, request = psycopg.Connection.execute, BaseClient._make_api_call  # type: ignore[attr-defined]

    def execute_seen(self: Any, query: Any, *given: Any, **options: Any) -> Any:
        call(f"before {str(query).split(maxsplit=1)[0]}")
        return execute(self, query, *given, **options)

    def request_seen(self: Any, operation: str, given: Any) -> Any:
        name = " ".join([operation, *given.get("QueueUrl", "").split("/")[-1:]]).rstrip()
        call(f"before {name}")
        answer = request(self, operation, given)
        call(f"after {name}")
        return answer

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(psycopg.Connection, "execute", execute_seen)
        patched.setattr(BaseClient, "_make_api_call", request_seen)
        yield


@contextmanager
def crash_on(name: str, die: Callable[[], None]) -> Iterator[None]:
    """Call ``die`` at the first effect with this name."""
    with each_effect(lambda effect: die() if effect == name else None):
        yield


@contextmanager
def crash_at(effect: int, die: Callable[[], None]) -> Iterator[None]:
    """Call ``die`` at the effect with this number, counted from 0."""
    left = effect

    def count(_: str) -> None:
        nonlocal left
        if left == 0:
            die()
        left -= 1

    with each_effect(count):
        yield
