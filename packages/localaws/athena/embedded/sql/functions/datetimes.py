"""Date and time functions: https://trino.io/docs/current/functions/datetime.html."""

from __future__ import annotations

import re
from datetime import datetime

from localaws.athena.embedded.sql.casts import convert
from localaws.athena.embedded.sql.functions.signatures import Call, Function, declared, written
from localaws.athena.embedded.sql.typed import Typed, cast, coerce
from localaws.athena.embedded.sql.zones import offset_minutes, utc_of, wall_clock, zone_name
from localaws.athena.sql_errors import (
    InvalidArgumentError,
    NotSupportedError,
    UnexpectedParametersError,
)
from localaws.athena.types.trino import BIGINT, DATE, DOUBLE, UNKNOWN, VARCHAR, Type, timestamp, timestamptz

_DATE_UNITS = ("day", "week", "month", "quarter", "year")
_CLOCK_UNITS = {"millisecond": 1_000, "second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000}
_INSTANTS = ("date", "timestamp", "timestamp with time zone")


def instant(call: Call, index: int) -> Typed:
    """Return an argument that is a date or timestamp; raise UnexpectedParametersError for other types."""
    value = call.args[index] if index < len(call.args) else None
    if value is None or value.type.name not in (*_INSTANTS, "unknown"):
        types = ", ".join(str(a.type) for a in call.args)
        raise UnexpectedParametersError(f"Unexpected parameters ({types}) for function {call.name}")
    return coerce(value, timestamp(3)) if value.type == UNKNOWN else value


def local(value: Typed, what: str) -> str:
    """The wall-clock time of the value, as a DuckDB DATE or TIMESTAMP.

    Raises:
        NotSupportedError: the values' zones are not known when the query is compiled.
    """
    if value.type.name != "timestamp with time zone":
        return value.sql
    if value.type.zone is None:
        raise NotSupportedError(f"{what} of timestamps whose zones differ")
    return wall_clock(value.sql, value.type.zone)


def _utc_only(value: Typed, what: str) -> str:
    if value.type.zone != "UTC":
        raise NotSupportedError(f"{what} of a timestamp outside of zone UTC")
    return local(value, what)


def _unit(call: Call, kind: Type) -> str:
    unit = call.literal(0, "a unit").lower()
    allowed = {"date": _DATE_UNITS, "time": tuple(_CLOCK_UNITS)}.get(kind.name, (*_DATE_UNITS, *_CLOCK_UNITS))
    if unit not in allowed:
        raise InvalidArgumentError(f"'{unit}' is not a valid {kind.name.partition(' ')[0].upper()} field")
    return unit


def _clock(call: Call, index: int) -> Typed | None:
    """Return the argument if it is a time of day, else None."""
    argument = call.args[index] if index < len(call.args) else None
    return argument if argument is not None and argument.type.name == "time" else None


def _micros(value: Typed) -> str:
    """Microseconds since midnight, or since the epoch."""
    return f"epoch_us(DATE '1970-01-01' + {value.sql})" if value.type.name == "time" else f"epoch_us({value.sql})"


def _field(name: str, text: str, *, times: bool = False) -> Function:
    @written(f"{name}({'timestamp' if times else 'date or timestamp'}) -> bigint")
    def build(call: Call) -> Typed:
        if len(call.args) != 1:
            raise UnexpectedParametersError(f"Unexpected parameters for function {name}")
        if times and call.args[0].type.name == "time":
            return Typed(f"CAST({text.format(call.args[0].sql)} AS BIGINT)", BIGINT)
        value = instant(call, 0)
        if times and value.type == DATE:
            raise UnexpectedParametersError(f"Unexpected parameters (date) for function {name}")
        return Typed(f"CAST({text.format(local(value, name))} AS BIGINT)", BIGINT)

    return build


@written("date(varchar or timestamp) -> date")
def _date(call: Call) -> Typed:
    if len(call.args) != 1:
        raise UnexpectedParametersError("Unexpected parameters for function date")
    return convert(call.args[0], DATE)


@written("date_trunc(unit literal, T) -> T")
def _date_trunc(call: Call) -> Typed:
    if clock := _clock(call, 1):
        unit = _unit(call, clock.type)
        return Typed(cast(f"date_trunc('{unit}', DATE '1970-01-01' + {clock.sql})", clock.type), clock.type)
    value = instant(call, 1)
    unit = _unit(call, value.type)
    truncated = f"date_trunc('{unit}', {_utc_only(value, 'date_trunc')})"
    if value.type.name == "timestamp with time zone":
        return Typed(f"({truncated} AT TIME ZONE 'UTC')", value.type)
    return Typed(cast(truncated, value.type), value.type)


_STEPS = {"week": ("to_days", 7), "day": ("to_days", 1), "month": ("to_months", 1), "quarter": ("to_months", 3)}
_STEPS |= {"year": ("to_months", 12)}


@written("date_add(unit literal, bigint, T) -> T")
def _date_add(call: Call) -> Typed:
    value = _clock(call, 2) or instant(call, 2)
    unit = _unit(call, value.type)
    if unit in _CLOCK_UNITS:
        step = f"to_microseconds({coerce(call.args[1], BIGINT).sql} * {_CLOCK_UNITS[unit]})"
        return Typed(cast(f"({value.sql} + {step})", value.type), value.type)
    function, factor = _STEPS[unit]
    amount = coerce(call.args[1], BIGINT).sql
    number = cast(f"({amount} * {factor})", Type("integer"))
    moved = f"({_utc_only(value, 'date_add')} + {function}({number}))"
    if value.type.name == "timestamp with time zone":
        return Typed(f"({moved} AT TIME ZONE 'UTC')", value.type)
    return Typed(cast(moved, value.type), value.type)


@written("date_diff(unit literal, T, T) -> bigint")
def _date_diff(call: Call) -> Typed:
    first, second = (_clock(call, index) or instant(call, index) for index in (1, 2))
    same = first.type.name == second.type.name
    unit = _unit(call, first.type if same else timestamp(6))
    if unit in _CLOCK_UNITS and same:
        return Typed(f"(({_micros(second)} - {_micros(first)}) // {_CLOCK_UNITS[unit]})", BIGINT)
    a, b = (cast(_utc_only(v, "date_diff"), timestamp(6)) for v in (first, second))
    if unit in ("month", "quarter", "year"):
        divisor = {"month": 1, "quarter": 3, "year": 12}[unit]
        return Typed(f"(trino_months_between({a}, {b}) // {divisor})", BIGINT)
    millis = {"week": 604800000, "day": 86400000, "hour": 3600000, "minute": 60000, "second": 1000, "millisecond": 1}
    return Typed(f"((epoch_ms({b}) - epoch_ms({a})) // {millis[unit]})", BIGINT)


@written("last_day_of_month(date or timestamp) -> date")
def _last_day(call: Call) -> Typed:
    return Typed(f"last_day({local(instant(call, 0), 'last_day_of_month')})", DATE)


@written("from_unixtime(double[, zone literal or hours, minutes literals]) -> timestamp(3) with time zone")
def _from_unixtime(call: Call) -> Typed:
    if not 1 <= len(call.args) <= 3:
        raise UnexpectedParametersError("Unexpected parameters for function from_unixtime")
    zone = "UTC"
    if len(call.args) == 2:
        zone = zone_name(call.literal(1, "a zone"))
    elif len(call.args) == 3:
        minutes = call.number(1, "hours") * 60 + call.number(2, "minutes")
        zone = zone_name(f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}")
    seconds = coerce(call.args[0], DOUBLE).sql
    return Typed(
        f"(make_timestamp_ms(CAST(round({seconds} * 1000) AS BIGINT)) AT TIME ZONE 'UTC')", timestamptz(3, zone)
    )


@written("to_unixtime(timestamp) -> double")
def _to_unixtime(call: Call) -> Typed:
    value = instant(call, 0)
    if value.type == DATE:
        value = coerce(value, timestamp(3))
    return Typed(f"(epoch_us({value.sql}) / 1000000::DOUBLE)", DOUBLE)


@written("at_timezone(timestamp with time zone, zone literal) -> timestamp with time zone")
def _at_timezone(call: Call) -> Typed:
    value = instant(call, 0)
    kind = timestamptz(value.type.size[0] if value.type.size else 3, value.type.zone)
    moved = coerce(value, kind)
    return Typed(moved.sql, timestamptz(kind.size[0], zone_name(call.literal(1, "a zone"))))


@written("with_timezone(timestamp, zone literal) -> timestamp with time zone")
def _with_timezone(call: Call) -> Typed:
    value, zone = instant(call, 0), zone_name(call.literal(1, "a zone"))
    if value.type.name != "timestamp" or zone != "UTC":
        raise NotSupportedError("function with_timezone outside of zone UTC")
    return Typed(f"({value.sql} AT TIME ZONE 'UTC')", timestamptz(value.type.size[0], zone))


@written("now() -> timestamp(3) with time zone")
def _now(call: Call) -> Typed:
    if call.nodes:
        raise call.unexpected("no arguments")
    return Typed("date_trunc('millisecond', getvariable('query_start'))", timestamptz(3))


@written("to_iso8601(date or timestamp) -> varchar")
def _to_iso8601(call: Call) -> Typed:
    value = instant(call, 0)
    if value.type == DATE:
        return Typed(cast(value.sql, VARCHAR), VARCHAR)
    text = f"replace(trino_timestamp_text({local(value, 'to_iso8601')}, {value.type.size[0]}), ' ', 'T')"
    if value.type.name == "timestamp":
        return Typed(text, VARCHAR)
    zone = str(value.type.zone)
    shown = "'Z'" if zone == "UTC" else f"trino_offset_text({offset_minutes(value.sql, zone)})"
    return Typed(f"({text} || {shown})", VARCHAR)


def _zone_field(name: str, text: str) -> Function:
    @written(f"{name}(timestamp with time zone) -> bigint")
    def build(call: Call) -> Typed:
        if len(call.args) != 1 or call.args[0].type.name != "timestamp with time zone":
            raise UnexpectedParametersError(
                f"Unexpected parameters for function {name}. Expected: timestamp with time zone"
            )
        value = call.args[0]
        if value.type.zone is None:
            raise NotSupportedError(f"{name} of timestamps whose zones differ")
        return Typed(text.format(offset_minutes(value.sql, value.type.zone)), BIGINT)

    return build


@written("from_iso8601_timestamp(varchar) -> timestamp(3) with time zone")
def _from_iso8601(call: Call) -> Typed:
    """Compile the call: a literal may have any form and offset, other values must be in UTC."""
    if len(call.args) != 1 or call.args[0].type.name not in ("varchar", "unknown"):
        raise UnexpectedParametersError("Unexpected parameters for function from_iso8601_timestamp")
    literal = call.args[0].literal
    match = _ISO.fullmatch(literal) if literal is not None else None
    if match is None or match["zone"] in (None, "Z"):
        return Typed(f"trino_iso8601_unsure({coerce(call.args[0], VARCHAR).sql})", timestamptz(3))
    zone = zone_name(match["zone"])
    moment = utc_of(datetime.fromisoformat(match["local"]), zone)
    return Typed(f"(CAST('{moment}' AS TIMESTAMP) AT TIME ZONE 'UTC')", timestamptz(3, zone))


_ISO = re.compile(r"(?P<local>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{3})?)?)(?P<zone>Z|[+-]\d{2}:\d{2})?")


FUNCTIONS = [
    _date,
    *(
        _field(name, text)
        for names, text in {
            ("year",): "year({0})",
            ("quarter",): "quarter({0})",
            ("month",): "month({0})",
            ("week", "week_of_year"): "weekofyear({0})",
            ("day", "day_of_month"): "day({0})",
            ("day_of_week", "dow"): "isodow({0})",
            ("day_of_year", "doy"): "dayofyear({0})",
            ("year_of_week", "yow"): "isoyear({0})",
        }.items()
        for name in names
    ),
    *(_field(name, f"{name}({{0}})", times=True) for name in ("hour", "minute", "second")),
    _field("millisecond", "(millisecond({0}) % 1000)", times=True),
    _date_trunc,
    _date_add,
    _date_diff,
    _last_day,
    _from_unixtime,
    _to_unixtime,
    _at_timezone,
    _with_timezone,
    _now,
    _to_iso8601,
    declared("from_iso8601_date(varchar) -> date", "trino_iso_date({0})"),
    _from_iso8601,
    _zone_field("timezone_hour", "CAST(trunc({0} / 60) AS BIGINT)"),
    _zone_field("timezone_minute", "({0} % 60)"),
]
