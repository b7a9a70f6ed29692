"""Conditions: comparisons, IN, EXISTS, LIKE, BETWEEN, IS, AND, OR, NOT."""

from __future__ import annotations

from sqlglot import exp

from localaws.athena.embedded.sql import operators
from localaws.athena.embedded.sql.context import Context, Handler
from localaws.athena.embedded.sql.scope import Scope
from localaws.athena.embedded.sql.typed import Typed, coerce, common, text_literal
from localaws.athena.sql_errors import InvalidArgumentError, NotSupportedError, SqlError, TypeMismatchError
from localaws.athena.types.trino import BOOLEAN, UNKNOWN, VARCHAR, is_float


def _comparison(operator: str) -> Handler:
    def handle(node: exp.Expression, scope: Scope, context: Context) -> Typed:
        if _quantifier(node.expression):
            return _quantified(operator, node, scope, context)
        left, right = (context.compile(n, scope) for n in (node.this, node.expression))
        return operators.compare(operator, left, right)

    return handle


def _quantifier(node: exp.Expression) -> str | None:
    if isinstance(node, exp.Any):
        return "ANY"
    if isinstance(node, exp.All):
        return "ALL"
    is_call = isinstance(node, exp.Anonymous) and node.name.upper() in ("ALL", "ANY", "SOME")
    return ("ALL" if node.name.upper() == "ALL" else "ANY") if is_call else None


def _quantified(operator: str, node: exp.Expression, scope: Scope, context: Context) -> Typed:
    inner = node.expression
    query = inner.expressions[0] if isinstance(inner, exp.Anonymous) else inner.this
    left = context.compile(node.this, scope)
    sql, kinds = context.subquery(query, scope)
    if len(kinds) != 1:
        raise SqlError("Multiple columns returned by subquery are not yet supported")
    kind = common([left, Typed("", kinds[0])], operator)
    if is_float(kind) or kind.args or kind.name in ("json", "char"):
        raise NotSupportedError(f"quantified comparison of {kind}")
    rows = f"SELECT {coerce(Typed('q.c0', kinds[0]), kind).sql} FROM ({sql}) AS q"
    return Typed(f"({coerce(left, kind).sql} {operator} {_quantifier(inner)} ({rows}))", BOOLEAN)


def _logical(word: str) -> Handler:
    def handle(node: exp.Expression, scope: Scope, context: Context) -> Typed:
        sides = [operators.logical(context.compile(n, scope), word) for n in (node.this, node.expression)]
        return Typed(f"({sides[0]} {word} {sides[1]})", BOOLEAN)

    return handle


