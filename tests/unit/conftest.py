"""Fixtures of the unit tests."""

from __future__ import annotations

from collections.abc import Iterator
from threading import RLock
from typing import Any

import pytest
from moto.core.botocore_stubber import BotocoreStubber


@pytest.fixture(scope="session", autouse=True)
def one_request_at_a_time() -> Iterator[None]:
    """Let moto answer one request after another.

    Two concurrent puts of one key race inside moto: it closes the body of the first while it computes its ETag.
    """
    answer, lock = BotocoreStubber.__call__, RLock()

    def answer_alone(self: BotocoreStubber, event_name: str, request: Any, **given: Any) -> Any:
        with lock:
            return answer(self, event_name, request, **given)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(BotocoreStubber, "__call__", answer_alone)
        yield
