"""Literals: numbers, strings, typed literals, intervals, binaries."""

from __future__ import annotations

import re

from sqlglot import exp

from localaws.athena.sql.casts import convert, widest_integer
from localaws.athena.sql.errors import NotSupportedError, SqlError
from localaws.athena.sql.typed import Typed, text_literal
from localaws.athena.sql.types import (
    BIGINT,
    DAY_INTERVAL,
    DOUBLE,
    INTEGER,
    VARBINARY,
    YEAR_INTERVAL,
    Type,
    decimal,
    timestamp,
    timestamptz,
    varchar,
)

_MONTHS = {"YEAR": 12, "MONTH": 1}
_MICROS = {"SECOND": 10**6, "MINUTE": 60 * 10**6, "HOUR": 3600 * 10**6, "DAY": 86400 * 10**6}
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2}(?::\d{2}(?:\.(\d{1,6}))?)?)?")


def string(value: str) -> Typed:
    """A string literal: varchar(its length)."""
    return Typed(f"CAST({text_literal(value)} AS VARCHAR)", varchar(len(value)), value)


def number(text: str) -> Typed:
    """A number: 1 is integer or bigint, 1.0 and 1e0 are double.

    Athena reads a decimal point without an exponent as double, unlike Trino's default; a decimal literal is
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
    """decimal(p,s) of the digits written: leading zeros do not count, `.5` is decimal(1,1)."""
    match = re.fullmatch(r"\s*([+-]?)(\d*)\.?(\d*)\s*", text)
    if not match or not match[2] + match[3]:
        raise SqlError(f"Invalid decimal literal: {text}")
    whole, scale = match[2].lstrip("0"), len(match[3])
    kind = decimal(max(len(whole) + scale, 1), scale)
    return Typed(f"CAST({text_literal(text.strip())} AS DECIMAL({kind.size[0]},{scale}))", kind, text)


def typed(kind: str, text: str) -> Typed:
    """DATE '..', TIMESTAMP '..', DECIMAL '..' and their like, `kind` in sqlglot's words."""
    if kind == "DECIMAL":
        return decimal_literal(text)
    if kind in ("TIMESTAMP", "TIMESTAMPTZ"):
        return _instant(text)
    raise NotSupportedError(f"{kind} literal")


def _instant(text: str) -> Typed:
    match = _INSTANT.match(text)
    if not match:
        raise SqlError(f"'{text}' is not a valid TIMESTAMP literal")
    digits, zone = len(match[1] or ""), text[match.end() :].strip()
    local = convert(string(match[0]), timestamp(6)).sql
    if not zone:
        return Typed(local, timestamp(digits))
    return Typed(f"({local} AT TIME ZONE {text_literal(zone_name(zone))})", timestamptz(digits, zone_name(zone)))


def zone_name(zone: str) -> str:
    """The zone of a literal; only UTC and region names, which DuckDB and Java read alike.

    Raises:
        NotSupportedError: offsets and abbreviations.
    """
    if zone.upper() in ("UTC", "Z"):
        return "UTC"
    if not re.fullmatch(r"[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_-]+)+", zone):
        raise NotSupportedError(f"time zone '{zone}'")
    return zone


def interval(node: exp.Interval) -> Typed:
    """INTERVAL '2' DAY and its like; one field, a whole number (seconds may have a fraction)."""
    unit = node.args.get("unit")
    value = node.this
    if not isinstance(unit, exp.Var) or not isinstance(value, exp.Literal) or not value.is_string:
        raise NotSupportedError("INTERVAL with more than one field")
    name = unit.name.upper()
    if name not in _MONTHS and name not in _MICROS:
        raise NotSupportedError(f"INTERVAL {name}")
    if not re.fullmatch(r"[+-]?\d+" if name != "SECOND" else r"[+-]?\d+(\.\d{1,3})?", value.this):
        raise NotSupportedError(f"INTERVAL '{value.this}' {name}")
    if name in _MONTHS:
        return Typed(f"to_months({int(value.this) * _MONTHS[name]})", YEAR_INTERVAL)
    micros = round(float(value.this) * 1000) * 1000 if name == "SECOND" else int(value.this) * _MICROS[name]
    return Typed(f"trino_day_interval({micros})", DAY_INTERVAL)


def binary(text: str) -> Typed:
    """X'65 6C'."""
    digits = re.sub(r"\s", "", text)
    if not re.fullmatch(r"([0-9a-fA-F]{2})*", digits):
        raise SqlError(f"Binary literal X'{text}' must contain an even number of hexadecimal digits")
    return Typed(f"unhex('{digits}')", VARBINARY)


def unicode_string(text: str) -> Typed:
    r"""U&'\0041'; the default escape only."""
    if not re.fullmatch(r"(?:[^\\]|\\\\|\\[0-9a-fA-F]{4}|\\\+[0-9a-fA-F]{6})*", text):
        raise SqlError("Invalid Unicode escape in U&'...'")

    def decode(match: re.Match[str]) -> str:
        return "\\" if match[0] == "\\\\" else chr(int(match[0].lstrip("\\+"), 16))

    return string(re.sub(r"\\\\|\\\+[0-9a-fA-F]{6}|\\[0-9a-fA-F]{4}", decode, text))


def as_type(kind: Type) -> str:
    """The type's name as `typeof` prints it."""
    return str(kind)
