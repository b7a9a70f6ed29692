"""Array functions: https://trino.io/docs/current/functions/array.html."""

from __future__ import annotations

from localaws.athena.embedded.sql.casts import convert
from localaws.athena.embedded.sql.functions.signatures import Call, Function, declared, written
from localaws.athena.embedded.sql.typed import Typed, cast, coerce, common
from localaws.athena.sql_errors import NotSupportedError, UnexpectedParametersError
from localaws.athena.types.trino import (
    BIGINT,
    DATE,
    DAY_INTERVAL,
    UNKNOWN,
    VARCHAR,
    YEAR_INTERVAL,
    array,
    is_float,
    is_integer,
    row,
)


def _compared(function: Function, *, floats: bool = False) -> Function:
    """Limit a function that compares elements to types with the same equality and order in DuckDB and Trino."""

    def build(call: Call) -> Typed:
        kinds = [a.type.args[0] for a in call.args if a.type.name == "array"]
        for kind in kinds:
            if kind.args or kind.name in ("json", "char") or (is_float(kind) and not floats):
                raise NotSupportedError(f"function {function.name} of array({kind})")
        return function.build(call)

    return Function(function.name, function.signature, build)


@written("array_join(array(T), varchar[, varchar]) -> varchar")
def _join(call: Call) -> Typed:
    if not 2 <= len(call.args) <= 3 or call.args[0].type.name != "array":
        raise UnexpectedParametersError("Unexpected parameters for function array_join")
    element = call.args[0].type.args[0]
    text = convert(Typed("x", element), VARCHAR).sql if element != VARCHAR else "x"
    if len(call.args) == 3:
        text = f"coalesce({text}, {coerce(call.args[2], VARCHAR).sql})"
    separator = coerce(call.args[1], VARCHAR).sql
    return Typed(f"trino_array_join(list_transform({call.args[0].sql}, lambda x: {text}), {separator})", VARCHAR)


@written("sequence(start, stop[, step]) -> array(bigint, date or timestamp)")
def _sequence(call: Call) -> Typed:
    if not 2 <= len(call.args) <= 3:
        raise call.unexpected("start, stop[, step]")
    if all(is_integer(a.type) for a in call.args):
        given = ", ".join(coerce(a, BIGINT).sql for a in call.args)
        return Typed(f"trino_sequence{len(call.args)}({given})", array(BIGINT))
    start, stop, *step = call.args
    if not step and start.type == stop.type == DATE:
        by = f"CASE WHEN {start.sql} <= {stop.sql} THEN to_days(1) ELSE to_days(-1) END"
        return Typed(f"trino_date_sequence({start.sql}, {stop.sql}, {by})", array(DATE))
    kind = common([start, stop], "sequence")
    if not step or kind.name not in ("date", "timestamp") or step[0].type not in (DAY_INTERVAL, YEAR_INTERVAL):
        raise NotSupportedError(f"function sequence of {', '.join(str(a.type) for a in call.args)}")
    macro = "month" if step[0].type == YEAR_INTERVAL else kind.name
    given = f"{coerce(start, kind).sql}, {coerce(stop, kind).sql}, {step[0].sql}"
    entries = f"trino_{macro}_sequence({given})"
    same = macro != "month" or kind.name == "timestamp"
    return Typed(entries if same else cast(entries, array(DATE)), array(kind))


@written("zip(array(T), array(U), ...) -> array(row(T, U, ...))")
def _zip(call: Call) -> Typed:
    if len(call.args) < 2 or any(a.type.name != "array" for a in call.args):
        raise UnexpectedParametersError("Unexpected parameters for function zip")
    longest = f"greatest({', '.join(f'len({a.sql})' for a in call.args)})"
    missing = " OR ".join(f"{a.sql} IS NULL" for a in call.args)
    packed = ", ".join(f"field{n} := list_extract({a.sql}, i)" for n, a in enumerate(call.args))
    sql = f"list_transform(range(1, {longest} + 1), lambda i: struct_pack({packed}))"
    kind = array(row(tuple(a.type.args[0] for a in call.args)))
    return Typed(f"CASE WHEN {missing} THEN NULL ELSE {sql} END", kind)


@written("repeat(T, bigint) -> array(T)")
def _repeat(call: Call) -> Typed:
    if len(call.args) != 2:
        raise UnexpectedParametersError("Unexpected parameters for function repeat")
    value, times = call.args[0], coerce(call.args[1], BIGINT)
    kind = value.type
    return Typed(
        f"trino_repeat({coerce(value, kind).sql if kind != UNKNOWN else cast('NULL', kind)}, {times.sql})", array(kind)
    )


FUNCTIONS = [
    declared("cardinality(array(T)) -> bigint", "len({0})"),
    declared("element_at(array(T), bigint) -> T", "list_extract({0}, trino_element_index({1}))"),
    declared("reverse(array(T)) -> array(T)", "list_reverse({0})"),
    declared("flatten(array(array(T))) -> array(T)", "flatten({0})"),
    declared("slice(array(T), bigint, bigint) -> array(T)", "trino_slice({0}, {1}, {2})"),
    _compared(declared("contains(array(T), T) -> boolean", "trino_contains({0}, {1})")),
    _compared(declared("array_position(array(T), T) -> bigint", "trino_array_position({0}, {1})")),
    _compared(declared("array_remove(array(T), T) -> array(T)", "trino_array_remove({0}, {1})")),
    _compared(declared("array_distinct(array(T)) -> array(T)", "trino_array_distinct({0})")),
    _compared(declared("array_union(array(T), array(T)) -> array(T)", "trino_array_union({0}, {1})")),
    _compared(declared("array_intersect(array(T), array(T)) -> array(T)", "trino_array_intersect({0}, {1})")),
    _compared(declared("array_except(array(T), array(T)) -> array(T)", "trino_array_except({0}, {1})")),
    _compared(declared("arrays_overlap(array(T), array(T)) -> boolean", "trino_arrays_overlap({0}, {1})")),
    _compared(declared("array_sort(array(T)) -> array(T)", "list_sort({0}, 'ASC', 'NULLS LAST')"), floats=True),
    _compared(declared("array_min(array(T)) -> T", "trino_array_min({0})")),
    _compared(declared("array_max(array(T)) -> T", "trino_array_max({0})")),
    declared("ngrams(array(T), bigint) -> array(array(T))", "trino_ngrams({0}, {1})"),
    declared("trim_array(array(T), bigint) -> array(T)", "trino_trim_array({0}, {1})"),
    declared(
        "combinations(array(T), bigint) -> array(array(T))",
        "list_transform(trino_combinations(len({0}), {1}), lambda places: list_transform(places, lambda p: ({0})[p]))",
    ),
    _join,
    _sequence,
    _zip,
    _repeat,
]
