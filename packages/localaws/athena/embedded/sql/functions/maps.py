"""Map functions: https://trino.io/docs/current/functions/map.html."""

from __future__ import annotations

from localaws.athena.embedded.sql.functions.signatures import Call, declared, written
from localaws.athena.embedded.sql.operators import require_groupable
from localaws.athena.embedded.sql.typed import Typed, coerce, common
from localaws.athena.sql_errors import UnexpectedParametersError
from localaws.athena.types.trino import UNKNOWN, array, map_of, row


@written("map(array(K), array(V)) -> map(K, V)")
def _map(call: Call) -> Typed:
    if not call.args:
        return Typed("CAST(MAP {} AS MAP(INTEGER, INTEGER))", map_of(UNKNOWN, UNKNOWN))
    if len(call.args) != 2 or any(a.type.name != "array" for a in call.args):
        raise UnexpectedParametersError("Unexpected parameters for function map")
    keys, values = call.args
    require_groupable(keys.type.args[0], "map keyed by")
    missing = f"{keys.sql} IS NULL OR {values.sql} IS NULL"
    kind = map_of(keys.type.args[0], values.type.args[0])
    return Typed(f"CASE WHEN {missing} THEN NULL ELSE map({keys.sql}, {values.sql}) END", kind)


@written("map_entries(map(K, V)) -> array(row(K, V))")
def _entries(call: Call) -> Typed:
    if len(call.args) != 1 or call.args[0].type.name != "map":
        raise UnexpectedParametersError("Unexpected parameters for function map_entries")
    value = call.args[0]
    packed = "struct_pack(field0 := x.key, field1 := x.value)"
    return Typed(f"list_transform(map_entries({value.sql}), lambda x: {packed})", array(row(value.type.args)))


@written("map_from_entries(array(row(K, V))) -> map(K, V)")
def _from_entries(call: Call) -> Typed:
    kind = call.args[0].type if len(call.args) == 1 else UNKNOWN
    if kind.name != "array" or kind.args[0].name != "row" or len(kind.args[0].args) != 2:
        raise UnexpectedParametersError("Unexpected parameters for function map_from_entries")
    key, value = kind.args[0].args
    names = [n or f"field{i}" for i, n in enumerate(kind.args[0].names)]
    packed = f'struct_pack(k := x."{names[0]}", v := x."{names[1]}")'
    return Typed(f"map_from_entries(list_transform({call.args[0].sql}, lambda x: {packed}))", map_of(key, value))


@written("map_concat(map(K, V), map(K, V), ...) -> map(K, V)")
def _concat(call: Call) -> Typed:
    if len(call.args) < 2 or any(a.type.name != "map" for a in call.args):
        raise UnexpectedParametersError("Unexpected parameters for function map_concat")
    kind = common(call.args, "map_concat")
    missing = " OR ".join(f"{a.sql} IS NULL" for a in call.args)
    given = ", ".join(coerce(a, kind).sql for a in call.args)
    return Typed(f"CASE WHEN {missing} THEN NULL ELSE map_concat({given}) END", kind)


FUNCTIONS = [
    _map,
    _entries,
    _from_entries,
    _concat,
    declared(
        "split_to_map(varchar, varchar, varchar) -> map(varchar, varchar)",
        "map_from_entries(trino_split_to_pairs({0}, {1}, {2}))",
    ),
    declared(
        "split_to_multimap(varchar, varchar, varchar) -> map(varchar, array(varchar))",
        "trino_multimap(trino_split_to_pairs({0}, {1}, {2}))",
    ),
    declared("cardinality(map(K, V)) -> bigint", "CAST(cardinality({0}) AS BIGINT)"),
    declared("element_at(map(K, V), K) -> V", "trino_map_get({0}, {1})"),
    declared("map_keys(map(K, V)) -> array(K)", "map_keys({0})"),
    declared("map_values(map(K, V)) -> array(V)", "map_values({0})"),
]
