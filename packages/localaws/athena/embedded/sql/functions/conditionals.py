"""Conditional functions: https://trino.io/docs/current/functions/conditional.html."""

from __future__ import annotations

from sqlglot import exp

from localaws.athena.embedded.sql.casts import is_unsure
from localaws.athena.embedded.sql.functions.signatures import Call, Function, written
from localaws.athena.embedded.sql.operators import compare
from localaws.athena.embedded.sql.typed import Typed, coerce, common
from localaws.athena.sql_errors import NotSupportedError, SqlError
from localaws.athena.types.trino import is_float


@written("coalesce(T, T, ...) -> T")
def _coalesce(call: Call) -> Typed:
    if len(call.args) < 2:
        raise SqlError("The 'coalesce' function must have at least two arguments")
    kind = common(call.args, "coalesce")
    return Typed(f"coalesce({', '.join(coerce(a, kind).sql for a in call.args)})", kind)


@written("nullif(T, T) -> T")
def _nullif(call: Call) -> Typed:
    if len(call.args) != 2:
        raise SqlError("Invalid number of arguments for 'nullif' function")
    first, second = call.args
    equal = compare("=", first, second).sql
    return Typed(f"CASE WHEN {equal} THEN NULL ELSE {first.sql} END", first.type)


@written("try(T) -> T")
def _try(call: Call) -> Typed:
    if len(call.args) != 1:
        raise SqlError("The 'try' function must have exactly one argument")
    node = call.nodes[0]
    if type(node) is exp.Cast:
        return call.compile(exp.TryCast(this=node.this, to=node.args["to"]), call.scope)
    value = call.args[0]
    if is_unsure(value.sql):
        raise NotSupportedError("TRY of an expression that may stop with NOT_SUPPORTED")
    return Typed(f"TRY({value.sql})", value.type)


def _extreme(name: str) -> Function:
    @written(f"{name}(T, T, ...) -> T")
    def build(call: Call) -> Typed:
        if not call.args:
            raise call.unexpected("at least one argument")
        kind = common(call.args, name)
        if kind.args or kind.name in ("json", "char", "boolean"):
            raise NotSupportedError(f"{name} of {kind}")
        values = [coerce(a, kind).sql for a in call.args]
        missing = " OR ".join(f"{v} IS NULL" for v in values)
        nan = " OR ".join(f"isnan({v})" for v in values)
        stop = f" WHEN {nan} THEN trino_fail_unsure('NOT_SUPPORTED: {name} of NaN')" if is_float(kind) else ""
        return Typed(f"CASE WHEN {missing} THEN NULL{stop} ELSE {name}({', '.join(values)}) END", kind)

    return build


FUNCTIONS = [_coalesce, _nullif, _try, _extreme("greatest"), _extreme("least")]
