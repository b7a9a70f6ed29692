"""Compiles one expression: only the kinds of nodes named here are allowed."""

from __future__ import annotations

from sqlglot import exp

from localaws.athena.embedded.sql import literals, names, operators, predicates, values
from localaws.athena.embedded.sql.context import Context, Handler
from localaws.athena.embedded.sql.functions import catalog
from localaws.athena.embedded.sql.functions.signatures import Call
from localaws.athena.embedded.sql.scope import Scope
from localaws.athena.embedded.sql.typed import Typed, coerce, common
from localaws.athena.sql_errors import NotSupportedError
from localaws.athena.types.trino import UNKNOWN, VARCHAR


def compile_expression(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    """Compile an expression to DuckDB text with its Trino type.

    Raises:
        NotSupportedError: a node or function that is not on the list.
        SqlError: an expression that Trino itself refuses.
    """
    handler = HANDLERS.get(type(node))
    if handler is None:
        raise NotSupportedError(construct_of(node))
    handled = _ARGUMENTS.get(type(node))
    extra = {key for key, value in node.args.items() if value and key not in (handled or ())}
    if handled is not None and extra:
        raise NotSupportedError(f"{construct_of(node)} {' '.join(sorted(extra)).upper()}")
    return handler(node, scope, context)


def construct_of(node: exp.Expression) -> str:
    """The SQL name of a construct."""
    return _NAMES.get(type(node), node.key.upper())


_NAMES: dict[type[exp.Expression], str] = {
    exp.JSONExtract: "function json_query",
    exp.JSONObject: "function json_object",
    exp.JSONValue: "function json_value",
    exp.ILike: "ILIKE",
    exp.Parameter: "parameter",
    exp.Placeholder: "parameter",
}


def _paren(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return compile_expression(node.this, scope, context)


def _binary(operator: str) -> Handler:
    def handle(node: exp.Expression, scope: Scope, context: Context) -> Typed:
        left, right = (compile_expression(n, scope, context) for n in (node.this, node.expression))
        return operators.arithmetic(operator, left, right)

    return handle


def _case(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    operand = compile_expression(node.this, scope, context) if node.this is not None else None
    branches = [(n.this, compile_expression(n.args["true"], scope, context)) for n in node.args["ifs"]]
    default = node.args.get("default")
    otherwise = compile_expression(default, scope, context) if default is not None else Typed("NULL", UNKNOWN)
    kind = common([value for _, value in branches] + [otherwise], "CASE")
    parts = []
    for test, value in branches:
        condition = compile_expression(test, scope, context)
        condition = operators.compare("=", operand, condition) if operand else condition
        parts.append(f"WHEN {operators.logical(condition, 'CASE WHEN')} THEN {coerce(value, kind).sql}")
    return Typed(f"CASE {' '.join(parts)} ELSE {coerce(otherwise, kind).sql} END", kind)


def _if(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    condition = operators.logical(compile_expression(node.this, scope, context), "IF")
    yes = compile_expression(node.args["true"], scope, context)
    default = node.args.get("false")
    no = compile_expression(default, scope, context) if default is not None else Typed("NULL", UNKNOWN)
    kind = common([yes, no], "IF")
    return Typed(f"CASE WHEN {condition} THEN {coerce(yes, kind).sql} ELSE {coerce(no, kind).sql} END", kind)


def _concat(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    left, right = (compile_expression(n, scope, context) for n in (node.this, node.expression))
    return operators.concatenate(left, right)


def _zone(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return _call_named("at_timezone", [node.this, node.args["zone"]], scope, context)


def _extract(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    name = node.this.name.upper()
    known = {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAY_OF_MONTH", "DAY_OF_WEEK", "DOW", "DAY_OF_YEAR", "DOY",
             "YEAR_OF_WEEK", "YOW", "HOUR", "MINUTE", "SECOND", "TIMEZONE_HOUR", "TIMEZONE_MINUTE"}  # fmt: skip
    if name not in known:
        raise NotSupportedError(f"EXTRACT({name})")
    return _call_named(name.lower(), [node.expression], scope, context)


def _trim(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    nodes = [node.this, *([node.expression] if node.args.get("expression") else [])]
    return _call_named(name, nodes, scope, context)


def _position(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return _call_named("strpos", [node.this, node.args["substr"]], scope, context)


def _substring(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    nodes = [node.args[key] for key in ("this", "start", "length") if node.args.get(key) is not None]
    return _call_named("substring", nodes, scope, context)


def _normalize(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    form = node.args.get("form")
    if isinstance(form, exp.Expression) and form.name.upper() != "NFC":
        raise NotSupportedError(f"normalize with form {form.name}")
    value = coerce(compile_expression(node.this, scope, context), VARCHAR)
    return Typed(f"nfc_normalize({value.sql})", VARCHAR)


def _now(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return _call_named("now", [], scope, context)


def _call(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    name = node.this if isinstance(node.this, str) else node.name
    if name.lower() == "typeof" and len(node.expressions) == 1:
        kind = compile_expression(node.expressions[0], scope, context).type
        return Typed(literals.string(str(kind)).sql, VARCHAR)
    if name.lower() == "row":
        return values.row_of_call(node, scope, context)
    if name.lower() in catalog.aggregate_names() or name.lower() in catalog.window_names():
        return context.aggregate(node, scope)
    return _call_named(name, node.expressions, scope, context)


def _call_named(name: str, nodes: list[exp.Expression], scope: Scope, context: Context) -> Typed:
    call = Call(name.lower(), nodes, scope, lambda n, s: compile_expression(n, s, context))
    return catalog.call(call)


def _aggregate(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return context.aggregate(node, scope)


HANDLERS: dict[type[exp.Expression], Handler] = {
    **names.HANDLERS,
    **predicates.HANDLERS,
    **values.HANDLERS,
    exp.Paren: _paren,
    exp.Add: _binary("add"),
    exp.Sub: _binary("subtract"),
    exp.Mul: _binary("multiply"),
    exp.Div: _binary("divide"),
    exp.Mod: _binary("modulus"),
    exp.Case: _case,
    exp.If: _if,
    exp.DPipe: _concat,
    exp.AtTimeZone: _zone,
    exp.Extract: _extract,
    exp.Trim: _trim,
    exp.StrPosition: _position,
    exp.Substring: _substring,
    exp.Normalize: _normalize,
    exp.CurrentTimestamp: _now,
    exp.Anonymous: _call,
    exp.Window: _aggregate,
    exp.Filter: _aggregate,
    exp.GroupConcat: _aggregate,
}

_BINARY = ("this", "expression")
_ARGUMENTS: dict[type[exp.Expression], tuple[str, ...]] = {
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Escape, exp.Filter), _BINARY),
    **dict.fromkeys((exp.NullSafeEQ, exp.NullSafeNEQ, exp.Dot), _BINARY),
    **dict.fromkeys((exp.Like, exp.Is), (*_BINARY, "negate")),
    exp.Literal: ("this", "is_string"),
    exp.Boolean: ("this",),
    exp.Null: (),
    exp.Paren: ("this",),
    exp.Column: ("this", "table", "db", "catalog"),
    exp.Identifier: ("this", "quoted"),
    exp.Tuple: ("expressions",),
    exp.DPipe: (*_BINARY, "safe"),
    exp.HexString: ("this",),
    exp.UnicodeString: ("this", "escape"),
    exp.Add: _BINARY,
    exp.Sub: _BINARY,
    exp.Mul: _BINARY,
    exp.Div: (*_BINARY, "typed", "safe"),
    exp.Mod: _BINARY,
    exp.Not: ("this",),
    exp.Neg: ("this",),
    exp.And: _BINARY,
    exp.Or: _BINARY,
    exp.Between: ("this", "low", "high", "negate"),
    exp.In: ("this", "expressions", "query", "negate"),
    exp.Exists: ("this",),
    exp.Case: ("this", "ifs", "default"),
    exp.If: ("this", "true", "false"),
    exp.Cast: ("this", "to"),
    exp.TryCast: ("this", "to", "safe", "requires_string"),
    exp.Array: ("expressions", "bracket_notation", "value_constructor"),
    exp.Bracket: ("this", "expressions"),
    exp.Interval: ("this", "unit"),
    exp.AtTimeZone: ("this", "zone"),
    exp.Extract: ("this", "expression"),
    exp.Trim: ("this", "position", "expression"),
    exp.StrPosition: ("this", "substr"),
    exp.Substring: ("this", "start", "length"),
    exp.JSONValue: ("this", "path", "returning"),
    exp.JSONExtract: ("this", "expression", "json_query", "option", "quote"),
    exp.Normalize: ("this", "form"),
    exp.CurrentTimestamp: (),
    exp.CurrentDate: (),
    exp.Localtimestamp: (),
    exp.Anonymous: ("this", "expressions"),
}
