"""Aggregate functions (https://trino.io/docs/current/functions/aggregate.html)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from localaws.athena.sql.errors import InvalidArgumentError, NotSupportedError, UnexpectedParametersError
from localaws.athena.sql.operators import from_unscaled, logical, require_groupable, unscaled
from localaws.athena.sql.typed import Typed, cast, coerce, known
from localaws.athena.sql.types import (
    BIGINT,
    BOOLEAN,
    DAY_INTERVAL,
    DOUBLE,
    INTEGER,
    REAL,
    VARCHAR,
    YEAR_INTERVAL,
    Type,
    array,
    decimal,
    duckdb_type,
    is_float,
    is_integer,
    is_numeric,
    map_of,
)


@dataclass(frozen=True)
class Aggregation:
    """An aggregate call: compiled arguments, and the text of DISTINCT, ORDER BY, FILTER and OVER around them."""

    name: str
    args: list[Typed]
    star: bool
    distinct: bool
    order: str
    tail: str

    def text(self, function: str, *args: str) -> str:
        """`function([DISTINCT] args [ORDER BY ..]) [FILTER ..] [OVER ..]`."""
        words = "DISTINCT " if self.distinct else ""
        return f"{function}({words}{', '.join(args)}{self.order}){self.tail}"

    def plain(self, function: str, *args: str) -> str:
        """The same without DISTINCT and ORDER BY."""
        return f"{function}({', '.join(args)}){self.tail}"

    def only(self, count: int) -> list[Typed]:
        """The arguments, if there are `count` of them."""
        if len(self.args) != count or self.star:
            raise UnexpectedParametersError(f"Unexpected parameters for function {self.name}. Expected: {count}")
        return self.args


Build = Callable[[Aggregation], Typed]


@dataclass(frozen=True)
class Aggregate:
    """An aggregate function: how its signature reads, and how a call becomes DuckDB text."""

    name: str
    signature: str
    build: Build


def _unordered(call: Aggregation) -> None:
    if call.order:
        raise NotSupportedError(f"{call.name} with ORDER BY")


def _number(call: Aggregation) -> Typed:
    (value,) = call.only(1)
    if not is_numeric(value.type):
        raise UnexpectedParametersError(f"Unexpected parameters ({value.type}) for function {call.name}")
    return value


def _count(call: Aggregation) -> Typed:
    _unordered(call)
    if call.star or not call.args:
        return Typed(call.plain("count", "*"), BIGINT)
    return Typed(call.text("count", known(call.only(1)[0]).sql), BIGINT)


def _count_if(call: Aggregation) -> Typed:
    _unordered(call)
    _no_distinct(call)
    condition = logical(call.only(1)[0], "count_if")
    return Typed(call.plain("count", f"CASE WHEN {condition} THEN 1 END"), BIGINT)


def _no_distinct(call: Aggregation) -> None:
    if call.distinct:
        raise NotSupportedError(f"{call.name} with DISTINCT")


def _of_intervals(call: Aggregation, value: Typed) -> Typed | None:
    """Sum and avg of intervals, None for other types."""
    if value.type == DAY_INTERVAL:
        total = call.text(call.name, f"epoch_us({value.sql}) // 1000")
        return Typed(f"trino_day_interval(CAST(trunc({total}) AS BIGINT) * 1000)", DAY_INTERVAL)
    if value.type == YEAR_INTERVAL:
        total = call.text(call.name, f"trino_interval_months({value.sql})")
        return Typed(f"to_months(CAST(round({total}) AS INTEGER))", YEAR_INTERVAL)
    return None


def _sum(call: Aggregation) -> Typed:
    _unordered(call)
    if (total := _of_intervals(call, call.only(1)[0])) is not None:
        return total
    value = _number(call)
    if is_integer(value.type):
        return Typed(cast(call.text("sum", value.sql), BIGINT), BIGINT)
    if is_float(value.type):
        return Typed(cast(call.text("sum", value.sql), value.type), value.type)
    kind = decimal(38, value.type.size[1])
    return Typed(cast(call.text("sum", value.sql), kind), kind)


def _avg(call: Aggregation) -> Typed:
    _unordered(call)
    if (mean := _of_intervals(call, call.only(1)[0])) is not None:
        return mean
    value = _number(call)
    if is_integer(value.type):
        return Typed(call.text("avg", value.sql), DOUBLE)
    if is_float(value.type):
        return Typed(cast(call.text("avg", value.sql), value.type), value.type)
    total = Typed(cast(call.text("sum", value.sql), decimal(38, value.type.size[1])), decimal(38, value.type.size[1]))
    quotient = f"trino_half_up_unsure({unscaled(total)}, nullif(CAST({call.text('count', value.sql)} AS HUGEINT), 0))"
    return Typed(from_unscaled(quotient, value.type), value.type)


def _geometric_mean(call: Aggregation) -> Typed:
    _unordered(call)
    value = coerce(_number(call), DOUBLE)
    return Typed(f"exp({call.text('avg', f'ln({value.sql})')})", DOUBLE)


def _orderable(kind: Type, name: str) -> None:
    if kind.args or kind.name in ("json", "char"):
        raise NotSupportedError(f"{name} of {kind}")


def _without_nan(call: Aggregation, key: Typed, result: str, kind: Type) -> str:
    """Trino's place for NaN among extremes changed between versions: refused when one turns up."""
    if not is_float(key.type):
        return result
    found = call.plain("count", f"CASE WHEN isnan({key.sql}) THEN 1 END")
    stop = cast(f"trino_fail('NOT_SUPPORTED: {call.name} over NaN unsure')", kind)
    return f"CASE WHEN {found} > 0 THEN {stop} ELSE {result} END"


