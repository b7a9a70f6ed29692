"""Compiles one expression: every kind of node that may occur is named here, anything else is refused."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from localaws.athena.sql import literals, operators
from localaws.athena.sql.casts import convert, is_unsure
from localaws.athena.sql.context import Context
from localaws.athena.sql.dialect import LITERAL
from localaws.athena.sql.errors import ColumnNotFoundError, NotSupportedError, SqlError, TypeMismatchError
from localaws.athena.sql.functions import catalog
from localaws.athena.sql.functions.signatures import Call
from localaws.athena.sql.scope import Scope
from localaws.athena.sql.type_text import parse_type
from localaws.athena.sql.typed import Typed, cast, coerce, common, name_literal
from localaws.athena.sql.types import (
    BOOLEAN,
    DATE,
    UNKNOWN,
    VARCHAR,
    Type,
    array,
    field_names,
    is_float,
    is_integer,
    row,
    timestamp,
    timestamptz,
)

Handler = Callable[["exp.Expression", Scope, Context], Typed]


def compile_expression(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    """The DuckDB text and Trino type of an expression.

    Raises:
        NotSupportedError: a node or function that is not on the list.
        SqlError: what Trino itself refuses.
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
    """The name of a construct in SQL's words."""
    return _NAMES.get(type(node), node.key.upper())


_NAMES: dict[type[exp.Expression], str] = {
    exp.JSONExtract: "JSON path operator",
    exp.ILike: "ILIKE",
    exp.Parameter: "parameter",
    exp.Placeholder: "parameter",
}


