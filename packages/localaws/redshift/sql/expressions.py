"""Rewrites statements for PostgreSQL: each node means the same in both, is rewritten, or is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlglot import exp

from localaws.redshift.errors import SqlError, UnsupportedError
from localaws.redshift.sql import functions
from localaws.redshift.sql.types import Kind, postgres_type

_ALLOWED = (
    exp.Add, exp.Alias, exp.And, exp.Between, exp.Boolean, exp.CTE, exp.Case, exp.Column,
    exp.DPipe, exp.DataType, exp.DataTypeParam, exp.Distinct, exp.Div, exp.EQ,
    exp.Except, exp.Exists, exp.From, exp.GT, exp.GTE, exp.Group, exp.Having, exp.ILike, exp.Identifier, exp.If,
    exp.In, exp.Intersect, exp.Interval, exp.Is, exp.Join, exp.LT, exp.LTE, exp.Like, exp.Limit,
    exp.Literal, exp.Mod, exp.Mul, exp.NEQ, exp.Neg, exp.Not, exp.Null, exp.NullSafeEQ, exp.Offset, exp.Or, exp.Order,
    exp.Ordered, exp.Paren, exp.Select, exp.Star, exp.Sub, exp.Subquery, exp.Table, exp.TableAlias,
    exp.Tuple, exp.Union, exp.Values,
    exp.Var, exp.Where, exp.Window, exp.WindowSpec, exp.With, exp.Anonymous, exp.Escape, exp.Placeholder, exp.Qualify,
    # statements that change rows
    exp.Delete, exp.Insert, exp.Merge, exp.Schema, exp.Update, exp.When, exp.Whens,
    # rewritten below
    exp.Cast, exp.Extract, exp.Substring, exp.Trim, exp.StrPosition, exp.WithinGroup,
)  # fmt: skip
_SYSTEM = re.compile(r"(pg|stl|stv|svl|svv|svcs|sys|stll|has)_")
_INTEGERS = frozenset({Kind.SMALLINT, Kind.INT, Kind.BIGINT})
_TEXTS = frozenset({Kind.CHAR, Kind.VARCHAR, Kind.NCHAR, Kind.NVARCHAR, Kind.TEXT, Kind.BPCHAR})
_TIMES = frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ, Kind.DATETIME})
SYSTEM_VIEWS = frozenset(
    {"sys_load_history", "sys_load_error_detail", "stl_load_errors", "svv_roles", "svv_table_info"}
)
# Synonyms: the result column has the name of the function to which Redshift maps them.
_RESULT_NAMES = {
    "dateadd": "date_add", "datediff": "date_diff", "decode": "case", "nvl": "coalesce", "substr": "substring",
}  # fmt: skip
_SCHEMA_VIEWS = frozenset({"tables", "columns"})


def rewritten(tree: exp.Expression, parameters: Mapping[str, str]) -> exp.Expression:
    """Return the tree for PostgreSQL; raises UnsupportedError, or SqlError for a missing parameter."""
    for select in list(tree.find_all(exp.Select)):
        _name_columns(select)
    for node in reversed(list(tree.dfs())):  # children before their parents
        new = _node(node, parameters)
        if new is not node:
            tree = new if node is tree else tree
            node.replace(new)
    return names(tree)


def names(tree: exp.Expression) -> exp.Expression:
    """Fold identifiers to lower case, including quoted ones as in Redshift, and quote them."""
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", folded(identifier.name))
        identifier.set("quoted", True)
    return tree


def folded(name: str) -> str:
    """Fold ASCII letters, quoted or not: https://docs.aws.amazon.com/redshift/latest/dg/r_names.html."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def output_name(node: exp.Expression) -> str:
    """Name of a result column without an alias: that of a column or a function, else ``?column?``."""
    if isinstance(node, exp.Column):
        return folded(node.name) if not isinstance(node.this, exp.Star) else "*"
    if isinstance(node, exp.Cast):
        inner = output_name(node.this)
        return _type_name(node.to) if inner in ("?column?", "case") else inner
    if isinstance(node, exp.Anonymous):
        return _RESULT_NAMES.get(folded(node.name), folded(node.name))
    if isinstance(node, exp.Window | exp.Paren | exp.WithinGroup):
        return output_name(node.this)
    if isinstance(node, exp.Case):
        return "case"
    known = {exp.Extract: "date_part", exp.Substring: "substring", exp.Trim: "btrim", exp.StrPosition: "position"}
    return known.get(type(node), "?column?")