def _extreme(function: str) -> Build:
    def build(call: Aggregation) -> Typed:
        _unordered(call)
        if len(call.args) == 2:
            return _several(call, function)
        value = known(call.only(1)[0])
        _orderable(value.type, call.name)
        return Typed(_without_nan(call, value, call.plain(function, value.sql), value.type), value.type)

    return build


def _extreme_by(function: str) -> Build:
    def build(call: Aggregation) -> Typed:
        _unordered(call)
        _no_distinct(call)
        if len(call.args) == 3:
            return _several(call, function)
        value, key = (known(v) for v in call.only(2))
        _orderable(key.type, call.name)
        result = f"({call.plain(function, f'struct_pack(v := {value.sql})', key.sql)}).v"
        return Typed(_without_nan(call, key, result, value.type), value.type)

    return build


def _several(call: Aggregation, function: str) -> Typed:
    """max(x, n), max_by(x, y, n) and their like: the n first values, of which DuckDB takes a literal number."""
    *values, count = call.args
    if not is_integer(count.type) or count.literal is None:
        raise NotSupportedError(f"{call.name} with a number of values that is not a literal")
    if not 0 < int(count.literal) <= _MOST_VALUES:
        raise InvalidArgumentError(f"second argument of {function}_n must be positive and at most {_MOST_VALUES}")
    value, key = known(values[0]), known(values[-1])
    _orderable(key.type, call.name)
    if is_float(key.type):
        raise NotSupportedError(f"{call.name}(.., n) of {key.type}")
    text = call.plain(function, *(known(v).sql for v in values), count.literal)
    return Typed(text, array(value.type))


_MOST_VALUES = 10_000


def _multimap_agg(call: Aggregation) -> Typed:
    _unordered(call)
    _no_distinct(call)
    key, value = (known(v) for v in call.only(2))
    require_groupable(key.type, "multimap_agg keyed by")
    entries = call.plain("list", f"struct_pack(k := {key.sql}, v := {value.sql})")
    return Typed(f"trino_multimap({entries})", map_of(key.type, array(value.type)))


