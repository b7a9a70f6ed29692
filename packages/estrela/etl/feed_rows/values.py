"""Conversion of a field's text, by its declared parser, to text that PostgreSQL reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from estrela.model.accepted import allowed, number_pattern
from estrela.model.parse import Boolean, Date, Digits, Number, Ordinal, Parser, Prefix, Text, Timestamp, Whole
from estrela.model.time_pattern import DATE_PARTS, TIMESTAMP_PARTS, Element, elements

SPACES = " \t\n\x0b\f\r\x1c\x1d\x1e\x1f\xa0"
"""Characters stripped from both ends of a text: Java's white space and the no-break space."""
RUN = re.compile(f"[{SPACES}]+")
LIMITS = {"int": (-(2**31), 2**31 - 1), "bigint": (-(2**63), 2**63 - 1)}
Read = Callable[[str], str | None]
"""Converts the text of a field to the text of its value, or None for NULL. Raises ValueError with the allowed form."""


def reader_of(parser: Parser, type_: str) -> Read:
    """Return the function that parses fields with ``parser`` for a column of ``type_``."""
    if isinstance(parser, Text):
        return _text(parser)
    form, reason = _form_of(parser, type_), allowed(parser, type_)

    def read(text: str) -> str | None:
        field = text.strip(SPACES)
        value = form(field) if field else ""
        if value is None:
            raise ValueError(reason)
        return value or None

    return read


def _text(parser: Text) -> Read:
    def read(text: str) -> str | None:
        if "\0" in text:
            raise ValueError("any text without NUL characters is allowed")
        field = text.strip(SPACES)
        if not field or not parser.trim:
            return text if field else None
        return RUN.sub(" ", field) if parser.collapse else field

    return read


def _form_of(parser: Whole | Number | Digits | Ordinal | Prefix | Date | Timestamp | Boolean, type_: str) -> Read:
    match parser:
        case Whole() | Number():
            return _number(parser, type_)
        case Digits(width):
            digits = re.compile(f"[0-9]{{1,{width}}}")
            return lambda text: text.zfill(width) if digits.fullmatch(text) else None
        case Ordinal(low, high):
            ordinal = re.compile(f"([{low}-{high}])[^0-9]?")
            return lambda text: matched[1] if (matched := ordinal.fullmatch(text)) else None
        case Prefix(values):
            return lambda text: next((value for start, value in values.items() if text.startswith(start)), None)
        case Boolean(true, false):
            words = dict.fromkeys(true, "true") | dict.fromkeys(false, "false")
            return words.get
        case Date() | Timestamp():
            return _time(parser)


def _number(parser: Whole | Number, type_: str) -> Read:
    pattern = re.compile(number_pattern(parser, type_))
    mark = parser.mark if isinstance(parser, Number) else ""
    fits = _fits(type_)

    def read(text: str) -> str | None:
        if not pattern.fullmatch(text):
            return None
        plain = text.replace(parser.grouping, "") if parser.grouping else text
        plain = plain.replace(mark, ".") if mark else plain
        return plain if fits(plain) else None

    return read


def _fits(type_: str) -> Callable[[str], bool]:
    """Return a function that checks if a number, as plain text, is in the range of ``type_``."""
    if type_ in LIMITS:
        low, high = LIMITS[type_]
        return lambda text: len(text) < 25 and low <= int(text) <= high
    if type_.startswith("decimal"):
        precision, scale = map(int, type_[len("decimal(") : -1].split(","))
        return lambda text: len(text.partition(".")[0].lstrip("-0")) <= precision - scale
    return lambda text: len(text) < 300


def _time(parser: Date | Timestamp) -> Read:
    pattern_elements = elements(parser.pattern, DATE_PARTS if isinstance(parser, Date) else TIMESTAMP_PARTS)
    pattern = re.compile("".join(map(_regex, pattern_elements)))
    zone = None if isinstance(parser, Date) else ZoneInfo(parser.zone)

    def read(text: str) -> str | None:
        parts = pattern.fullmatch(text)
        try:
            if parts is None:
                return None
            return _date(parts).isoformat() if zone is None else _instant(parts, zone).isoformat(" ")
        except (ValueError, OverflowError):
            return None

    return read


def _regex(element: Element) -> str:
    part = element.part
    return re.escape(element.literal) if part is None else f"(?P<{part.name}>{part.regex})"


def _date(parts: re.Match[str]) -> date:
    return date(int(parts["year"]), int(parts["month"]), int(parts["day"]))


def _instant(parts: re.Match[str], zone: ZoneInfo) -> datetime:
    given = parts.groupdict()
    microsecond = int((given.get("fraction") or "").ljust(6, "0"))
    day = _date(parts)
    local = datetime(
        day.year, day.month, day.day, int(given["hour"]), int(given["minute"]), int(given.get("second") or 0),
        microsecond, tzinfo=zone,
    )  # fmt: skip
    offset = given.get("offset")
    if offset and offset != "Z":
        local = datetime.fromisoformat(f"{local:%Y-%m-%dT%H:%M:%S.%f}{offset}")
    elif offset:
        local = local.replace(tzinfo=UTC)
    return local.astimezone(UTC)
