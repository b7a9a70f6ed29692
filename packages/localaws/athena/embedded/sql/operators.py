"""Arithmetic, comparison and concatenation with Trino's typing.

Decimal rules: https://trino.io/docs/current/functions/decimal.html. A comparison or an arithmetic operation between
types that Trino does not coerce (varchar = integer) is refused; DuckDB would cast silently.
"""

from __future__ import annotations

from localaws.athena.embedded.sql.typed import Typed, cast, coerce, common
from localaws.athena.sql_errors import NotSupportedError, TypeMismatchError, UnexpectedParametersError
from localaws.athena.types.trino import (
    BIGINT,
    BOOLEAN,
    DATE,
    DAY_INTERVAL,
    MAX_PRECISION,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    YEAR_INTERVAL,
    Type,
    array,
    as_decimal,
    decimal,
    field_names,
    is_float,
    is_integer,
    is_numeric,
)

_SYMBOLS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "modulus": "%"}
_INTERVALS = (DAY_INTERVAL, YEAR_INTERVAL)


def arithmetic(operator: str, left: Typed, right: Typed) -> Typed:
    """`left operator right`, where operator is add, subtract, multiply, divide or modulus.

    Raises:
        TypeMismatchError: Trino has no such operator for the operands' types.
    """
    symbol = _SYMBOLS[operator]
    if left.type in _INTERVALS or right.type in _INTERVALS or _is_instant(left.type):
        return _interval_arithmetic(symbol, left, right)
    if left.type == UNKNOWN and right.type == UNKNOWN:
        return Typed(cast("NULL", BIGINT), BIGINT)
    if not all(is_numeric(v.type) or v.type == UNKNOWN for v in (left, right)):
        raise TypeMismatchError(f"Cannot apply operator: {left.type} {symbol} {right.type}")
    kind = common([left, right], symbol)
    if kind.name == "decimal":
        return _decimal_arithmetic(operator, left, right)
    a, b = coerce(left, kind).sql, coerce(right, kind).sql
    if operator == "divide" and is_integer(kind):
        symbol = "//"
    return Typed(f"({a} {symbol} {b})", kind)


def negate(value: Typed) -> Typed:
    """`- value`."""
    if not (is_numeric(value.type) or value.type in _INTERVALS):
        raise TypeMismatchError(f"Cannot negate {value.type}")
    return Typed(cast(f"(- {value.sql})", value.type), value.type)


def _decimal_arithmetic(operator: str, left: Typed, right: Typed) -> Typed:
    left, right = (coerce(v, decimal(1, 0)) if v.type == UNKNOWN else v for v in (left, right))
    a, b = coerce(left, as_decimal(left.type)), coerce(right, as_decimal(right.type))
    (p1, s1), (p2, s2) = a.type.size, b.type.size
    if operator in ("add", "subtract"):
        kind = decimal(min(MAX_PRECISION, max(p1 - s1, p2 - s2) + max(s1, s2) + 1), max(s1, s2))
        operands = (cast(a.sql, kind), cast(b.sql, kind))
        return Typed(cast(f"({operands[0]} {_SYMBOLS[operator]} {operands[1]})", kind), kind)
    if operator == "multiply":
        kind = decimal(min(MAX_PRECISION, p1 + p2), s1 + s2)
        # DuckDB multiplies narrow decimals in 64 bits: widen them to the result's width first.
        factors = (cast(v.sql, decimal(max(kind.size[0], v.type.size[0]), v.type.size[1])) for v in (a, b))
        return Typed(cast(f"({' * '.join(factors)})", kind), kind)
    if operator == "divide":
        kind = decimal(min(MAX_PRECISION, p1 + s2 + max(0, s2 - s1)), max(s1, s2))
        exponent = kind.size[1] - s1 + s2
        if exponent > MAX_PRECISION:
            raise NotSupportedError(f"{a.type} / {b.type}")
        quotient = f"trino_half_up_unsure({scaled(a, exponent)}, {unscaled(b)})"
        return Typed(from_unscaled(quotient, kind), kind)
    scale = max(s1, s2)
    kind = decimal(min(p1 - s1, p2 - s2) + scale or 1, scale)
    return Typed(from_unscaled(f"({scaled(a, scale - s1)} % {scaled(b, scale - s2)})", kind), kind)