def _literal(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return literals.string(node.this) if node.args.get("is_string") else literals.number(node.this)


def _boolean(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return Typed("true" if node.this else "false", BOOLEAN, str(bool(node.this)).lower())


def _null(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return Typed("NULL", UNKNOWN)


def _paren(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return compile_expression(node.this, scope, context)


def _column(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    if isinstance(node.this, exp.Star):
        raise SqlError("'*' not allowed in this context")
    parts = [node.args[key].name for key in ("catalog", "db", "table", "this") if node.args.get(key) is not None]
    return resolve(parts, scope)


def resolve(parts: list[str], scope: Scope) -> Typed:
    """The column that a dotted name means, then the fields of a row that follow it."""
    for skip in (0, 1, 2):
        if len(parts) - skip >= 2 and (found := scope.find(parts[skip + 1], parts[skip])):
            return _fields(found, parts[skip + 2 :])
        if skip == 0 and (found := scope.find(parts[0])):
            return _fields(found, parts[1:])
    raise ColumnNotFoundError(f"Column '{'.'.join(parts)}' cannot be resolved")


def _fields(value: Typed, names: list[str]) -> Typed:
    for name in names:
        value = _dereference(value, name)
    return value


def _dereference(value: Typed, name: str) -> Typed:
    names = [(n or "").lower() for n in value.type.names]
    if value.type.name != "row" or names.count(name.lower()) != 1:
        raise ColumnNotFoundError(f"Column '{name}' cannot be resolved in {value.type}")
    index = names.index(name.lower())
    field = name_literal(field_names(value.type)[index])
    return Typed(f"({value.sql}).{field}", value.type.args[index])


def _dot(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    if not isinstance(node.expression, exp.Identifier):
        raise NotSupportedError("function with a schema name")
    return _dereference(compile_expression(node.this, scope, context), node.expression.name)


def _identifier(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return resolve([node.name], scope)


def _binary(operator: str) -> Handler:
    def handle(node: exp.Expression, scope: Scope, context: Context) -> Typed:
        left, right = (compile_expression(n, scope, context) for n in (node.this, node.expression))
        return operators.arithmetic(operator, left, right)

    return handle


def _comparison(operator: str) -> Handler:
    def handle(node: exp.Expression, scope: Scope, context: Context) -> Typed:
        if _quantifier(node.expression):
            return _quantified(operator, node, scope, context)
        left, right = (compile_expression(n, scope, context) for n in (node.this, node.expression))
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
    left = compile_expression(node.this, scope, context)
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
        sides = [operators.logical(compile_expression(n, scope, context), word) for n in (node.this, node.expression)]
        return Typed(f"({sides[0]} {word} {sides[1]})", BOOLEAN)

    return handle


def _not(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return Typed(f"(NOT {operators.logical(compile_expression(node.this, scope, context), 'NOT')})", BOOLEAN)


def _negative(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        return literals.number("-" + node.this.this)
    return operators.negate(compile_expression(node.this, scope, context))


def _is(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    if not isinstance(node.expression, exp.Null):
        raise NotSupportedError(f"IS {node.expression.sql().upper()}")
    sql = f"({compile_expression(node.this, scope, context).sql} IS NULL)"
    return Typed(f"(NOT {sql})" if node.args.get("negate") else sql, BOOLEAN)


def _distinct_from(negate: bool) -> Handler:
    def handle(node: exp.Expression, scope: Scope, context: Context) -> Typed:
        left, right = (compile_expression(n, scope, context) for n in (node.this, node.expression))
        value = operators.distinct_from(left, right)
        return Typed(f"(NOT {value.sql})", BOOLEAN) if negate else value

    return handle


def _between(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    value, low, high = (compile_expression(node.args[k], scope, context) for k in ("this", "low", "high"))
    sql = f"({operators.compare('>=', value, low).sql} AND {operators.compare('<=', value, high).sql})"
    return Typed(f"(NOT {sql})" if node.args.get("negate") else sql, BOOLEAN)


def _in(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    left = compile_expression(node.this, scope, context)
    if node.args.get("query") is not None:
        sql = _in_query(left, node.args["query"], scope, context)
    else:
        values = [compile_expression(n, scope, context) for n in node.expressions]
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
    if is_float(kind) or kind.args or kind.name in ("json", "char"):
        raise NotSupportedError(f"IN (subquery) of {kind}")
    rows = f"SELECT {coerce(Typed('q.c0', kinds[0]), kind).sql} FROM ({sql}) AS q"
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
    sides = [compile_expression(n, scope, context) for n in (node.this, node.expression)]
    if any(s.type.name not in ("varchar", "unknown") for s in sides):
        raise TypeMismatchError(f"Left side of LIKE expression must evaluate to a varchar: {sides[0].type}")
    sql = f"({coerce(sides[0], VARCHAR).sql} LIKE {coerce(sides[1], VARCHAR).sql}{escape})"
    return Typed(f"(NOT {sql})" if node.args.get("negate") else sql, BOOLEAN)


def _escape(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    like, escape = node.this, node.expression
    if not isinstance(like, exp.Like) or not isinstance(escape, exp.Literal) or len(escape.this) != 1:
        raise NotSupportedError("LIKE with an escape that is not one literal character")
    pattern = like.expression
    if not isinstance(pattern, exp.Literal) or _bad_escape(pattern.this, escape.this):
        raise NotSupportedError("LIKE ESCAPE with a pattern that is not a literal, or that escapes another character")
    return _like_text(like, f" ESCAPE {operators_text(escape.this)}", scope, context)


def operators_text(value: str) -> str:
    """A one-character DuckDB literal."""
    return "'" + value.replace("'", "''") + "'"


def _bad_escape(pattern: str, escape: str) -> bool:
    at = 0
    while (at := pattern.find(escape, at)) >= 0:
        if pattern[at + 1 : at + 2] not in ("%", "_", escape):
            return True
        at += 2
    return False


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


def _cast(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    kind = node.args["to"]
    if node.meta.get(LITERAL) and kind.this.value in ("DECIMAL", "TIMESTAMP", "TIMESTAMPTZ"):
        return literals.typed(kind.this.value, node.this.this)
    return convert(compile_expression(node.this, scope, context), type_of(kind))


def _try_cast(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    value = compile_expression(node.this, scope, context)
    if is_unsure(value.sql) or "_unsure" in value.sql:
        raise NotSupportedError("TRY_CAST of an expression that may stop with NOT_SUPPORTED")
    return convert(value, type_of(node.args["to"]), safe=True)


def type_of(node: exp.DataType) -> Type:
    """The Trino type that a CAST names."""
    inner = node.expressions
    name = node.this.value.lower()
    if name == "array":
        return array(type_of(inner[0]))
    if name == "map":
        return Type("map", (type_of(inner[0]), type_of(inner[1])))
    if name == "struct":
        fields = [(f.name.lower(), f.args["kind"]) if isinstance(f, exp.ColumnDef) else (None, f) for f in inner]
        return row(tuple(type_of(k) for _, k in fields), tuple(n for n, _ in fields))
    sizes = [p.name for p in inner]
    if name in ("timestamp", "timestamptz") and len(sizes) <= 1:
        digits = int(sizes[0]) if sizes else 3
        if digits > 6:
            raise NotSupportedError(f"type timestamp({digits})", "has more digits than the 6 that are kept")
        return timestamp(digits) if name == "timestamp" else timestamptz(digits)
    known = {"int": "integer", "float": "real", "text": "varchar", "varbinary": "varbinary", "userdefined": "unknown"}
    return parse_type(known.get(name, name) + (f"({','.join(sizes)})" if sizes else ""))


def _array(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    values = [compile_expression(n, scope, context) for n in node.expressions]
    kind = common(values, "ARRAY")
    element = kind if kind != UNKNOWN else UNKNOWN
    items = ", ".join(coerce(v, element).sql for v in values)
    return Typed(cast(f"[{items}]", array(element)), array(element))


def _subscript(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    value = compile_expression(node.this, scope, context)
    if len(node.expressions) != 1 or isinstance(node.expressions[0], exp.Slice):
        raise NotSupportedError("subscript with a range")
    index = compile_expression(node.expressions[0], scope, context)
    if value.type.name == "array" and is_integer(index.type):
        kind = value.type.args[0]
        return Typed(f"list_extract({value.sql}, trino_subscript({index.sql}, len({value.sql})))", kind)
    if value.type.name == "map":
        key = coerce(index, value.type.args[0])
        return Typed(f"trino_map_value({value.sql}, {key.sql})", value.type.args[1])
    if value.type.name == "row" and index.literal and is_integer(index.type):
        found = operators.fields_of(value)
        if not 1 <= int(index.literal) <= len(found):
            raise SqlError(f"Subscript out of range for {value.type}: {index.literal}")
        return found[int(index.literal) - 1]
    raise TypeMismatchError(f"Cannot subscript {value.type} with {index.type}")


def _tuple(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return row_of([compile_expression(n, scope, context) for n in node.expressions])


def row_of(values: list[Typed]) -> Typed:
    """An anonymous row."""
    kind = row(tuple(v.type for v in values))
    packed = ", ".join(f"{n} := {coerce(v, v.type).sql}" for n, v in zip(field_names(kind), values, strict=True))
    return Typed(f"struct_pack({packed})", kind)


def _concat(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    left, right = (compile_expression(n, scope, context) for n in (node.this, node.expression))
    return operators.concatenate(left, right)


def _interval(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    if not isinstance(node, exp.Interval):
        raise NotSupportedError("INTERVAL")
    return literals.interval(node)


def _hex(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return literals.binary(node.this)


def _unicode(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    if node.args.get("escape"):
        raise NotSupportedError("UESCAPE")
    return literals.unicode_string(node.this)


def _zone(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return _call_named("at_timezone", [node.this, node.args["zone"]], scope, context)


def _extract(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    name = node.this.name.upper()
    known = {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAY_OF_MONTH", "DAY_OF_WEEK", "DOW", "DAY_OF_YEAR", "DOY",
             "YEAR_OF_WEEK", "YOW", "HOUR", "MINUTE", "SECOND"}  # fmt: skip
    if name not in known:
        raise NotSupportedError(f"EXTRACT({name})")
    return _call_named(name.lower(), [node.expression], scope, context)


def _trim(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    nodes = [node.this, *([node.expression] if node.args.get("expression") else [])]
    return _call_named(name, nodes, scope, context)


def _position(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return _call_named("strpos", [node.this, node.args["substr"]], scope, context)


def _normalize(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    form = node.args.get("form")
    if form is not None and form.name.upper() != "NFC":
        raise NotSupportedError(f"normalize with form {form.name}")
    value = coerce(compile_expression(node.this, scope, context), VARCHAR)
    return Typed(f"nfc_normalize({value.sql})", VARCHAR)


def _now(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return _call_named("now", [], scope, context)


def _today(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return Typed("CAST(now() AT TIME ZONE 'UTC' AS DATE)", DATE)


def _local_now(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return Typed("date_trunc('millisecond', now() AT TIME ZONE 'UTC')", timestamp(3))


def _call(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    name = node.this if isinstance(node.this, str) else node.name
    if name.lower() == "typeof" and len(node.expressions) == 1:
        kind = compile_expression(node.expressions[0], scope, context).type
        return Typed(literals.string(str(kind)).sql, VARCHAR)
    if name.lower() == "row":
        return _tuple(node, scope, context)
    if name.lower() in catalog.aggregate_names() or name.lower() in catalog.window_names():
        return context.aggregate(node, scope)
    return _call_named(name, node.expressions, scope, context)


def _call_named(name: str, nodes: list[exp.Expression], scope: Scope, context: Context) -> Typed:
    call = Call(name.lower(), nodes, scope, lambda n, s: compile_expression(n, s, context))
    return catalog.call(call)


def _aggregate(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return context.aggregate(node, scope)


HANDLERS: dict[type[exp.Expression], Handler] = {
    exp.Literal: _literal,
    exp.Boolean: _boolean,
    exp.Null: _null,
    exp.Paren: _paren,
    exp.Column: _column,
    exp.Identifier: _identifier,
    exp.Dot: _dot,
    exp.Add: _binary("add"),
    exp.Sub: _binary("subtract"),
    exp.Mul: _binary("multiply"),
    exp.Div: _binary("divide"),
    exp.Mod: _binary("modulus"),
    exp.EQ: _comparison("="),
    exp.NEQ: _comparison("<>"),
    exp.LT: _comparison("<"),
    exp.LTE: _comparison("<="),
    exp.GT: _comparison(">"),
    exp.GTE: _comparison(">="),
    exp.And: _logical("AND"),
    exp.Or: _logical("OR"),
    exp.Not: _not,
    exp.Neg: _negative,
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
    exp.Case: _case,
    exp.If: _if,
    exp.Cast: _cast,
    exp.TryCast: _try_cast,
    exp.Array: _array,
    exp.Bracket: _subscript,
    exp.Tuple: _tuple,
    exp.DPipe: _concat,
    exp.Interval: _interval,
    exp.HexString: _hex,
    exp.UnicodeString: _unicode,
    exp.AtTimeZone: _zone,
    exp.Extract: _extract,
    exp.Trim: _trim,
    exp.StrPosition: _position,
    exp.Normalize: _normalize,
    exp.CurrentTimestamp: _now,
    exp.CurrentDate: _today,
    exp.Localtimestamp: _local_now,
    exp.Anonymous: _call,
    exp.Window: _aggregate,
    exp.Filter: _aggregate,
    exp.GroupConcat: _aggregate,
}

_BINARY = ("this", "expression", "negate")
_ARGUMENTS: dict[type[exp.Expression], tuple[str, ...]] = {
    **dict.fromkeys((exp.Like, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.Escape), _BINARY),
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
    exp.Exists: ("this", "negate"),
    exp.Case: ("this", "ifs", "default"),
    exp.If: ("this", "true", "false"),
    exp.Cast: ("this", "to"),
    exp.TryCast: ("this", "to", "safe", "requires_string"),
    exp.Array: ("expressions", "bracket_notation", "value_constructor"),
    exp.Bracket: ("this", "expressions", "offset", "safe"),
    exp.Interval: ("this", "unit"),
    exp.AtTimeZone: ("this", "zone"),
    exp.Extract: ("this", "expression"),
    exp.Trim: ("this", "position", "expression"),
    exp.StrPosition: ("this", "substr"),
    exp.Normalize: ("this", "form"),
    exp.CurrentTimestamp: (),
    exp.CurrentDate: (),
    exp.Localtimestamp: (),
    exp.Anonymous: ("this", "expressions"),
}
