"""Times of schedules: ``rate(5 minutes)``, ``cron(0 9 ? * MON-FRI *)`` and ``at(2026-11-29T03:00:00)``.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\(([^()]*)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_MINUTES = {"minute": 1, "hour": 60, "day": 1440}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), start=1)}
_LAST_YEAR = 2199


class ScheduleError(ValueError):
    """An invalid schedule expression."""


@dataclass(frozen=True)
class Schedule:
    """A schedule in a time zone. ``minute`` is the length in seconds of a minute in ``rate()``; tests shorten it."""

    expression: str
    timezone: str = "UTC"
    minute: float = 60.0

    @property
    def is_once(self) -> bool:
        """Return whether it fires only once."""
        return self.expression.startswith("at(")

    def next_after(self, moment: float, anchor: float) -> float | None:
        """Return the first time after ``moment``, in seconds since the epoch, or None. A rate is counted from
        ``anchor``.

        Raises ScheduleError.
        """
        if match := _RATE.fullmatch(self.expression):
            period = int(match[1]) * _MINUTES[match[2]] * self.minute
            if not period:
                raise ScheduleError(self.expression)
            passed = max(0.0, moment - anchor) // period
            return anchor + (passed + 1) * period if moment >= anchor else anchor
        zone = ZoneInfo(self.timezone)
        if match := _AT.fullmatch(self.expression):
            once = datetime.fromisoformat(match[1]).replace(tzinfo=zone).timestamp()
            return once if once > moment else None
        if match := _CRON.fullmatch(self.expression):
            return _next_cron(match[1], datetime.fromtimestamp(moment, UTC).astimezone(zone))
        raise ScheduleError(self.expression)


def is_valid(expression: str, timezone: str) -> bool:
    """Return whether a schedule expression is valid and its time zone exists."""
    now = time.time()
    try:
        ZoneInfo(timezone)
        Schedule(expression, timezone).next_after(now, now)
    except (ValueError, KeyError, OSError):
        return False
    return True


def _next_cron(fields: str, after: datetime) -> float | None:
    parts = fields.split()
    if len(parts) != 6 or (parts[2] == "?") == (parts[4] == "?"):  # one of the two days says nothing, and only one
        raise ScheduleError(f"cron({fields})")
    minutes, hours = _values(parts[0], 0, 59, {}), _values(parts[1], 0, 23, {})
    months, years = _values(parts[3], 1, 12, _MONTHS), _values(parts[5], 1970, _LAST_YEAR, {})
    day = after.date()
    for _ in range(366 * 8):
        if day.year in years and day.month in months and _fits(day, parts[2], parts[4]):
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=after.tzinfo)
                    if moment > after:
                        return moment.timestamp()
        day += timedelta(days=1)
    return None


def _fits(day: date, of_month: str, of_week: str) -> bool:
    if of_month == "?":
        return day in set(_weekdays(of_week, day))
    last = calendar.monthrange(day.year, day.month)[1]
    if of_month == "L":
        return day.day == last
    if of_month.endswith("W"):
        return day == _nearest_weekday(day, last if of_month == "LW" else int(of_month[:-1]))
    return day.day in _values(of_month, 1, 31, {})


def _weekdays(field: str, day: date) -> Iterator[date]:
    """Return the days of a month that match a day-of-week field."""
    days = [date(day.year, day.month, n) for n in range(1, calendar.monthrange(day.year, day.month)[1] + 1)]
    if match := re.fullmatch(r"(\w+?)(?:#(\d)|L)", field):
        wanted = [candidate for candidate in days if _number(candidate) in _values(match[1], 1, 7, _DAYS)]
        number = int(match[2]) - 1 if match[2] else len(wanted) - 1
        yield from wanted[number : number + 1]
        return
    numbers = {7} if field == "L" else _values(field, 1, 7, _DAYS)
    yield from (candidate for candidate in days if _number(candidate) in numbers)


def _number(day: date) -> int:
    """Return AWS's number of a weekday, where Sunday is 1."""
    return day.isoweekday() % 7 + 1


def _nearest_weekday(day: date, number: int) -> date:
    last = calendar.monthrange(day.year, day.month)[1]
    wanted = date(day.year, day.month, min(number, last))
    if wanted.isoweekday() == 6:
        return wanted - timedelta(days=1) if wanted.day > 1 else wanted + timedelta(days=2)
    if wanted.isoweekday() == 7:
        return wanted + timedelta(days=1) if wanted.day < last else wanted - timedelta(days=2)
    return wanted


def _values(field: str, low: int, high: int, names: dict[str, int]) -> set[int]:
    numbers: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span in ("*", "?"):
            start, end = low, high
        else:
            start = _value(first, names)
            end = _value(last, names) if dash else high if step else start
        if not (low <= start <= high and low <= end <= high and (not step or step.isdigit())):
            raise ScheduleError(field)
        numbers |= set(range(start, end + 1, int(step or 1)))
    return numbers


def _value(text: str, names: dict[str, int]) -> int:
    if text.upper() in names:
        return names[text.upper()]
    if not text.isdigit():
        raise ScheduleError(text)
    return int(text)