def unscaled(value: Typed) -> str:
    """The digits of a decimal as an integer (HUGEINT)."""
    scale = value.type.size[1]
    if not scale:
        return f"CAST({value.sql} AS HUGEINT)"
    return f"CAST(replace(CAST({value.sql} AS VARCHAR), '.', '') AS HUGEINT)"


def scaled(value: Typed, exponent: int) -> str:
    """The digits of a decimal as an integer, times 10**exponent; an overflow stops the query and never wraps."""
    if not exponent:
        return unscaled(value)
    return f"trino_scale_unsure({unscaled(value)}, {10**exponent}::HUGEINT)"


def from_unscaled(digits: str, kind: Type) -> str:
    """The decimal with these digits, given as an integer; a value out of range stops the query."""
    scale = kind.size[1]
    if not scale:
        return cast(digits, kind)
    unit = f"CAST('0.{'0' * (scale - 1)}1' AS DECIMAL({scale},{scale}))"
    return cast(f"(CAST({digits} AS DECIMAL(38,0)) * {unit})", kind)


def _is_instant(kind: Type) -> bool:
    return kind == DATE or kind.name in ("timestamp", "timestamp with time zone", "time")


def _interval_arithmetic(symbol: str, left: Typed, right: Typed) -> Typed:
    if symbol == "+" and left.type in _INTERVALS and _is_instant(right.type):
        left, right = right, left
    if symbol in "+-" and _is_instant(left.type) and right.type in _INTERVALS:
        return _shift(symbol, left, right)
    if symbol in "+-" and left.type == right.type and left.type in _INTERVALS:
        return Typed(f"({left.sql} {symbol} {right.sql})", left.type)
    if symbol == "*" and left.type in _INTERVALS and is_integer(right.type):
        return _multiple(left, right)
    if symbol == "*" and right.type in _INTERVALS and is_integer(left.type):
        return _multiple(right, left)
    if symbol == "/" and left.type == DAY_INTERVAL and is_integer(right.type):
        return Typed(f"trino_day_interval(epoch_us({left.sql}) // ({right.sql} * 1000) * 1000)", DAY_INTERVAL)
    if symbol == "-" and left.type.name == right.type.name and _is_instant(left.type):
        millis = f"({_micros(left)} - {_micros(right)} + 500)"
        return Typed(f"trino_day_interval(({millis} - ({millis} % 1000 + 1000) % 1000))", DAY_INTERVAL)
    raise TypeMismatchError(f"Cannot apply operator: {left.type} {symbol} {right.type}")


def _micros(value: Typed) -> str:
    start = "DATE '1970-01-01' + " if value.type.name == "time" else ""
    return f"epoch_us({start}{value.sql})"


def _multiple(interval: Typed, times: Typed) -> Typed:
    if interval.type == YEAR_INTERVAL:
        return Typed(f"to_months(CAST(trino_interval_months({interval.sql}) * {times.sql} AS INTEGER))", YEAR_INTERVAL)
    return Typed(f"trino_day_interval(epoch_us({interval.sql}) * {times.sql})", DAY_INTERVAL)


