"""Dates parsed from text by a pattern, as Joda-Time does for date_parse and parse_datetime.

A number takes as many digits as its field allows, not as many as the pattern has letters: `2024-1-2` matches
`%Y-%m-%d`. Fields that the pattern lacks come from 1970-01-01 00:00:00.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache

Part = tuple[str, str]
_MONTHS = {
    name.lower(): place for names in (calendar.month_name, calendar.month_abbr) for place, name in enumerate(names)
}
_DAYS = {name.lower(): place for names in (calendar.day_name, calendar.day_abbr) for place, name in enumerate(names)}
# name of a field, and its regular expression
_NUMBERS = {
    "year": r"\d{1,4}", "short_year": r"\d{2}", "month": r"\d{1,2}", "day": r"\d{1,2}", "day_of_year": r"\d{1,3}",
    "hour": r"\d{1,2}", "clock_hour": r"\d{1,2}", "minute": r"\d{1,2}", "second": r"\d{1,2}", "fraction": r"\d{1,9}",
}  # fmt: skip
_TEXTS = {"month_name": r"[A-Za-z]+", "day_name": r"[A-Za-z]+", "half": r"[AaPp][Mm]"}
_MYSQL = {
    "Y": "year", "y": "short_year", "m": "month", "c": "month", "d": "day", "e": "day", "j": "day_of_year",
    "H": "hour", "k": "hour", "h": "clock_hour", "I": "clock_hour", "l": "clock_hour", "i": "minute", "s": "second",
    "S": "second", "f": "fraction", "b": "month_name", "M": "month_name", "a": "day_name", "W": "day_name",
    "p": "half",
}  # fmt: skip
_JODA = {"y": "year", "Y": "year", "M": "month", "d": "day", "D": "day_of_year", "H": "hour", "h": "clock_hour",
         "m": "minute", "s": "second", "S": "fraction", "E": "day_name", "a": "half"}  # fmt: skip


def mysql_field(letter: str) -> str | None:
    """The field name of a `%x` of date_parse; None if it is not supported."""
    return _MYSQL.get(letter)


def joda_field(letters: str) -> str | None:
    """The field name of repeated letters of parse_datetime; None if they are not supported."""
    name = _JODA.get(letters[0])
    if name == "year":
        return "short_year" if len(letters) == 2 else "year" if len(letters) == 4 else None
    if name == "month" and len(letters) > 2:
        return "month_name"
    return name


def parser(field: Callable[[str], str | None]) -> Callable[[str, str], datetime]:
    """Return a function that parses a text by its pattern's fields, one `kind<TAB>text` per line."""

    def parse(text: str, steps: str) -> datetime:
        names, shape = _compiled(steps, field)
        match = shape.fullmatch(text)
        if match is None:
            raise ValueError(f'INVALID_FUNCTION_ARGUMENT: Invalid format: "{text[:100]}"')
        try:
            return _built(dict(zip(names, match.groups(), strict=True)))
        except (KeyError, ValueError) as error:
            raise ValueError(f'INVALID_FUNCTION_ARGUMENT: Cannot parse "{text[:100]}": {error}') from None

    return parse


def written(parts: Sequence[Part]) -> str:
    """The fields and texts of a pattern in the form that `parser` reads."""
    return "\n".join(f"{kind}\t{text}" for kind, text in parts)


@lru_cache(maxsize=1000)
def _compiled(steps: str, field: Callable[[str], str | None]) -> tuple[list[str], re.Pattern[str]]:
    names: list[str] = []
    pieces: list[str] = []
    for step in steps.split("\n"):
        kind, _, text = step.partition("\t")
        name = field(text) if kind == "field" else None
        if name is None:
            pieces.append(re.escape(text))
        else:
            names.append(name)
            pieces.append(f"({(_NUMBERS | _TEXTS)[name]})")
    return names, re.compile("".join(pieces))


def _built(fields: dict[str, str]) -> datetime:
    day = _date(fields)
    hour = int(fields.get("hour", 0))
    if "clock_hour" in fields:
        if not 1 <= int(fields["clock_hour"]) <= 12:
            raise ValueError(f"hour {fields['clock_hour']} of half a day")
        hour = int(fields["clock_hour"]) % 12 + (12 if fields.get("half", "am").lower() == "pm" else 0)
    micros = int(fields.get("fraction", "0")[:6].ljust(6, "0")) // 1000 * 1000
    return datetime(
        day.year, day.month, day.day, hour, int(fields.get("minute", 0)), int(fields.get("second", 0)), micros
    )


def _date(fields: dict[str, str]) -> date:
    year = int(fields.get("year", 1970))
    if "short_year" in fields:
        year = 1970 + (int(fields["short_year"]) - 70) % 100
    if "day_of_year" in fields:
        day = date(year, 1, 1) + timedelta(days=int(fields["day_of_year"]) - 1)
        if day.year != year:
            raise ValueError(f"day {fields['day_of_year']} of {year}")
        return day
    month = _MONTHS[fields["month_name"].lower()] if "month_name" in fields else int(fields.get("month", 1))
    day = date(year, month, int(fields.get("day", 1)))
    if "day_name" in fields and _DAYS[fields["day_name"].lower()] != day.weekday():
        raise ValueError(f"{fields['day_name']} is not the day of {day}")
    return day


def iso_date(text: str) -> date:
    """from_iso8601_date: a calendar, week or ordinal date."""
    for shape, build in _ISO:
        if match := re.fullmatch(shape, text):
            try:
                return build(*(int(group) for group in match.groups(default="1")))
            except ValueError:
                break
    raise ValueError(f'INVALID_FUNCTION_ARGUMENT: Invalid format: "{text[:100]}"')


def _ordinal(year: int, day: int) -> date:
    calendar_day = date(year, 1, 1) + timedelta(days=day - 1)
    if calendar_day.year != year:
        raise ValueError(f"day {day} of {year}")
    return calendar_day


_ISO: tuple[tuple[str, Callable[..., date]], ...] = (
    (r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", date),
    (r"(\d{4})-W(\d{1,2})(?:-([1-7]))?", date.fromisocalendar),
    (r"(\d{4})-(\d{3})", _ordinal),
)
