"""Aggregates that rank values: extremes and percentiles (https://trino.io/docs/current/functions/aggregate.html)."""

from __future__ import annotations

import re

from localaws.athena.embedded.sql.functions.aggregation import (
    Aggregation,
    Build,
    no_distinct,
    require_orderable,
    unordered,
)
from localaws.athena.embedded.sql.typed import Typed, cast, coerce, known
from localaws.athena.sql_errors import InvalidArgumentError, NotSupportedError, UnexpectedParametersError
from localaws.athena.types.trino import BIGINT, DOUBLE, REAL, Type, array, is_float, is_integer, is_numeric


def _without_nan(call: Aggregation, key: Typed, result: str, kind: Type) -> str:
    """Refuse NaN when the query runs: its position among extremes differs between versions of Trino."""
    if not is_float(key.type):
        return result
    nan_count = call.plain("count", f"CASE WHEN isnan({key.sql}) THEN 1 END")
    stop = cast(
        f"trino_fail_unsure('NOT_SUPPORTED: {call.name} over NaN, whose order depends on the Trino version')", kind
    )
    return f"CASE WHEN {nan_count} > 0 THEN {stop} ELSE {result} END"


def extreme(function: str) -> Build:
    """`min(x)` and `max(x)`; with a second argument n, the first n values."""

    def build(call: Aggregation) -> Typed:
        unordered(call)
        if len(call.args) == 2:
            return _several(call, function)
        value = known(call.only(1)[0])
        require_orderable(value.type, call.name)
        return Typed(_without_nan(call, value, call.plain(function, value.sql), value.type), value.type)

    return build


def extreme_by(function: str) -> Build:
    """`min_by(x, y)` and `max_by(x, y)`; with a third argument n, the first n values."""

    def build(call: Aggregation) -> Typed:
        unordered(call)
        no_distinct(call)
        if len(call.args) == 3:
            return _several(call, function)
        value, key = (known(v) for v in call.only(2))
        require_orderable(key.type, call.name)
        result = f"({call.plain(function, f'struct_pack(v := {value.sql})', key.sql)}).v"
        return Typed(_without_nan(call, key, result, value.type), value.type)

    return build


def _several(call: Aggregation, function: str) -> Typed:
    """Compile max(x, n), max_by(x, y, n) and similar: the first n values; DuckDB needs n as a literal."""
    *values, count = call.args
    if not is_integer(count.type) or count.literal is None:
        raise NotSupportedError(f"{call.name} with a number of values that is not a literal")
    if not 0 < int(count.literal) <= _MOST_VALUES:
        raise InvalidArgumentError(f"second argument of {function}_n must be positive and at most {_MOST_VALUES}")
    value, key = known(values[0]), known(values[-1])
    require_orderable(key.type, call.name)
    if is_float(key.type):
        raise NotSupportedError(f"{call.name}(.., n) of {key.type}")
    text = call.plain(function, *(known(v).sql for v in values), count.literal)
    return Typed(text, array(value.type))


_MOST_VALUES = 10_000


def approx_percentile(call: Aggregation) -> Typed:
    """An exact percentile: the value at that rank, which Trino returns for small sets."""
    unordered(call)
    no_distinct(call)
    value, share = call.only(2)
    if not is_numeric(value.type):
        raise UnexpectedParametersError(f"Unexpected parameters ({value.type}) for function approx_percentile")
    if _OF_ROW.search(share.sql):
        raise NotSupportedError("approx_percentile with a percentile that is not a constant")
    kind = BIGINT if is_integer(value.type) else REAL if value.type == REAL else DOUBLE
    finite = f"list_sort({call.plain('list', _without_nulls(coerce(value, kind)))})"
    if share.type.name == "array":
        places = coerce(share, array(DOUBLE)).sql
        percentiles = f"list_transform({places}, lambda p: trino_quantile({finite}, p))"
        return Typed(f"CASE WHEN {finite} IS NULL THEN NULL ELSE {percentiles} END", array(kind))
    return Typed(f"trino_quantile({finite}, {coerce(share, DOUBLE).sql})", kind)


def _without_nulls(value: Typed) -> str:
    return f"{value.sql}) FILTER (WHERE {value.sql} IS NOT NULL"


_OF_ROW = re.compile(r"\br\d+\.")
