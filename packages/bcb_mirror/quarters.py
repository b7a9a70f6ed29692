"""Quarters in the notation of the ranking, such as ``2020T1``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bcb_mirror.errors import QuarterError


@dataclass(frozen=True, order=True)
class Quarter:
    """A ``year`` and the ``number`` (1 to 4) of a quarter in it; ordered by time."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}T{self.number}"

    def next(self) -> Quarter:
        return Quarter(self.year, self.number + 1) if self.number < 4 else Quarter(self.year + 1, 1)

    @property
    def ordinal(self) -> int:
        """Number of quarters since year 0; differences are distances in quarters."""
        return self.year * 4 + self.number - 1


FIRST_TRIMESTRAL = Quarter(2017, 2)
NEVER_PUBLISHED = Quarter(2022, 2)
METHOD_BREAK = Quarter(2024, 2)


def quarter_of(text: str) -> Quarter:
    """Parse ``2020T1``; raise QuarterError."""
    match = re.fullmatch(r"(\d{4})T([1-4])", text.strip())
    if not match:
        raise QuarterError(f"quarter {text[:20]!r} is not of the form 2020T1, with a quarter from 1 to 4")
    return Quarter(int(match[1]), int(match[2]))


def quarter_at(ordinal: int) -> Quarter:
    """Return the quarter with this :attr:`Quarter.ordinal`."""
    return Quarter(ordinal // 4, ordinal % 4 + 1)


def quarters_between(first: Quarter, last: Quarter) -> list[Quarter]:
    """Return all quarters from ``first`` to ``last`` inclusive; raise QuarterError if the order is wrong."""
    if last < first:
        raise QuarterError(f"the first quarter {first} is after the last quarter {last}")
    return [quarter_at(ordinal) for ordinal in range(first.ordinal, last.ordinal + 1)]
