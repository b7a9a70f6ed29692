"""Values as Athena prints them in GetQueryResults and in the result CSV."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Protocol

from localaws.athena.embedded.sql.zones import zone_info
from localaws.athena.sql_errors import NotSupportedError
from localaws.athena.types.double_text import double_text
from localaws.athena.types.trino import Type, field_names

_DAY_MILLIS = 86_400_000


class Interval(Protocol):
    """Arrow's interval: months, days and nanoseconds, each with its own sign."""

    months: int
    days: int
    nanoseconds: int


def render(value: object, kind: Type) -> str | None:
    """The text of an Arrow value (converted to Python) for a column of the given type; None for NULL.

    Raises:
        NotSupportedError: instants whose zones are not known.
    """
    if value is None:
        return None
    if kind.name in ("array", "map", "row"):
        return _nested(value, kind)
    if isinstance(value, (datetime, date, time)):
        return _instant(value, kind)
    printer = _PRINTERS.get(kind.name)
    return printer(value, kind) if printer else str(value)


_PRINTERS: dict[str, Callable[[Any, Type], str]] = {
    "double": lambda value, kind: double_text(float(value)),
    "real": lambda value, kind: double_text(float(value), single=True),
    "boolean": lambda value, kind: "true" if value else "false",
    "decimal": lambda value, kind: format(Decimal(str(value)), "f"),
    "varbinary": lambda value, kind: bytes(value).hex(" "),
    "char": lambda value, kind: str(value).ljust(kind.size[0]),
    "interval day to second": lambda value, kind: _day_interval(value),
    "interval year to month": lambda value, kind: _year_interval(value),
}


def _instant(value: object, kind: Type) -> str:
    if isinstance(value, datetime):
        if kind.name == "timestamp with time zone":
            if kind.zone is None:
                raise NotSupportedError("timestamp with time zone whose zones differ")
            local = value.astimezone(zone_info(kind.zone)).replace(tzinfo=None)
            return f"{_timestamp(local, kind.size[0])} {kind.zone}"
        return _timestamp(value, kind.size[0]) if kind.name == "timestamp" else value.date().isoformat()
    if isinstance(value, time):
        return f"{value:%H:%M:%S}" + (f".{value.microsecond:06d}"[: kind.size[0] + 1] if kind.size[0] else "")
    assert isinstance(value, date)
    return value.isoformat()


def _timestamp(value: datetime, digits: int) -> str:
    shown = max(digits, 3)
    return f"{value.isoformat(' ', 'seconds')}.{f'{value.microsecond:06d}'[:shown]}"


def _day_interval(value: Interval) -> str:
    millis = value.days * _DAY_MILLIS + value.nanoseconds // 1_000_000
    sign, millis = ("-", -millis) if millis < 0 else ("", millis)
    days, rest = divmod(millis, _DAY_MILLIS)
    seconds, rest = divmod(rest, 1000)
    return f"{sign}{days} {seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"


def _year_interval(value: Interval) -> str:
    sign = "-" if value.months < 0 else ""
    return f"{sign}{abs(value.months) // 12}-{abs(value.months) % 12}"


def _nested(value: object, kind: Type) -> str:
    if kind.name == "array":
        return "[" + ", ".join(_inner(v, kind.args[0]) for v in value) + "]"  # type: ignore[attr-defined]
    if kind.name == "map":
        items = value.items()  # type: ignore[attr-defined]
        return "{" + ", ".join(f"{_inner(k, kind.args[0])}={_inner(v, kind.args[1])}" for k, v in items) + "}"
    fields = zip(field_names(kind), kind.args, value.values(), strict=True)  # type: ignore[attr-defined]
    return "{" + ", ".join(f"{name}={_inner(v, k)}" for name, k, v in fields) + "}"


def _inner(value: object, kind: Type) -> str:
    text = render(value, kind)
    return "null" if text is None else text


def scientific_text(value: float) -> str:
    """CAST(double AS varchar): 1.5E0, 3.333333333333333E-1, 0E0, NaN, Infinity."""
    if value == 0:
        return "-0E0" if math.copysign(1, value) < 0 else "0E0"
    return _scientific(Decimal(repr(value))) if math.isfinite(value) else double_text(value)


def real_text(value: float) -> str:
    """CAST(real AS varchar): the same form with seven digits."""
    return scientific_text(float(f"{value:.6e}")) if math.isfinite(value) else double_text(value)


def _scientific(value: Decimal) -> str:
    sign, digits, exponent = value.normalize().as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{len(text) - 1 + exponent}"
