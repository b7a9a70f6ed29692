"""Aggregate functions (https://trino.io/docs/current/functions/aggregate.html)."""

from __future__ import annotations

from localaws.athena.embedded.sql.duckdb_types import duckdb_type
from localaws.athena.embedded.sql.functions.aggregation import (
    Aggregate,
    Aggregation,
    Build,
    no_distinct,
    number,
    unordered,
)
from localaws.athena.embedded.sql.functions.ranked_aggregates import approx_percentile, extreme, extreme_by
from localaws.athena.embedded.sql.operators import from_unscaled, logical, require_groupable, unscaled
from localaws.athena.embedded.sql.typed import Typed, cast, coerce, known
from localaws.athena.sql_errors import NotSupportedError, UnexpectedParametersError
from localaws.athena.types.trino import (
    BIGINT,
    BOOLEAN,
    DAY_INTERVAL,
    DOUBLE,
    INTEGER,
    REAL,
    VARCHAR,
    YEAR_INTERVAL,
    array,
    decimal,
    is_float,
    is_integer,
    is_numeric,
    map_of,
)


def _count(call: Aggregation) -> Typed:
    unordered(call)
    if call.star or not call.args:
        return Typed(call.plain("count", "*"), BIGINT)
    return Typed(call.text("count", known(call.only(1)[0]).sql), BIGINT)


def _count_if(call: Aggregation) -> Typed:
    unordered(call)
    no_distinct(call)
    condition = logical(call.only(1)[0], "count_if")
    return Typed(call.plain("count", f"CASE WHEN {condition} THEN 1 END"), BIGINT)


def _of_intervals(call: Aggregation, value: Typed) -> Typed | None:
    """Sum and avg of intervals; None for other types."""
    if value.type == DAY_INTERVAL:
        total = call.text(call.name, f"epoch_us({value.sql}) // 1000")
        return Typed(f"trino_day_interval(CAST(trunc({total}) AS BIGINT) * 1000)", DAY_INTERVAL)
    if value.type == YEAR_INTERVAL:
        total = call.text(call.name, f"trino_interval_months({value.sql})")
        return Typed(f"to_months(CAST(round({total}) AS INTEGER))", YEAR_INTERVAL)
    return None


def _sum(call: Aggregation) -> Typed:
    unordered(call)
    if (total := _of_intervals(call, call.only(1)[0])) is not None:
        return total
    value = number(call)
    if is_integer(value.type):
        return Typed(cast(call.text("sum", value.sql), BIGINT), BIGINT)
    if is_float(value.type):
        return Typed(cast(call.text("sum", value.sql), value.type), value.type)
    kind = decimal(38, value.type.size[1])
    return Typed(cast(call.text("sum", value.sql), kind), kind)


def _avg(call: Aggregation) -> Typed:
    unordered(call)
    if (mean := _of_intervals(call, call.only(1)[0])) is not None:
        return mean
    value = number(call)
    if is_integer(value.type):
        return Typed(call.text("avg", value.sql), DOUBLE)
    if is_float(value.type):
        return Typed(cast(call.text("avg", value.sql), value.type), value.type)
    total = Typed(cast(call.text("sum", value.sql), decimal(38, value.type.size[1])), decimal(38, value.type.size[1]))
    quotient = f"trino_half_up_unsure({unscaled(total)}, nullif(CAST({call.text('count', value.sql)} AS HUGEINT), 0))"
    return Typed(from_unscaled(quotient, value.type), value.type)


def _geometric_mean(call: Aggregation) -> Typed:
    unordered(call)
    value = coerce(number(call), DOUBLE)
    return Typed(f"exp({call.text('avg', f'ln({value.sql})')})", DOUBLE)


def _multimap_agg(call: Aggregation) -> Typed:
    unordered(call)
    no_distinct(call)
    key, value = (known(v) for v in call.only(2))
    require_groupable(key.type, "multimap_agg keyed by")
    entries = call.plain("list", f"struct_pack(k := {key.sql}, v := {value.sql})")
    return Typed(f"trino_multimap({entries})", map_of(key.type, array(value.type)))


def _skewness(call: Aggregation) -> Typed:
    """The population skewness, as in Trino; DuckDB's function is the sample skewness."""
    unordered(call)
    value = coerce(number(call), DOUBLE)
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
    unordered(call)
    no_distinct(call)
    key, value = (known(v) for v in call.only(2))
    require_groupable(key.type, "map_agg keyed by")
    kind = map_of(key.type, value.type)
    entries = call.plain("list", f"struct_pack(k := {key.sql}, v := {value.sql})")
    return Typed(f"trino_map_of_pairs_unsure({entries})", kind)


def _histogram(call: Aggregation) -> Typed:
    unordered(call)
    no_distinct(call)
    value = call.only(1)[0]
    if is_float(value.type) or value.type.args:
        raise NotSupportedError(f"histogram of {value.type}")
    kind = map_of(value.type, BIGINT)
    return Typed(cast(call.plain("histogram", value.sql), kind), kind)


def _boolean(function: str) -> Build:
    def build(call: Aggregation) -> Typed:
        unordered(call)
        return Typed(call.plain(function, logical(call.only(1)[0], call.name)), BOOLEAN)

    return build


def _bitwise(function: str) -> Build:
    def build(call: Aggregation) -> Typed:
        unordered(call)
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
    """The exact count, which is within the standard error of 2.3 % that Trino documents."""
    unordered(call)
    no_distinct(call)
    value = known(call.args[0]) if call.args else call.only(1)[0]
    require_groupable(value.type, "approx_distinct of")
    return Typed(f"count(DISTINCT {value.sql}){call.tail}", BIGINT)


def _statistic(function: str, count: int = 1) -> Build:
    def build(call: Aggregation) -> Typed:
        unordered(call)
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
    ("min", "min(T) -> T", extreme("min")),
    ("max", "max(T) -> T", extreme("max")),
    ("min_by", "min_by(T, K) -> T", extreme_by("arg_min")),
    ("max_by", "max_by(T, K) -> T", extreme_by("arg_max")),
    ("arbitrary", "arbitrary(T) -> T", _any_value),
    ("any_value", "any_value(T) -> T", _any_value),
    ("array_agg", "array_agg(T [ORDER BY ..]) -> array(T)", _array_agg),
    ("map_agg", "map_agg(K, V) -> map(K, V), keys must be unique", _map_agg),
    ("multimap_agg", "multimap_agg(K, V) -> map(K, array(V))", _multimap_agg),
    ("approx_percentile", "approx_percentile(number, p or array of p) -> number, answered exactly", approx_percentile),
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
