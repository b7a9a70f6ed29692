"""Literals: numbers, strings, typed literals, intervals, binaries."""

from __future__ import annotations

import re
from datetime import date, datetime

from sqlglot import exp

from localaws.athena.embedded.sql.casts import widest_integer
from localaws.athena.embedded.sql.typed import Typed, text_literal
from localaws.athena.embedded.sql.zones import utc_of, zone_name
from localaws.athena.sql_errors import InvalidLiteralError, NotSupportedError, SqlError
from localaws.athena.types.trino import (
    BIGINT,
    DATE,
    DAY_INTERVAL,
    DOUBLE,
    INTEGER,
    VARBINARY,
    YEAR_INTERVAL,
    decimal,
    time,
    timestamp,
    timestamptz,
    varchar,
)

# fields of an interval, largest first, with the separator before all but the first
_MONTHS = {"YEAR": 12, "MONTH": 1}
_MICROS = {"DAY": 86400 * 10**6, "HOUR": 3600 * 10**6, "MINUTE": 60 * 10**6, "SECOND": 10**6}
_MARKS = {"MONTH": "-", "HOUR": r"\s+", "MINUTE": ":", "SECOND": ":"}
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_CLOCK = re.compile(
    r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]?\d)(?::(?P<second>[0-5]?\d)(?:\.(?P<fraction>\d{1,6}))?)?(?!\d)"
)


def string(value: str) -> Typed:
    """A string literal: varchar(its length)."""
    return Typed(f"CAST({text_literal(value)} AS VARCHAR)", varchar(len(value)), value)


