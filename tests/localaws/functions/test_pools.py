"""Concurrency: what a function reserves is its own, and all others share what is left of the account's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localaws.functions.errors import LambdaError
from localaws.functions.pools import PoolKey, Pools

LIMIT = 3


class Environment:
    """An execution environment without a process."""

    def __init__(self) -> None:
        self.alive, self.idle_since, self.is_closed = True, 0.0, False

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def pools() -> Iterator[Pools]:
    pools = Pools(LIMIT)
    yield pools
    pools.stop()


def key(name: str, revision: str = "r") -> PoolKey:
    return PoolKey(name, "$LATEST", revision)


def acquire(pools: Pools, name: str, reserved: int | None = None, unreserved: int = LIMIT) -> tuple[Any, bool]:
    return pools.acquire(key(name), reserved, unreserved, Environment)  # type: ignore[arg-type]


def reason(pools: Pools, name: str, reserved: int | None = None, unreserved: int = LIMIT) -> str:
    with pytest.raises(LambdaError) as error:
        acquire(pools, name, reserved, unreserved)
    assert (error.value.code, error.value.message) == ("TooManyRequestsException", "Rate Exceeded.")
    return error.value.reason


def test_functions_share_the_concurrency_of_the_account(pools: Pools) -> None:
    environments = [acquire(pools, name)[0] for name in ("a", "a", "b")]
    assert reason(pools, "c") == "ConcurrentInvocationLimitExceeded"
    pools.release(key("b"), environments[2])
    assert acquire(pools, "c")[1]


def test_what_is_reserved_is_taken_from_the_others(pools: Pools) -> None:
    acquire(pools, "own", reserved=1)
    assert reason(pools, "own", reserved=1) == "ReservedFunctionConcurrentInvocationLimitExceeded"
    for _ in range(2):
        acquire(pools, "a", unreserved=2)  # the one of "own" is not counted
    assert reason(pools, "a", unreserved=2) == "ConcurrentInvocationLimitExceeded"


def test_an_environment_is_used_again_until_its_function_changes(pools: Pools) -> None:
    first, is_new = acquire(pools, "a")
    pools.release(key("a"), first)
    again, is_new_again = acquire(pools, "a")
    assert (is_new, is_new_again, again) == (True, False, first)
    pools.retire("a", frozenset({"other"}))
    pools.release(key("a"), again)
    assert again.is_closed


def test_a_dead_environment_is_not_used_again(pools: Pools) -> None:
    first, _ = acquire(pools, "a")
    pools.release(key("a"), first)
    first.alive = False
    assert acquire(pools, "a")[1]