def _shift(symbol: str, instant: Typed, interval: Typed) -> Typed:
    if interval.type == DAY_INTERVAL and instant.type.name in ("time", "timestamp with time zone"):
        digits = max(3, instant.type.size[0])
        kind = Type(instant.type.name, size=(digits,), zone=instant.type.zone)
        return Typed(cast(f"({instant.sql} {symbol} {interval.sql})", kind), kind)
    if instant.type.name == "time":
        raise TypeMismatchError(f"Cannot apply operator: {instant.type} {symbol} {interval.type}")
    if instant.type.zone != "UTC":
        raise NotSupportedError(f"{instant.type} {symbol} {interval.type}", "is not certain outside of zone UTC")
    if instant.type == DATE and interval.type == DAY_INTERVAL:
        return Typed(
            cast(f"trino_date_{'plus' if symbol == '+' else 'minus'}({instant.sql}, {interval.sql})", DATE), DATE
        )
    return Typed(cast(f"({instant.sql} {symbol} {interval.sql})", instant.type), instant.type)


def compare(operator: str, left: Typed, right: Typed) -> Typed:
    """`left operator right`, where operator is = <> < <= > or >=, with Trino's rules for NaN and NULL.

    Raises:
        TypeMismatchError: the types have no common type.
    """
    try:
        kind = common([left, right], operator)
    except TypeMismatchError:
        raise TypeMismatchError(f"Cannot apply operator: {left.type} {operator} {right.type}") from None
    if kind == UNKNOWN:
        return Typed(cast("NULL", BOOLEAN), BOOLEAN)
    a, b = coerce(left, kind), coerce(right, kind)
    if is_float(kind):
        return _compare_floats(operator, a, b)
    if kind.name == "row":
        return _compare_rows(operator, a, b)
    if kind.name == "array":
        return _compare_arrays(operator, a, b)
    _require_comparable(kind, operator)
    return Typed(f"({a.sql} {operator} {b.sql})", BOOLEAN)


def _require_comparable(kind: Type, operator: str) -> None:
    orders_alike = operator in ("=", "<>", "IS DISTINCT FROM") and kind.name in ("json", "char")
    if kind.name == "map" or (kind.name in ("json", "char") and not orders_alike):
        raise NotSupportedError(f"{kind} {operator} {kind}")


def _compare_floats(operator: str, a: Typed, b: Typed) -> Typed:
    """Compare floats as Trino does: NaN differs from everything and has no order; in DuckDB it equals itself."""
    plain = f"{a.sql} {operator} {b.sql}"
    checks = [(x.sql, y.sql) for x, y in ((a, b), (b, a)) if x.literal is None]
    if operator == "<>":
        return Typed(
            "(" + " OR ".join([plain, *(f"(isnan({x}) AND {y} IS NOT NULL)" for x, y in checks)]) + ")", BOOLEAN
        )
    return Typed("(" + " AND ".join([plain, *(f"(NOT isnan({x}) OR {y} IS NULL)" for x, y in checks)]) + ")", BOOLEAN)


def _compare_rows(operator: str, a: Typed, b: Typed) -> Typed:
    if operator not in ("=", "<>"):
        return _order_rows(operator, a, b)
    pairs = zip(fields_of(a), fields_of(b), strict=True)
    equal = " AND ".join(compare("=", x, y).sql for x, y in pairs)
    return Typed(f"({equal})" if operator == "=" else f"(NOT ({equal}))", BOOLEAN)


def _order_rows(operator: str, a: Typed, b: Typed) -> Typed:
    """Order by the first fields that differ; if a NULL decides, the query stops as in Trino."""
    *first, last = zip(fields_of(a), fields_of(b), strict=True)
    text = compare(operator, *last).sql
    for x, y in reversed(first):
        text = f"({compare(operator[0], x, y).sql} OR ({compare('=', x, y).sql} AND {text}))"
    stop = cast(
        "trino_fail_unsure('NOT_SUPPORTED: row comparison not supported for fields with null elements')", BOOLEAN
    )
    missing = f"{a.sql} IS NULL OR {b.sql} IS NULL"
    return Typed(f"(CASE WHEN {missing} THEN NULL WHEN {text} IS NULL THEN {stop} ELSE {text} END)", BOOLEAN)