def _approx_percentile(call: Aggregation) -> Typed:
    """The value at that rank of the values themselves, counted as Trino counts small sets."""
    _unordered(call)
    _no_distinct(call)
    value, share = call.only(2)
    if not is_numeric(value.type):
        raise UnexpectedParametersError(f"Unexpected parameters ({value.type}) for function approx_percentile")
    if _OF_ROW.search(share.sql):
        raise NotSupportedError("approx_percentile with a percentile that is not a constant")
    kind = BIGINT if is_integer(value.type) else REAL if value.type == REAL else DOUBLE
    finite = f"list_sort({call.plain('list', _without_nulls(coerce(value, kind)))})"
    if share.type.name == "array":
        places = coerce(share, array(DOUBLE)).sql
        found = f"list_transform({places}, lambda p: trino_quantile({finite}, p))"
        return Typed(f"CASE WHEN {finite} IS NULL THEN NULL ELSE {found} END", array(kind))
    return Typed(f"trino_quantile({finite}, {coerce(share, DOUBLE).sql})", kind)


def _without_nulls(value: Typed) -> str:
    return f"{value.sql}) FILTER (WHERE {value.sql} IS NOT NULL"


_OF_ROW = re.compile(r"\br\d+\.")


def _skewness(call: Aggregation) -> Typed:
    """Of a whole population, as Trino counts it; DuckDB's is of a sample."""
    _unordered(call)
    value = coerce(_number(call), DOUBLE)
    n = f"CAST({call.text('count', value.sql)} AS DOUBLE)"
    sample = call.text("skewness", value.sql)
    return Typed(f"CASE WHEN {n} > 2 THEN {sample} * ({n} - 2) / sqrt({n} * ({n} - 1)) END", DOUBLE)


def _any_value(call: Aggregation) -> Typed:
    value = known(call.only(1)[0])
    return Typed(call.plain("any_value", value.sql), value.type)


def _array_agg(call: Aggregation) -> Typed:
    value = known(call.only(1)[0])
    return Typed(call.text("list", value.sql), array(value.type))


def _map_agg(call: Aggregation) -> Typed:
    _unordered(call)
    _no_distinct(call)
    key, value = (known(v) for v in call.only(2))
    require_groupable(key.type, "map_agg keyed by")
    kind = map_of(key.type, value.type)
    entries = call.plain("list", f"struct_pack(k := {key.sql}, v := {value.sql})")
    return Typed(f"trino_map_of_pairs_unsure({entries})", kind)


def _histogram(call: Aggregation) -> Typed:
    _unordered(call)
    _no_distinct(call)
    value = call.only(1)[0]
    if is_float(value.type) or value.type.args:
        raise NotSupportedError(f"histogram of {value.type}")
    kind = map_of(value.type, BIGINT)
    return Typed(cast(call.plain("histogram", value.sql), kind), kind)


def _boolean(function: str) -> Build:
    def build(call: Aggregation) -> Typed:
        _unordered(call)
        return Typed(call.plain(function, logical(call.only(1)[0], call.name)), BOOLEAN)

    return build


def _bitwise(function: str) -> Build:
    def build(call: Aggregation) -> Typed:
        _unordered(call)
        value = call.only(1)[0]
        if not is_integer(value.type):
            raise UnexpectedParametersError(f"Unexpected parameters ({value.type}) for function {call.name}")
        return Typed(call.plain(function, coerce(value, BIGINT).sql), BIGINT)

    return build


def _listagg(call: Aggregation) -> Typed:
    value, separator = call.only(2)
    if value.type.name != "varchar" or separator.literal is None:
        raise UnexpectedParametersError(f"Unexpected parameters ({value.type}) for function listagg")
    return Typed(call.text("string_agg", coerce(value, VARCHAR).sql, separator.sql), VARCHAR)


def _approx_distinct(call: Aggregation) -> Typed:
    """The exact count, which lies within the standard error of 2.3 % that Trino documents."""
    _unordered(call)
    _no_distinct(call)
    value = known(call.args[0]) if call.args else call.only(1)[0]
    require_groupable(value.type, "approx_distinct of")
    return Typed(f"count(DISTINCT {value.sql}){call.tail}", BIGINT)