def _not(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return Typed(f"(NOT {operators.logical(context.compile(node.this, scope), 'NOT')})", BOOLEAN)


def _is(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    if not isinstance(node.expression, exp.Null):
        raise NotSupportedError(f"IS {node.expression.sql().upper()}")
    sql = f"({context.compile(node.this, scope).sql} IS NULL)"
    return Typed(f"(NOT {sql})" if node.args.get("negate") else sql, BOOLEAN)


def _distinct_from(negate: bool) -> Handler:
    def handle(node: exp.Expression, scope: Scope, context: Context) -> Typed:
        left, right = (context.compile(n, scope) for n in (node.this, node.expression))
        value = operators.distinct_from(left, right)
        return Typed(f"(NOT {value.sql})", BOOLEAN) if negate else value

    return handle


def _between(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    value, low, high = (context.compile(node.args[k], scope) for k in ("this", "low", "high"))
    sql = f"({operators.compare('>=', value, low).sql} AND {operators.compare('<=', value, high).sql})"
    return Typed(f"(NOT {sql})" if node.args.get("negate") else sql, BOOLEAN)


def _in(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    left = context.compile(node.this, scope)
    if node.args.get("query") is not None:
        sql = _in_query(left, node.args["query"], scope, context)
    else:
        values = [context.compile(n, scope) for n in node.expressions]
        kind = common([left, *values], "IN")
        sides = [operators.compare("=", coerce(left, kind), coerce(v, kind)).sql for v in values]
        plain = not (kind.args or is_float(kind) or kind == UNKNOWN)
        listed = ", ".join(coerce(v, kind).sql for v in values)
        sql = f"({coerce(left, kind).sql} IN ({listed}))" if plain else "(" + " OR ".join(sides) + ")"
    return Typed(f"(NOT {sql})" if node.args.get("negate") else sql, BOOLEAN)


def _in_query(left: Typed, query: exp.Expression, scope: Scope, context: Context) -> str:
    sql, kinds = context.subquery(query, scope)
    if len(kinds) != 1 or left.type.name == "row":
        raise NotSupportedError("IN (subquery) of more than one column")
    kind = common([left, Typed("", kinds[0])], "IN")
    if kind.args or kind.name in ("json", "char"):
        raise NotSupportedError(f"IN (subquery) of {kind}")
    value = coerce(Typed("q.c0", kinds[0]), kind).sql
    # NaN does not equal anything, not even itself
    equal = f" WHERE NOT coalesce(isnan({value}), false)" if is_float(kind) else ""
    rows = f"SELECT {value} FROM ({sql}) AS q{equal}"
    return f"({coerce(left, kind).sql} IN ({rows}))"


def _exists(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return Typed(f"EXISTS ({context.subquery(node.this, scope)[0]})", BOOLEAN)


def _scalar_query(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    sql, kinds = context.subquery(node, scope)
    if len(kinds) != 1:
        raise NotSupportedError("scalar subquery of more than one column")
    return Typed(f"({sql})", kinds[0])


def _like(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return _like_text(node, "", scope, context)


def _like_text(node: exp.Expression, escape: str, scope: Scope, context: Context) -> Typed:
    sides = [context.compile(n, scope) for n in (node.this, node.expression)]
    if any(s.type.name not in ("varchar", "unknown") for s in sides):
        raise TypeMismatchError(f"Left side of LIKE expression must evaluate to a varchar: {sides[0].type}")
    sql = f"({coerce(sides[0], VARCHAR).sql} LIKE {coerce(sides[1], VARCHAR).sql}{escape})"
    return Typed(f"(NOT {sql})" if node.args.get("negate") else sql, BOOLEAN)


def _escape(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    like, escape = node.this, node.expression
    if isinstance(escape, exp.Literal) and len(escape.this) != 1:
        raise InvalidArgumentError("Escape string must be a single character")
    if not isinstance(like, exp.Like) or not isinstance(escape, exp.Literal):
        raise NotSupportedError("LIKE with an escape that is not one literal character")
    pattern = like.expression
    if not isinstance(pattern, exp.Literal) or _bad_escape(pattern.this, escape.this):
        raise NotSupportedError("LIKE ESCAPE with a pattern that is not a literal, or that escapes another character")
    return _like_text(like, f" ESCAPE {text_literal(escape.this)}", scope, context)


def _bad_escape(pattern: str, escape: str) -> bool:
    at = 0
    while (at := pattern.find(escape, at)) >= 0:
        if pattern[at + 1 : at + 2] not in ("%", "_", escape):
            return True
        at += 2
    return False


HANDLERS: dict[type[exp.Expression], Handler] = {
    exp.EQ: _comparison("="),
    exp.NEQ: _comparison("<>"),
    exp.LT: _comparison("<"),
    exp.LTE: _comparison("<="),
    exp.GT: _comparison(">"),
    exp.GTE: _comparison(">="),
    exp.And: _logical("AND"),
    exp.Or: _logical("OR"),
    exp.Not: _not,
    exp.Is: _is,
    exp.NullSafeNEQ: _distinct_from(negate=False),
    exp.NullSafeEQ: _distinct_from(negate=True),
    exp.Between: _between,
    exp.In: _in,
    exp.Exists: _exists,
    exp.Subquery: _scalar_query,
    exp.Select: _scalar_query,
    exp.Like: _like,
    exp.Escape: _escape,
}
