"""Date and time functions: https://trino.io/docs/current/functions/datetime.html."""

from __future__ import annotations

from localaws.athena.sql.casts import convert
from localaws.athena.sql.errors import NotSupportedError, TypeMismatchError
from localaws.athena.sql.functions.signatures import Call, Function, declared, written
from localaws.athena.sql.literals import zone_name
from localaws.athena.sql.typed import Typed, cast, coerce, text_literal
from localaws.athena.sql.types import BIGINT, DATE, DOUBLE, UNKNOWN, VARCHAR, Type, timestamp, timestamptz

_DATE_UNITS = ("day", "week", "month", "quarter", "year")
_TIME_UNITS = ("millisecond", "second", "minute", "hour")
_INSTANTS = ("date", "timestamp", "timestamp with time zone")


def instant(call: Call, index: int) -> Typed:
    """The argument, a date or timestamp."""
    value = call.args[index] if index < len(call.args) else None
    if value is None or value.type.name not in (*_INSTANTS, "unknown"):
        found = ", ".join(str(a.type) for a in call.args)
        raise TypeMismatchError(f"Unexpected parameters ({found}) for function {call.name}")
    return coerce(value, timestamp(3)) if value.type == UNKNOWN else value


def local(value: Typed, what: str) -> str:
    """The wall-clock time that the value shows, as a DuckDB DATE or TIMESTAMP.

    Raises:
        NotSupportedError: the values' zones are not known when the query is read.
    """
    if value.type.name != "timestamp with time zone":
        return value.sql
    if value.type.zone is None:
        raise NotSupportedError(f"{what} of timestamps whose zones differ")
    return f"({value.sql} AT TIME ZONE {text_literal(value.type.zone)})"


def _utc_only(value: Typed, what: str) -> str:
    if value.type.zone != "UTC":
        raise NotSupportedError(f"{what} of a timestamp outside of zone UTC")
    return local(value, what)


def _unit(call: Call, kind: Type) -> str:
    unit = call.literal(0, "a unit").lower()
    if unit not in _DATE_UNITS and not (unit in _TIME_UNITS and kind != DATE):
        raise TypeMismatchError(f"'{unit}' is not a valid {kind.name} field")
    return unit


def _field(name: str, text: str, *, times: bool = False) -> Function:
    @written(f"{name}({'timestamp' if times else 'date or timestamp'}) -> bigint")
    def build(call: Call) -> Typed:
        if len(call.args) != 1:
            raise TypeMismatchError(f"Unexpected parameters for function {name}")
        value = instant(call, 0)
        if times and value.type == DATE:
            raise TypeMismatchError(f"Unexpected parameters (date) for function {name}")
        return Typed(f"CAST({text.format(local(value, name))} AS BIGINT)", BIGINT)

    return build


@written("date(varchar or timestamp) -> date")
def _date(call: Call) -> Typed:
    if len(call.args) != 1:
        raise TypeMismatchError("Unexpected parameters for function date")
    return convert(call.args[0], DATE)


@written("date_trunc(unit literal, T) -> T")
def _date_trunc(call: Call) -> Typed:
    value = instant(call, 1)
    unit = _unit(call, value.type)
    truncated = f"date_trunc('{unit}', {_utc_only(value, 'date_trunc')})"
    if value.type.name == "timestamp with time zone":
        return Typed(f"({truncated} AT TIME ZONE 'UTC')", value.type)
    return Typed(cast(truncated, value.type), value.type)


_STEPS = {"week": ("to_days", 7), "day": ("to_days", 1), "month": ("to_months", 1), "quarter": ("to_months", 3)}
_STEPS |= {"year": ("to_months", 12), "hour": ("to_hours", 1), "minute": ("to_minutes", 1)}
_STEPS |= {"second": ("to_microseconds", 10**6), "millisecond": ("to_microseconds", 1000)}


@written("date_add(unit literal, bigint, T) -> T")
def _date_add(call: Call) -> Typed:
    value = instant(call, 2)
    unit = _unit(call, value.type)
    function, factor = _STEPS[unit]
    amount = coerce(call.args[1], BIGINT).sql
    number = cast(
        f"({amount} * {factor})",
        Type("bigint" if function in ("to_microseconds", "to_hours", "to_minutes") else "integer"),
    )
    moved = f"({_utc_only(value, 'date_add')} + {function}({number}))"
    if value.type.name == "timestamp with time zone":
        return Typed(f"({moved} AT TIME ZONE 'UTC')", value.type)
    return Typed(cast(moved, value.type), value.type)


@written("date_diff(unit literal, T, T) -> bigint")
def _date_diff(call: Call) -> Typed:
    first, second = instant(call, 1), instant(call, 2)
    kind = DATE if first.type == second.type == DATE else timestamp(6)
    unit = _unit(call, kind)
    a, b = (cast(_utc_only(v, "date_diff"), timestamp(6)) for v in (first, second))
    if unit in ("month", "quarter", "year"):
        divisor = {"month": 1, "quarter": 3, "year": 12}[unit]
        return Typed(f"(trino_months_between({a}, {b}) // {divisor})", BIGINT)
    millis = {"week": 604800000, "day": 86400000, "hour": 3600000, "minute": 60000, "second": 1000, "millisecond": 1}
    return Typed(f"((epoch_ms({b}) - epoch_ms({a})) // {millis[unit]})", BIGINT)


@written("last_day_of_month(date or timestamp) -> date")
def _last_day(call: Call) -> Typed:
    return Typed(f"last_day({local(instant(call, 0), 'last_day_of_month')})", DATE)


@written("from_unixtime(double[, zone literal]) -> timestamp(3) with time zone")
def _from_unixtime(call: Call) -> Typed:
    if not 1 <= len(call.args) <= 2:
        raise NotSupportedError("function from_unixtime with an offset")
    zone = zone_name(call.literal(1, "a zone")) if len(call.args) == 2 else "UTC"
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
        raise TypeMismatchError("now takes no arguments")
    return Typed("date_trunc('millisecond', now())", timestamptz(3))


@written("to_iso8601(date or timestamp) -> varchar")
def _to_iso8601(call: Call) -> Typed:
    value = instant(call, 0)
    if value.type == DATE:
        return Typed(cast(value.sql, VARCHAR), VARCHAR)
    text = f"replace(trino_timestamp_text({_utc_only(value, 'to_iso8601')}, {value.type.size[0]}), ' ', 'T')"
    return Typed(f"({text} || 'Z')" if value.type.name != "timestamp" else text, VARCHAR)


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
    declared(
        "from_iso8601_date(varchar) -> date", "CAST(trino_shaped_unsure({0}, '\\d{{4}}-\\d{{2}}-\\d{{2}}') AS DATE)"
    ),
    declared("from_iso8601_timestamp(varchar) -> timestamp(3) with time zone", "trino_iso8601_unsure({0})"),
]
