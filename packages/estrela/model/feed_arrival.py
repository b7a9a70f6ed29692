"""Expected arrivals of a feed: the times, and the numbers of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from estrela.errors import DefinitionError

WEEK = tuple(range(7))
FEWEST_LOADS = 3
"""Minimum number of earlier loads before ``band`` is applied."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A file is due at ``by`` in ``zone`` on each of ``days`` (0 is Monday), and "late" if none arrived since the due
    time before.

    A file with fewer than ``least_rows`` rows is "empty". A file is "odd" if its number of rows differs from the median
    of the ``last`` loads before it by more than the share ``band``; 0 disables this check.
    """

    by: time | None = None
    zone: str = "America/Sao_Paulo"
    days: tuple[int, ...] = WEEK
    least_rows: int = 0
    band: float = 0.0
    last: int = 7

    def __post_init__(self) -> None:
        if self.by is not None and (not self.days or not set(self.days) <= set(WEEK)):
            raise DefinitionError("Expected", f"days={self.days}", ("some of 0 (Monday) to 6 (Sunday)",))
        if self.least_rows < 0 or self.band < 0 or self.last < FEWEST_LOADS:
            problem = f"least_rows={self.least_rows}, band={self.band}, last={self.last}"
            allowed = (f"least_rows and band of at least 0, and last of at least {FEWEST_LOADS}",)
            raise DefinitionError("Expected", problem, allowed)

    def due(self, now: datetime) -> tuple[datetime, datetime] | None:
        """Return the last two times at which a file was due, the earlier first; None if no ``by`` is declared."""
        if self.by is None:
            return None
        zone = ZoneInfo(self.zone)
        today = now.astimezone(zone).date()
        days = (today - timedelta(days=back) for back in range(15))
        times = [datetime.combine(day, self.by, zone) for day in days if day.weekday() in self.days]
        last, before = [moment for moment in times if moment <= now][:2]
        return before, last

    def deviation(self, rows: int, before: Sequence[int]) -> tuple[str, str] | None:
        """Return ``empty`` or ``odd``, and the expectation, for a file of ``rows`` rows; None if it is as expected.

        ``before`` lists the row counts of the earlier loads.
        """
        if rows < self.least_rows:
            return "empty", f"it has {rows} rows, but at least {self.least_rows} are expected"
        if not self.band or len(before) < FEWEST_LOADS:
            return None
        usual = median(before)
        if abs(rows - usual) <= self.band * usual:
            return None
        low, high = max(0, usual * (1 - self.band)), usual * (1 + self.band)
        shown = f"{low:.0f} to {high:.0f} are expected, judging by the {len(before)} loads before it"
        return "odd", f"it has {rows} rows, but {shown}"
