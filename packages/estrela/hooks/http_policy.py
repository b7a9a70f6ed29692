"""Timeouts, retries and limits of a client of a REST service."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HttpPolicy:
    """Limits of one client; times in seconds, sizes in bytes.

    ``deadline`` limits one request including all retries, except that a body which arrives at ``slowest`` bytes per
    second or faster may take as long as it needs. After ``give_up_after`` consecutive failed requests the rest of a
    batch is not sent. A ``Retry-After`` longer than ``longest_wait`` ends the retries.
    """

    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    deadline: float = 300.0
    slowest: float = 64 * 1024
    attempts: int = 5
    first_backoff: float = 0.5
    longest_backoff: float = 30.0
    longest_wait: float = 120.0
    largest_body: int = 10 * 1024**3
    concurrency: int = 8
    give_up_after: int = 25
    user_agent: str = "estrela (open data pipeline; python-requests)"
