"""Functions that take lambdas: https://trino.io/docs/current/functions/lambda.html."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from localaws.athena.embedded.sql.functions.signatures import Call, Function, written
from localaws.athena.embedded.sql.operators import logical, require_groupable
from localaws.athena.embedded.sql.scope import Field
from localaws.athena.embedded.sql.typed import Typed, cast, coerce, common, known
from localaws.athena.sql_errors import NotSupportedError, UnexpectedParametersError
from localaws.athena.types.trino import BOOLEAN, Type, array, map_of


def _body(call: Call, index: int, kinds: list[Type], texts: list[str]) -> Typed:
    """Compile the body of a lambda; its parameters are replaced by the given DuckDB texts."""
    node = call.nodes[index] if index < len(call.nodes) else None
    if not isinstance(node, exp.Lambda) or len(node.expressions) != len(kinds):
        raise _unexpected(call, f"a lambda of {len(kinds)} parameters")
    params = tuple(
        Field(p.name.lower(), sql, kind) for p, sql, kind in zip(node.expressions, texts, kinds, strict=True)
    )
    return call.compile(node.this, call.scope.with_lambdas(params))


def _unexpected(call: Call, expected: str) -> UnexpectedParametersError:
    """Return an error that does not list the types of the arguments, because a lambda has no type of its own."""
    return UnexpectedParametersError(f"Unexpected parameters for function {call.name}. Expected: {expected}")


def _fresh(call: Call, stem: str) -> str:
    """A DuckDB lambda parameter that no enclosing lambda uses."""
    depth, level = 0, call.scope.parent
    while level is not None:
        depth, level = depth + 1, level.parent
    return f"{stem}{depth}"


def _subject(call: Call, name: str) -> Typed:
    first = replace(call, nodes=call.nodes[:1]).args
    if not first or first[0].type.name != name:
        raise _unexpected(call, name)
    return first[0]


@written("transform(array(T), x -> U) -> array(U)")
def _transform(call: Call) -> Typed:
    value, x = _subject(call, "array"), _fresh(call, "x")
    body = known(_body(call, 1, [value.type.args[0]], [x]))
    return Typed(f"list_transform({value.sql}, lambda {x}: {body.sql})", array(body.type))


@written("filter(array(T), x -> boolean) -> array(T)")
def _filter(call: Call) -> Typed:
    value, x = _subject(call, "array"), _fresh(call, "x")
    body = _body(call, 1, [value.type.args[0]], [x])
    return Typed(f"list_filter({value.sql}, lambda {x}: {logical(body, 'filter')})", value.type)


def _match(name: str) -> Function:
    @written(f"{name}(array(T), x -> boolean) -> boolean")
    def build(call: Call) -> Typed:
        value, x = _subject(call, "array"), _fresh(call, "x")
        body = _body(call, 1, [value.type.args[0]], [x])
        return Typed(f"trino_{name}(list_transform({value.sql}, lambda {x}: {logical(body, name)}))", BOOLEAN)

    return build


@written("reduce(array(T), S, (s, x) -> S, s -> R) -> R")
def _reduce(call: Call) -> Typed:
    if len(call.nodes) != 4:
        raise _unexpected(call, "four arguments")
    value, start = _subject(call, "array"), call.compile(call.nodes[1], call.scope)
    s, x, element = _fresh(call, "s"), _fresh(call, "x"), value.type.args[0]
    step = _body(call, 2, [start.type, element], [f"{s}.s", f"{x}.x"])
    kind = common([start, step], "reduce")
    if kind != start.type:
        step = _body(call, 2, [kind, element], [f"{s}.s", f"{x}.x"])
    if common([Typed("", kind), step], "reduce") != kind or kind.args or element.args:
        raise NotSupportedError(f"function reduce of {value.type} into {step.type}")
    result = _body(call, 3, [kind], [s])
    pairs = f"list_transform({value.sql}, lambda {x}: struct_pack(s := {cast('NULL', kind)}, x := {x}))"
    first = f"struct_pack(s := {coerce(start, kind).sql}, x := {cast('NULL', element)})"
    folded = f"list_reduce({pairs}, lambda {s}, {x}: struct_pack(s := {coerce(step, kind).sql}, x := {x}.x), {first})"
    return Typed(f"list_extract(list_transform([({folded}).s], lambda {s}: {result.sql}), 1)", result.type)


@written("zip_with(array(T), array(U), (x, y) -> R) -> array(R)")
def _zip_with(call: Call) -> Typed:
    if len(call.nodes) != 3:
        raise _unexpected(call, "three arguments")
    left, right = (call.compile(n, call.scope) for n in call.nodes[:2])
    if left.type.name != "array" or right.type.name != "array":
        raise _unexpected(call, "arrays")
    i = _fresh(call, "i")
    texts = [f"list_extract({left.sql}, {i})", f"list_extract({right.sql}, {i})"]
    body = known(_body(call, 2, [left.type.args[0], right.type.args[0]], texts))
    span = f"range(1, greatest(len({left.sql}), len({right.sql})) + 1)"
    sql = f"list_transform({span}, lambda {i}: {body.sql})"
    return Typed(f"CASE WHEN {left.sql} IS NULL OR {right.sql} IS NULL THEN NULL ELSE {sql} END", array(body.type))


@written("map_filter(map(K, V), (k, v) -> boolean) -> map(K, V)")
def _map_filter(call: Call) -> Typed:
    value, e = _subject(call, "map"), _fresh(call, "e")
    test = logical(_body(call, 1, list(value.type.args), [f"{e}.key", f"{e}.value"]), "map_filter")
    return Typed(f"map_from_entries(list_filter(map_entries({value.sql}), lambda {e}: {test}))", value.type)


@written("transform_values(map(K, V), (k, v) -> U) -> map(K, U)")
def _transform_values(call: Call) -> Typed:
    value, e = _subject(call, "map"), _fresh(call, "e")
    body = known(_body(call, 1, list(value.type.args), [f"{e}.key", f"{e}.value"]))
    return Typed(_rebuilt(value, e, f"{e}.key", body.sql), map_of(value.type.args[0], body.type))


@written("transform_keys(map(K, V), (k, v) -> U) -> map(U, V)")
def _transform_keys(call: Call) -> Typed:
    value, e = _subject(call, "map"), _fresh(call, "e")
    body = _body(call, 1, list(value.type.args), [f"{e}.key", f"{e}.value"])
    require_groupable(body.type, "map keyed by")
    return Typed(_rebuilt(value, e, body.sql, f"{e}.value"), map_of(body.type, value.type.args[1]))


def _rebuilt(value: Typed, entry: str, key: str, item: str) -> str:
    packed = f"struct_pack(k := {key}, v := {item})"
    return f"map_from_entries(list_transform(map_entries({value.sql}), lambda {entry}: {packed}))"


FUNCTIONS = [
    _transform,
    _filter,
    _match("any_match"),
    _match("all_match"),
    _match("none_match"),
    _reduce,
    _zip_with,
    _map_filter,
    _transform_values,
    _transform_keys,
]