def _type_name(kind: exp.DataType) -> str:
    plain = postgres_type(kind).partition("(")[0]
    shown = {"integer": "int4", "smallint": "int2", "bigint": "int8", "boolean": "bool", "real": "float4",
             "double precision": "float8", "char": "bpchar"}  # fmt: skip
    return shown.get(plain, plain)


def _name_columns(select: exp.Select) -> None:
    """Give result columns Redshift's names, which rewritten calls would lose."""
    if select.args.get("into") or select.args.get("locks"):
        raise UnsupportedError("SELECT INTO" if select.args.get("into") else "FOR UPDATE")
    for item in select.expressions:
        if isinstance(item, exp.Column | exp.Alias | exp.Star | exp.Subquery | exp.Literal):
            continue
        name = output_name(item)
        if name != "?column?":
            item.replace(exp.alias_(item.copy(), name, quoted=True))


def _node(node: exp.Expression, parameters: Mapping[str, str]) -> exp.Expression:
    if not isinstance(node, _ALLOWED):
        raise UnsupportedError(node.key.upper())
    if isinstance(node, exp.Placeholder):
        return _parameter(node, parameters)
    if isinstance(node, exp.Table):
        return _table(node)
    if isinstance(node, exp.Column) and not node.table and not node.this.args.get("quoted"):
        function = functions.WITHOUT_PARENTHESES.get(folded(node.name))
        return functions.call_of(function) if function else node
    return _call(node)


def _call(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.Anonymous):
        if isinstance(node.parent, exp.WithinGroup):
            return node
        return functions.call(folded(node.name), node.expressions)
    if isinstance(node, exp.Cast):
        return _cast(node)
    if isinstance(node, exp.Extract):
        return functions.date_part(node.this.name, node.expression)
    if isinstance(node, exp.Substring):
        places = [node.args[name] for name in ("start", "length") if node.args.get(name)]
        return functions.call_of("rs.substring", node.this, *places)
    if isinstance(node, exp.StrPosition):
        return functions.call_of("strpos", node.this, node.args["substr"])
    if isinstance(node, exp.WithinGroup):
        return _listagg(node)
    return node


def _parameter(node: exp.Placeholder, parameters: Mapping[str, str]) -> exp.Expression:
    if node.name not in parameters:
        raise SqlError(f'syntax error at or near ":{node.name}"')
    return functions.text(parameters[node.name])


def _table(node: exp.Table) -> exp.Expression:
    if not isinstance(node.this, exp.Identifier):
        raise UnsupportedError("a table function")
    if node.args.get("catalog"):
        raise UnsupportedError("a name with a database", "of another database is not supported")
    schema, name = folded(node.db), folded(node.name)
    if schema == "information_schema" and name in _SCHEMA_VIEWS:
        node.set("db", exp.to_identifier("rs"))
    elif schema in ("pg_catalog", "information_schema", "rs") or (not schema and _SYSTEM.match(name)):
        if name not in SYSTEM_VIEWS:
            raise UnsupportedError(f"system view {name}", "is not on the list of supported views")
        node.set("db", exp.to_identifier("rs"))
    return node


def _cast(node: exp.Cast) -> exp.Expression:
    """Rewrite a cast: functions of ``rs`` refuse rounding and texts that Redshift may read differently."""
    kind, value = node.to, node.this
    target = postgres_type(kind)
    if kind.this in _INTEGERS:
        value = functions.call_of("rs.whole", value)
    elif kind.this is Kind.DECIMAL:
        scale = target.rstrip(")").rpartition(",")[2]
        value = functions.call_of("rs.scaled", value, exp.Literal.number(scale))
    elif kind.this in _TEXTS:
        size = target.rstrip(")").rpartition("(")[2]
        value = functions.call_of("rs.fitting", functions.call_of("rs.as_text", value), exp.Literal.number(size))
    elif kind.this in _TIMES:
        value = functions.call_of("rs.as_time", value)
    return exp.Cast(this=value, to=exp.DataType.build(target, dialect="postgres"))


def _listagg(node: exp.WithinGroup) -> exp.Expression:
    call = node.this
    if not isinstance(call, exp.Anonymous) or folded(call.name) != "listagg":
        raise UnsupportedError(f"{call.name or call.key} WITHIN GROUP")
    value, *separator = call.expressions
    between = separator[0] if separator else functions.text("")
    order = exp.Order(this=between, expressions=node.expression.expressions)
    if isinstance(value, exp.Distinct):
        raise UnsupportedError("LISTAGG with DISTINCT")
    return functions.call_of("string_agg", functions.call_of("rs.as_text", value), order)
