"""Dates and times as COPY reads them.

https://docs.aws.amazon.com/redshift/latest/dg/r_DATEFORMAT_and_TIMEFORMAT_strings.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from localaws.redshift.copy import problems
from localaws.redshift.copy.problems import FieldError
from localaws.redshift.errors import SqlError, UnsupportedError

AUTO, SECONDS, MILLISECONDS = "auto", "epochsecs", "epochmillisecs"
DEFAULT_DATE, DEFAULT_TIME = "YYYY-MM-DD", "YYYY-MM-DD HH24:MI:SS"
_REMEMBERED = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
# Longer names precede their prefixes, because a pattern is matched from left to right.
_PARTS = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<short_year>\d{2})",
    "MONTH": r"(?P<month_name>[A-Za-z]{3,9})",
    "MON": r"(?P<month_name>[A-Za-z]{3})",
    "MM": r"(?P<month>\d{2})",
    "DD": r"(?P<day>\d{2})",
    "HH24": r"(?P<hour>\d{2})",
    "HH12": r"(?P<half_hour>\d{2})",
    "HH": r"(?P<hour>\d{2})",
    "MI": r"(?P<minute>\d{2})",
    "SS": r"(?P<second>\d{2})(?:\.(?P<fraction>\d{1,6}))?",
    "AM": r"(?P<half>[AaPp][Mm])",
    "PM": r"(?P<half>[AaPp][Mm])",
}
_PART = re.compile("|".join(_PARTS) + "|.", re.DOTALL | re.IGNORECASE)
_ISO = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?"
)
_WITH_ZONE = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)(Z|[+-]\d\d?(?::?\d\d)?)")


def date_reader(pattern: str) -> Callable[[str], str | None]:
    """Return a function that reads a DATE column's fields with DATEFORMAT ``pattern``, empty for the default."""
    if pattern == AUTO:
        return lambda value: _automatic(value)[0]
    expression = compiled(pattern or DEFAULT_DATE)

    @lru_cache(maxsize=_REMEMBERED)  # few days stand in many rows
    def read(value: str) -> str:
        if not pattern and len(value) < len(DEFAULT_DATE):
            raise FieldError(problems.DATE, "Invalid Date Format - length must be 10 or more")
        match = expression.match(value)
        if match is None:
            raise FieldError(problems.DATE, f"Invalid date format or value [{pattern or DEFAULT_DATE}]")
        if match.end() < len(value) and not re.match(r"[ T]", value[match.end() :]):
            raise UnsupportedError(f"COPY of the date {value[:60]}")
        return _day(match, problems.DATE, pattern or DEFAULT_DATE).isoformat()

    return read


def time_reader(pattern: str, *, with_zone: bool) -> Callable[[str], str | None]:
    """Return a function that reads a TIMESTAMP or TIMESTAMPTZ column's fields with TIMEFORMAT ``pattern``.

    An empty pattern is the default format.
    """
    if pattern in (SECONDS, MILLISECONDS):
        return lambda value: _epoch(value, 1000 if pattern == SECONDS else 1)
    if pattern == AUTO:
        return lambda value: _automatic_time(value, with_zone=with_zone)
    if with_zone and pattern:
        raise UnsupportedError("COPY with TIMEFORMAT into a TIMESTAMPTZ column")
    expression, shown = compiled(pattern or DEFAULT_TIME), pattern or DEFAULT_TIME

    def read(value: str) -> str:
        match = (_WITH_ZONE if with_zone else expression).fullmatch(value)
        if match is None:
            if not pattern and re.fullmatch(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?", value):
                raise UnsupportedError(f"COPY of the time {value} without TIMEFORMAT 'auto'")
            raise FieldError(problems.TIMESTAMP, f"Invalid timestamp format or value [{shown}]")
        if with_zone:
            return f"{_checked_day(match[1], shown)} {_checked_time(match[2], shown)}{match[3]}"
        return f"{_day(match, problems.TIMESTAMP, shown).isoformat()} {_clock(match, shown)}"

    return read


def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a DATEFORMAT or TIMEFORMAT to a regular expression; raises SqlError for an invalid part."""
    pieces, seen = [], set[str]()
    for piece in _PART.findall(pattern):
        part = _PARTS.get(piece.upper(), "")
        if not part and piece.isalpha() and piece.upper() != "T":
            raise SqlError(f"invalid date or time format {pattern}: {piece} is not a date or time part")
        if part and part in seen:
            raise SqlError(f"invalid date or time format {pattern}: {piece} occurs twice")
        seen.add(part)
        pieces.append(part or re.escape(piece))
    return re.compile("".join(pieces))


def _day(match: re.Match[str], code: int, pattern: str) -> date:
    parts = match.groupdict()
    month = parts.get("month") or "1"
    if parts.get("month_name"):
        name = parts["month_name"].lower()[:3]
        month = str(_MONTHS.index(name) + 1) if name in _MONTHS else "13"
    if parts.get("short_year"):
        raise UnsupportedError(f"a year of two digits in the format {pattern}")
    try:
        return date(int(parts.get("year") or 1), int(month), int(parts.get("day") or 1))
    except ValueError:
        kind = "date" if code == problems.DATE else "timestamp"
        raise FieldError(code, f"Invalid {kind} format or value [{pattern}]") from None


def _clock(match: re.Match[str], pattern: str) -> str:
    parts = match.groupdict()
    hour = int(parts.get("hour") or 0)
    if parts.get("half_hour"):
        hour = int(parts["half_hour"]) % 12 + (12 if (parts.get("half") or "").lower() == "pm" else 0)
    text = f"{hour:02}:{int(parts.get('minute') or 0):02}:{int(parts.get('second') or 0):02}"
    fraction = parts.get("fraction")
    return _checked_time(f"{text}.{fraction}" if fraction else text, pattern)


def _checked_time(text: str, pattern: str) -> str:
    hour, minute, *second = text.split(":")
    if int(hour) > 23 or int(minute) > 59 or (second and float(second[0]) >= 60):
        raise FieldError(problems.TIMESTAMP, f"Invalid timestamp format or value [{pattern}]")
    return text


def _checked_day(text: str, pattern: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise FieldError(problems.TIMESTAMP, f"Invalid timestamp format or value [{pattern}]") from None


def _automatic(value: str) -> tuple[str, str, str]:
    """Split a time that 'auto' certainly recognises, which is ISO 8601, into day, time and zone."""
    match = _ISO.fullmatch(value.strip())
    if match is None:
        raise UnsupportedError(f"COPY of the time {value[:60]} with 'auto'")
    return _checked_day(match["day"], AUTO), _checked_time(match["time"] or "00:00", AUTO), match["zone"] or ""


def _automatic_time(value: str, *, with_zone: bool) -> str:
    day, clock, zone = _automatic(value)
    if zone and not with_zone:
        raise UnsupportedError(f"COPY of the time {value[:60]} into a column without time zone")
    return f"{day} {clock}{zone or ('+00' if with_zone else '')}"


def _epoch(value: str, factor: int) -> str:
    if not re.fullmatch(r"-?\d{1,15}", value):
        raise UnsupportedError(f"COPY of {value[:60]} as an epoch time")
    moment = _EPOCH + timedelta(milliseconds=int(value) * factor)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f+00").replace(".000000", "")
