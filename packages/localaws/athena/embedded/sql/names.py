"""Resolution of dotted names: a column, then the fields of a row."""

from __future__ import annotations

from sqlglot import exp

from localaws.athena.embedded.sql.context import Context, Handler
from localaws.athena.embedded.sql.scope import Scope
from localaws.athena.embedded.sql.typed import Typed, name_literal
from localaws.athena.sql_errors import ColumnNotFoundError, NotSupportedError, SqlError
from localaws.athena.types.trino import field_names

_KEYWORDS = frozenset({"current_catalog", "current_schema", "current_path"})


def _column(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    if isinstance(node.this, exp.Star):
        raise SqlError("'*' not allowed in this context")
    parts = [node.args[key].name for key in ("catalog", "db", "table", "this") if node.args.get(key) is not None]
    if len(parts) == 1 and parts[0].lower() in _KEYWORDS and not node.this.args.get("quoted"):
        raise NotSupportedError(parts[0].lower())
    return resolve(parts, scope)


def resolve(parts: list[str], scope: Scope) -> Typed:
    """Resolve a dotted name: a column, then fields of a row."""
    for skip in (0, 1, 2):
        if len(parts) - skip >= 2 and (column := scope.find(parts[skip + 1], parts[skip])):
            return _fields(column, parts[skip + 2 :])
        if skip == 0 and (column := scope.find(parts[0])):
            return _fields(column, parts[1:])
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
    return _dereference(context.compile(node.this, scope), node.expression.name)


def _identifier(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    return resolve([node.name], scope)


HANDLERS: dict[type[exp.Expression], Handler] = {
    exp.Column: _column,
    exp.Identifier: _identifier,
    exp.Dot: _dot,
}