def number(text: str) -> Typed:
    """A number: 1 is integer or bigint, 1.0 and 1e0 are double.

    Unlike Trino by default, Athena reads a number with a decimal point and no exponent as double; a decimal literal is
    `DECIMAL '1.0'`.
    """
    digits = text.lstrip("-")
    if re.fullmatch(r"\d+", digits):
        if not -(2**63) <= int(text) < 2**63:
            raise SqlError(f"Invalid numeric literal: {text}")
        kind = BIGINT if widest_integer(int(text)) == "bigint" else INTEGER
        return Typed(f"CAST({text_literal(text)} AS {kind.name.upper()})", kind, text)
    if re.fullmatch(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", digits):
        return Typed(f"CAST({text_literal(text)} AS DOUBLE)", DOUBLE, text)
    raise NotSupportedError(f"literal {text}")


def decimal_literal(text: str) -> Typed:
    """decimal(p,s) of the written digits: leading zeros do not count, `.5` is decimal(1,1)."""
    match = re.fullmatch(r"\s*([+-]?)(\d*)\.?(\d*)\s*", text)
    if not match or not match[2] + match[3]:
        raise SqlError(f"Invalid decimal literal: {text}")
    whole, scale = match[2].lstrip("0"), len(match[3])
    kind = decimal(max(len(whole) + scale, 1), scale)
    return Typed(f"CAST({text_literal(text.strip())} AS DECIMAL({kind.size[0]},{scale}))", kind, text)


def typed(kind: str, text: str) -> Typed:
    """DATE '..', TIME '..', TIMESTAMP '..', DECIMAL '..' and similar; `kind` is sqlglot's type name.

    Raises:
        InvalidLiteralError: the text is not a value of the type.
    """
    if kind == "DECIMAL":
        return decimal_literal(text)
    if kind in ("TIMESTAMP", "TIMESTAMPTZ"):
        return _instant(text)
    if kind == "DATE":
        day = _day(text.strip().removeprefix("+"), text)
        return Typed(f"CAST('{day}' AS DATE)", DATE, str(day))
    if kind == "TIME":
        return _time(text)
    raise NotSupportedError(f"{kind} literal")


def _day(day: str, literal: str) -> date:
    match = _DAY.fullmatch(day)
    if not match:
        raise InvalidLiteralError(f"'{literal}' is not a valid DATE literal")
    try:
        return date(*map(int, match.groups()))
    except ValueError:
        raise InvalidLiteralError(f"'{literal}' is not a valid DATE literal") from None


def _time(text: str) -> Typed:
    match = _CLOCK.fullmatch(text)
    if not match:
        raise InvalidLiteralError(f"'{text}' is not a valid TIME literal")
    return Typed(f"CAST('{_clock(match)}' AS TIME)", time(len(match["fraction"] or "")))


def _clock(match: re.Match[str]) -> str:
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    return f"{hour:02d}:{minute:02d}:{second:02d}" + (f".{match['fraction']}" if match["fraction"] else "")


def _instant(text: str) -> Typed:
    day, _, rest = text.partition(" ")
    clock = _CLOCK.match(rest)
    zone = (rest[clock.end() :] if clock else rest).strip()
    local = f"{_instant_day(day, text)} {_clock(clock) if clock else '00:00:00'}"
    digits = len(clock["fraction"] or "") if clock else 0
    if not zone:
        return Typed(f"CAST('{local}' AS TIMESTAMP)", timestamp(digits))
    name = zone_name(zone)
    instant = utc_of(datetime.fromisoformat(local), name)
    if instant is None:
        raise InvalidLiteralError(f"'{text}' is not a valid TIMESTAMP literal")
    return Typed(f"(CAST('{instant}' AS TIMESTAMP) AT TIME ZONE 'UTC')", timestamptz(digits, name))


def _instant_day(day: str, literal: str) -> date:
    try:
        return _day(day, literal)
    except InvalidLiteralError:
        raise InvalidLiteralError(f"'{literal}' is not a valid TIMESTAMP literal") from None


def interval(node: exp.Interval) -> Typed:
    """INTERVAL '2' DAY, INTERVAL '1-2' YEAR TO MONTH, INTERVAL '1 02:03:04.567' DAY TO SECOND and similar."""
    unit, value = node.args.get("unit"), node.this
    if not isinstance(value, exp.Literal) or not value.is_string:
        raise NotSupportedError("INTERVAL of a value that is not a string literal")
    first, last = (unit.this, unit.expression) if isinstance(unit, exp.IntervalSpan) else (unit, unit)
    if not isinstance(first, exp.Var) or not isinstance(last, exp.Var):
        raise NotSupportedError("INTERVAL without a field")
    names = (first.name.upper(), last.name.upper())
    for fields in (_MONTHS, _MICROS):
        if names[0] in fields and names[1] in fields:
            amount = _amount(value.this, names, fields)
            function, kind = _INTERVALS[fields is _MICROS]
            return Typed(f"{function}({amount})", kind)
    raise NotSupportedError(f"INTERVAL {' TO '.join(dict.fromkeys(names))}")


_INTERVALS = (("to_months", YEAR_INTERVAL), ("trino_day_interval", DAY_INTERVAL))


def _amount(text: str, names: tuple[str, str], fields: dict[str, int]) -> int:
    """The number of months or microseconds in a literal, from its first field to its last."""
    listed = list(fields)
    units = listed[listed.index(names[0]) : listed.index(names[1]) + 1]
    shape = "".join(f"{_MARKS[unit] if place else ''}(\\d+)" for place, unit in enumerate(units))
    fraction = r"(?:\.(\d{1,3}))?" if units and units[-1] == "SECOND" else ""
    match = re.fullmatch(rf"\s*([+-]?){shape}{fraction}\s*", text)
    if not units or not match:
        raise InvalidLiteralError(f"'{text}' is not a valid INTERVAL literal")
    _, *numbers = match.groups()
    total = sum(int(number) * fields[unit] for number, unit in zip(numbers, units, strict=False))
    if fraction and numbers[-1]:
        total += int(numbers[-1].ljust(3, "0")) * 1000
    return -total if match[1] == "-" else total


def binary(text: str) -> Typed:
    """X'65 6C'."""
    digits = re.sub(r"\s", "", text)
    if not re.fullmatch(r"([0-9a-fA-F]{2})*", digits):
        raise SqlError(f"Binary literal X'{text}' must contain an even number of hexadecimal digits")
    return Typed(f"unhex('{digits}')", VARBINARY)


def unicode_string(text: str) -> Typed:
    r"""U&'\0041'; only with the default escape character."""
    if not re.fullmatch(r"(?:[^\\]|\\\\|\\[0-9a-fA-F]{4}|\\\+[0-9a-fA-F]{6})*", text):
        raise SqlError("Invalid Unicode escape in U&'...'")

    def decode(match: re.Match[str]) -> str:
        return "\\" if match[0] == "\\\\" else chr(int(match[0].lstrip("\\+"), 16))

    return string(re.sub(r"\\\\|\\\+[0-9a-fA-F]{6}|\\[0-9a-fA-F]{4}", decode, text))