def _statistic(function: str, count: int = 1) -> Build:
    def build(call: Aggregation) -> Typed:
        _unordered(call)
        values = call.only(count)
        if not all(is_numeric(v.type) for v in values):
            raise UnexpectedParametersError(f"Unexpected parameters for function {call.name}. Expected: numbers")
        kind = REAL if count == 2 and not any(v.type == DOUBLE for v in values) else DOUBLE
        text = call.text(function, *(coerce(coerce(v, kind), DOUBLE).sql for v in values))
        return Typed(f"trino_finite(CAST({text} AS {duckdb_type(kind)}))", kind)

    return build


def _grouping(call: Aggregation) -> Typed:
    if call.distinct or call.order or call.tail or not call.args:
        raise NotSupportedError("grouping with modifiers")
    return Typed(cast(f"grouping({', '.join(v.sql for v in call.args)})", INTEGER), INTEGER)


_TABLE: list[tuple[str, str, Build]] = [
    ("count", "count(*), count(x) -> bigint", _count),
    ("count_if", "count_if(boolean) -> bigint", _count_if),
    ("sum", "sum(number) -> bigint, decimal(38,s), real or double", _sum),
    ("avg", "avg(number) -> double, real or decimal(p,s)", _avg),
    ("geometric_mean", "geometric_mean(number) -> double", _geometric_mean),
    ("min", "min(T) -> T", _extreme("min")),
    ("max", "max(T) -> T", _extreme("max")),
    ("min_by", "min_by(T, K) -> T", _extreme_by("arg_min")),
    ("max_by", "max_by(T, K) -> T", _extreme_by("arg_max")),
    ("arbitrary", "arbitrary(T) -> T", _any_value),
    ("any_value", "any_value(T) -> T", _any_value),
    ("array_agg", "array_agg(T [ORDER BY ..]) -> array(T)", _array_agg),
    ("map_agg", "map_agg(K, V) -> map(K, V), keys must be unique", _map_agg),
    ("multimap_agg", "multimap_agg(K, V) -> map(K, array(V))", _multimap_agg),
    ("approx_percentile", "approx_percentile(number, p or array of p) -> number, answered exactly", _approx_percentile),
    ("skewness", "skewness(number) -> double", _skewness),
    ("histogram", "histogram(T) -> map(T, bigint)", _histogram),
    ("bool_and", "bool_and(boolean) -> boolean", _boolean("bool_and")),
    ("every", "every(boolean) -> boolean", _boolean("bool_and")),
    ("bool_or", "bool_or(boolean) -> boolean", _boolean("bool_or")),
    ("bitwise_and_agg", "bitwise_and_agg(bigint) -> bigint", _bitwise("bit_and")),
    ("bitwise_or_agg", "bitwise_or_agg(bigint) -> bigint", _bitwise("bit_or")),
    ("listagg", "listagg(varchar, separator) WITHIN GROUP (ORDER BY ..) -> varchar", _listagg),
    ("approx_distinct", "approx_distinct(T[, e]) -> bigint, answered exactly", _approx_distinct),
    ("grouping", "grouping(column, ...) -> integer", _grouping),
    *(
        (name, f"{name}(number) -> double", _statistic(function))
        for name, function in {
            "stddev": "stddev_samp",
            "stddev_samp": "stddev_samp",
            "stddev_pop": "stddev_pop",
            "variance": "var_samp",
            "var_samp": "var_samp",
            "var_pop": "var_pop",
        }.items()
    ),
    *(
        (name, f"{name}(y, x) -> real, double where an argument is double", _statistic(name, 2))
        for name in ("corr", "covar_samp", "covar_pop", "regr_slope", "regr_intercept")
    ),
]

AGGREGATES: dict[str, Aggregate] = {name: Aggregate(name, text, build) for name, text, build in _TABLE}