def fields_of(value: Typed) -> list[Typed]:
    """The fields of a row."""
    names = field_names(value.type)
    return [Typed(f'struct_extract({value.sql}, {i + 1})' if not names[i] else f"(({value.sql}).\"{names[i]}\")", kind)
            for i, kind in enumerate(value.type.args)]  # fmt: skip


def _compare_arrays(operator: str, a: Typed, b: Typed) -> Typed:
    """Compare: unequal if the lengths or any two elements differ, else NULL if any two elements compare to NULL."""
    element = a.type.args[0]
    if operator not in ("=", "<>"):
        raise NotSupportedError(f"{a.type} {operator} {b.type}")
    i = f"e{len(a.sql) + len(b.sql)}"
    sides = (Typed(f"list_extract({side.sql}, {i})", element) for side in (a, b))
    pairs = f"list_transform(range(1, len({a.sql}) + 1), lambda {i}: {compare('=', *sides).sql})"
    equal = f"CASE WHEN len({a.sql}) <> len({b.sql}) THEN false ELSE trino_all_match({pairs}) END"
    missing = f"{a.sql} IS NULL OR {b.sql} IS NULL"
    return Typed(f"(CASE WHEN {missing} THEN NULL ELSE {'' if operator == '=' else 'NOT '}({equal}) END)", BOOLEAN)


def require_groupable(kind: Type, what: str) -> None:
    """Refuse types whose equality differs between DuckDB and Trino.

    Raises:
        NotSupportedError: maps, and instants whose zones differ.
    """
    if kind.name == "map" or (kind.name == "timestamp with time zone" and kind.zone is None):
        raise NotSupportedError(f"{what} {kind}")
    for arg in kind.args:
        require_groupable(arg, what)


def distinct_from(left: Typed, right: Typed) -> Typed:
    """`left IS DISTINCT FROM right`."""
    kind = common([left, right], "IS DISTINCT FROM")
    _require_comparable(kind, "IS DISTINCT FROM")
    return Typed(f"({coerce(left, kind).sql} IS DISTINCT FROM {coerce(right, kind).sql})", BOOLEAN)


def concatenate(left: Typed, right: Typed) -> Typed:
    """`left || right` of strings, binaries, arrays, or an array and an element."""
    if left.type.name == "array" or right.type.name == "array":
        return _concatenate_arrays(left, right)
    if VARBINARY in (left.type, right.type):
        return Typed(f"({coerce(left, VARBINARY).sql} || {coerce(right, VARBINARY).sql})", VARBINARY)
    if any(v.type.name not in ("varchar", "unknown") for v in (left, right)):
        raise UnexpectedParametersError(f"Unexpected parameters ({left.type}, {right.type}) for function concat")
    return Typed(f"({coerce(left, VARCHAR).sql} || {coerce(right, VARCHAR).sql})", VARCHAR)


def _concatenate_arrays(left: Typed, right: Typed) -> Typed:
    if left.type.name != "array":
        kind = array(common([left, Typed("", right.type.args[0])], "||"))
        return Typed(f"trino_prepend({coerce(left, kind.args[0]).sql}, {coerce(right, kind).sql})", kind)
    if right.type.name != "array" and right.type != UNKNOWN:
        kind = array(common([right, Typed("", left.type.args[0])], "||"))
        return Typed(f"trino_append({coerce(left, kind).sql}, {coerce(right, kind.args[0]).sql})", kind)
    kind = common([left, right], "||")
    return Typed(f"trino_array_concat({coerce(left, kind).sql}, {coerce(right, kind).sql})", kind)


def logical(value: Typed, what: str) -> str:
    """The SQL of a boolean value.

    Raises:
        TypeMismatchError: the value is not a boolean.
    """
    if value.type not in (BOOLEAN, UNKNOWN):
        raise TypeMismatchError(f"{what} must evaluate to a boolean: actual type {value.type}")
    return coerce(value, BOOLEAN).sql
