"""Values: literals, casts, arrays, rows, subscripts."""

from __future__ import annotations

from sqlglot import exp

from localaws.athena.embedded.sql import literals, operators
from localaws.athena.embedded.sql.casts import convert
from localaws.athena.embedded.sql.context import Context, Handler
from localaws.athena.embedded.sql.dialect import LITERAL
from localaws.athena.embedded.sql.json_paths import check_path
from localaws.athena.embedded.sql.scope import Scope
from localaws.athena.embedded.sql.typed import Typed, cast, coerce, common, text_literal
from localaws.athena.sql_errors import NotSupportedError, SqlError, TypeMismatchError
from localaws.athena.types.text import parse_type
from localaws.athena.types.trino import (
    BOOLEAN,
    DATE,
    JSON,
    UNKNOWN,
    VARCHAR,
    Type,
    array,
    field_names,
    is_integer,
    row,
    timestamp,
    timestamptz,
)


def _literal(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return literals.string(node.this) if node.args.get("is_string") else literals.number(node.this)


def _boolean(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return Typed("true" if node.this else "false", BOOLEAN, str(bool(node.this)).lower())


def _null(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return Typed("NULL", UNKNOWN)


def _negative(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        return literals.number("-" + node.this.this)
    return operators.negate(context.compile(node.this, scope))


def _cast(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    kind = node.args["to"]
    if node.meta.get(LITERAL) and kind.this.value == "JSON":
        return Typed(f"trino_json_parse_unsure({literals.string(node.this.this).sql})", JSON)
    if node.meta.get(LITERAL):
        return literals.typed(kind.this.value, node.this.this)
    return convert(context.compile(node.this, scope), type_of(kind))


def _try_cast(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return convert(context.compile(node.this, scope), type_of(node.args["to"]), safe=True)


def type_of(node: exp.DataType) -> Type:
    """The Trino type of a CAST's target."""
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
    values = [context.compile(n, scope) for n in node.expressions]
    kind = common(values, "ARRAY")
    element = kind if kind != UNKNOWN else UNKNOWN
    items = ", ".join(coerce(v, element).sql for v in values)
    return Typed(cast(f"[{items}]", array(element)), array(element))


def _subscript(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    value = context.compile(node.this, scope)
    if len(node.expressions) != 1 or isinstance(node.expressions[0], exp.Slice):
        raise NotSupportedError("subscript with a range")
    index = context.compile(node.expressions[0], scope)
    if value.type.name == "array" and is_integer(index.type):
        kind = value.type.args[0]
        return Typed(f"list_extract({value.sql}, trino_subscript({index.sql}, len({value.sql})))", kind)
    if value.type.name == "map":
        key = coerce(index, value.type.args[0])
        return Typed(f"trino_map_value({value.sql}, {key.sql})", value.type.args[1])
    if value.type.name == "row" and index.literal and is_integer(index.type):
        fields = operators.fields_of(value)
        if not 1 <= int(index.literal) <= len(fields):
            raise SqlError(f"Subscript out of range for {value.type}: {index.literal}")
        return fields[int(index.literal) - 1]
    raise TypeMismatchError(f"Cannot subscript {value.type} with {index.type}")


def row_of_call(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    """`(a, b)` or `row(a, b)`."""
    return row_of([context.compile(n, scope) for n in node.expressions])


def row_of(values: list[Typed]) -> Typed:
    """An anonymous row."""
    kind = row(tuple(v.type for v in values))
    packed = ", ".join(f"{n} := {coerce(v, v.type).sql}" for n, v in zip(field_names(kind), values, strict=True))
    return Typed(f"struct_pack({packed})", kind)


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


def _today(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return Typed("CAST(getvariable('query_start') AT TIME ZONE 'UTC' AS DATE)", DATE)


def _local_now(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return Typed("date_trunc('millisecond', getvariable('query_start') AT TIME ZONE 'UTC')", timestamp(3))


def _json_call(node: exp.Expression, path: exp.Expression, scope: Scope, context: Context) -> str:
    """The arguments of json_value and json_query: a text, and a path that must be a literal."""
    text = coerce(context.compile(node.this, scope), VARCHAR)
    if not isinstance(path, exp.Literal) or not path.is_string:
        raise NotSupportedError("JSON path that is not a literal")
    check_path(path.this)
    return f"{text.sql}, {text_literal(path.this)}"


def _json_value(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    """Compile json_value with NULL ON EMPTY and NULL ON ERROR, which are also the defaults."""
    json_value = Typed(f"trino_json_value_unsure({_json_call(node, node.args['path'], scope, context)})", VARCHAR)
    returning = node.args.get("returning")
    return convert(json_value, type_of(returning), safe=True) if returning else json_value


_WRAPPERS = {"": False, "WITHOUT WRAPPER": False, "WITHOUT ARRAY WRAPPER": False}
_WRAPPERS |= dict.fromkeys(
    ("WITH WRAPPER", "WITH ARRAY WRAPPER", "WITH UNCONDITIONAL WRAPPER", "WITH UNCONDITIONAL ARRAY WRAPPER"), True
)


def _json_query(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    wrapper = node.args["option"].name.upper() if node.args.get("option") else ""
    quotes = node.args.get("quote")
    if (
        wrapper not in _WRAPPERS
        or (quotes is not None and quotes.args.get("scalar"))
        or not node.args.get("json_query")
    ):
        raise NotSupportedError(f"json_query {wrapper}".strip())
    bare = quotes is not None and str(quotes.args["option"]).upper() == "OMIT"
    call = _json_call(node, node.expression, scope, context)
    return Typed(f"trino_json_query_unsure({call}, {_WRAPPERS[wrapper]}, {bare})", VARCHAR)


HANDLERS: dict[type[exp.Expression], Handler] = {
    exp.Literal: _literal,
    exp.Boolean: _boolean,
    exp.Null: _null,
    exp.Neg: _negative,
    exp.Cast: _cast,
    exp.TryCast: _try_cast,
    exp.Array: _array,
    exp.Bracket: _subscript,
    exp.Tuple: row_of_call,
    exp.Interval: _interval,
    exp.HexString: _hex,
    exp.UnicodeString: _unicode,
    exp.JSONValue: _json_value,
    exp.JSONExtract: _json_query,
    exp.CurrentDate: _today,
    exp.Localtimestamp: _local_now,
}
