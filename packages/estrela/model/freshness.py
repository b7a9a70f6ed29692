"""Limits of the age of a source's data, above which people are alerted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from estrela.errors import DefinitionError

LOAD_EVERY = timedelta(days=1)
"""Time between two runs of a star's DAG."""
ANSWERED_WITHIN = 1.5 * LOAD_EVERY
"""Default: one run was missed, and half the time until the next run has passed."""


@dataclass(frozen=True)
class Freshness:
    """Limits of a source's age, as time since the last such event.

    ``answered_within``: the source answered all requests, and the answers are published. ``news_within``: it answered
    something new; None for a source that may stay unchanged for any time.
    """

    answered_within: timedelta = ANSWERED_WITHIN
    news_within: timedelta | None = None

    def __post_init__(self) -> None:
        if self.answered_within < LOAD_EVERY:
            problem = f"answered_within={self.answered_within} is less than the time between two runs"
            raise DefinitionError("Freshness", problem, (f"{LOAD_EVERY} or more",))
        if self.news_within is not None and self.news_within < LOAD_EVERY:
            problem = f"news_within={self.news_within} is less than the time between two runs"
            raise DefinitionError("Freshness", problem, ("None", f"{LOAD_EVERY} or more"))


DAILY = Freshness()
"""Limits of a source that is requested every day and may stay unchanged."""
