"""Retries of requests, and the wait before each."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay

from estrela.errors import SourceUnavailableError
from estrela.hooks.http_policy import HttpPolicy


def retrying(source: str, policy: HttpPolicy, sleep: Callable[[float], None]) -> Retrying:
    """Return a retryer that repeats a call after a SourceUnavailableError, within the limits of ``policy``.

    After the last attempt it raises SourceUnavailableError with the number of attempts.
    """
    return Retrying(
        sleep=sleep,
        retry=retry_if_exception_type(SourceUnavailableError),
        wait=partial(_wait, policy),
        stop=_any(
            stop_after_attempt(policy.attempts),
            stop_before_delay(policy.deadline),
            lambda state: _retry_after(state) > policy.longest_wait,
        ),
        retry_error_callback=partial(_give_up, source, policy),
    )


def _wait(policy: HttpPolicy, state: RetryCallState) -> float:
    """Return an exponential backoff with full jitter, or the service's own Retry-After if that is longer."""
    ceiling = min(policy.longest_backoff, policy.first_backoff * 2.0 ** (state.attempt_number - 1))
    return max(random.uniform(0, ceiling), _retry_after(state))  # noqa: S311 - jitter is no secret


def _give_up(source: str, policy: HttpPolicy, state: RetryCallState) -> NoReturn:
    last = _error(state)
    problem = str(last).removeprefix(f"{source}: ")
    tries = f"gave up after {state.attempt_number} of {policy.attempts} attempts"
    asks = f"; the service asks clients to wait {last.retry_after:g} s" if last.retry_after else ""
    raise SourceUnavailableError(
        source, f"{problem}; {tries}{asks}", status=last.status, retry_after=last.retry_after
    ) from last


def _any(*stops: Callable[[RetryCallState], bool]) -> Callable[[RetryCallState], bool]:
    return lambda state: any(stop(state) for stop in stops)


def _error(state: RetryCallState) -> SourceUnavailableError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, SourceUnavailableError)
    return error


def _retry_after(state: RetryCallState) -> float:
    return _error(state).retry_after or 0.0
