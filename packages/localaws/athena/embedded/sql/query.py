"""Compiles queries: SELECT, set operations, VALUES, WITH, ORDER BY, LIMIT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from localaws.athena.embedded.sql.calls import compile_aggregate, ordering
from localaws.athena.embedded.sql.context import Context
from localaws.athena.embedded.sql.expressions import compile_expression, construct_of
from localaws.athena.embedded.sql.operators import logical, require_groupable
from localaws.athena.embedded.sql.relations import Column, Relation, Sources, Table, Tables, compile_from
from localaws.athena.embedded.sql.scope import Field, Scope
from localaws.athena.embedded.sql.typed import Typed, coerce, common, known, name_literal
from localaws.athena.sql_errors import NotSupportedError, SqlError, TypeMismatchError
from localaws.athena.types.trino import Type

_SET_OPERATIONS = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}
_SELECT_PARTS = {
    "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct", "with_",
    "windows",
}  # fmt: skip
_REFUSED = {"match": "MATCH_RECOGNIZE", "sample": "TABLESAMPLE", "laterals": "LATERAL VIEW", "with_": "WITH"}


@dataclass(frozen=True)
class Query:
    """A compiled query: its columns (Trino names, None if unnamed) and the DuckDB text around them."""

    columns: tuple[Typed, ...]
    names: tuple[str | None, ...]
    body: str
    prefix: str = ""
    distinct: bool = False
    tail: str = ""

    def sql(self, names: Sequence[str] | None = None) -> str:
        """The DuckDB text; its columns are c0, c1, ... unless `names` are given."""
        labels = [name_literal(n) for n in names] if names is not None else [f"c{i}" for i in range(len(self.columns))]
        columns = ", ".join(f"{known(c).sql} AS {n}" for c, n in zip(self.columns, labels, strict=True))
        words = (self.prefix, "SELECT DISTINCT" if self.distinct else "SELECT", columns, self.body, self.tail)
        return " ".join(word for word in words if word)

    def described(self) -> list[tuple[str | None, Type]]:
        """Names and types of the columns."""
        return [(name, column.type) for name, column in zip(self.names, self.columns, strict=True)]


def compile_query(node: exp.Expression, tables: Tables) -> Query:
    """Compile a whole query; `tables` resolves its table names."""
    return _query(node, sources_of(tables))


def sources_of(tables: Tables) -> Sources:
    """Return the sources of a query that is not part of another query."""
    return _bind(Sources(tables, _subquery_text, _no_context()))


def _no_context() -> Context:
    def refuse(node: exp.Expression, scope: Scope) -> tuple[str, list[Type]]:
        raise NotSupportedError(construct_of(node))

    def refuse_call(node: exp.Expression, scope: Scope) -> Typed:
        raise NotSupportedError(construct_of(node))

    return Context(refuse_call, refuse, refuse_call)


def _bind(sources: Sources, windows: tuple[tuple[str, exp.Window], ...] = ()) -> Sources:
    """Return the same sources with a context in which subqueries of expressions see the WITH queries."""

    def subquery(node: exp.Expression, scope: Scope) -> tuple[str, list[Type]]:
        query = _query(node, _bind(replace(bound, outer=scope)))
        return query.sql(), [c.type for c in query.columns]

    def aggregate(node: exp.Expression, scope: Scope) -> Typed:
        return compile_aggregate(node, scope, bound.context)

    def expression(node: exp.Expression, scope: Scope) -> Typed:
        return compile_expression(node, scope, bound.context)

    bound = replace(sources, context=Context(expression, subquery, aggregate, windows))
    return bound


def _subquery_text(node: exp.Expression, sources: Sources) -> tuple[str, list[tuple[str | None, Type]]]:
    query = _query(node, _bind(sources))
    return query.sql(), query.described()


def _query(node: exp.Expression, sources: Sources) -> Query:
    prefix, sources = _with(node, sources)
    if isinstance(node, exp.Select):
        query = _select(node, sources)
    elif type(node) in _SET_OPERATIONS:
        query = _set_operation(node, sources)
    elif isinstance(node, exp.Values):
        query = _values(node, sources)
    elif isinstance(node, exp.Subquery):
        query = _parenthesised(node, sources)
    elif isinstance(node, exp.Table):
        query = _select(exp.select("*").from_(node), sources)
    else:
        raise NotSupportedError(construct_of(node))
    return replace(query, prefix=prefix) if prefix else query


def _with(node: exp.Expression, sources: Sources) -> tuple[str, Sources]:
    clause = node.args.get("with_")
    if clause is None:
        return "", sources
    if clause.args.get("recursive"):
        raise NotSupportedError("WITH RECURSIVE")
    parts = []
    for cte in clause.expressions:
        if not isinstance(cte, exp.CTE):
            raise NotSupportedError("WITH FUNCTION")
        query, physical = _query(cte.this, sources), sources.alias()
        given = [c.name for c in cte.args["alias"].args.get("columns") or []]
        if given and len(given) != len(query.names):
            raise SqlError(f"Column alias list has {len(given)} entries but relation has {len(query.names)} columns")
        names = given or query.names
        columns = tuple(Column(n or "", c.type) for n, c in zip(names, query.columns, strict=True))
        parts.append(f"{physical} AS ({query.sql()})")
        sources = _bind(replace(sources, ctes={**sources.ctes, cte.alias.lower(): Table(physical, columns)}))
    return f"WITH {', '.join(parts)}", sources


def _check(node: exp.Expression, allowed: set[str]) -> None:
    for key, value in node.args.items():
        if value and key not in allowed:
            raise NotSupportedError(_REFUSED.get(key, key.upper().replace("_", " ").strip()))


def _select(node: exp.Select, sources: Sources) -> Query:
    _check(node, _SELECT_PARTS)
    windows = tuple((w.name.lower(), w) for w in node.args.get("windows") or [])
    sources = _bind(sources, windows)
    relation = compile_from(
        node.args["from_"].this if node.args.get("from_") else None, node.args.get("joins") or [], sources
    )
    scope = Scope(relation.fields if relation else (), sources.outer)
    names, columns = _projections(node.expressions, relation, scope, sources.context)
    distinct = node.args.get("distinct")
    if distinct is not None and distinct.args.get("on"):
        raise NotSupportedError("DISTINCT ON")
    for column in columns if distinct is not None else ():
        require_groupable(column.type, "DISTINCT on")
    body = " ".join(part for part in _body(node, relation, scope, columns, sources.context) if part)
    query = Query(tuple(columns), tuple(names), body, distinct=distinct is not None)
    return replace(query, tail=_tail(node, query, scope, sources.context))


def _projections(
    nodes: list[exp.Expression], relation: Relation | None, scope: Scope, context: Context
) -> tuple[list[str | None], list[Typed]]:
    names: list[str | None] = []
    columns: list[Typed] = []
    for node in nodes:
        if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star)):
            fields = _star(node, relation, scope)
            names += [f.name for f in fields]
            columns += [Typed(f.sql, f.type) for f in fields]
        else:
            names.append(_output_name(node))
            columns.append(compile_expression(node.this if isinstance(node, exp.Alias) else node, scope, context))
    return names, columns


def _star(node: exp.Expression, relation: Relation | None, scope: Scope) -> tuple[Field, ...]:
    star = node if isinstance(node, exp.Star) else node.this
    if any(star.args.values()):
        raise NotSupportedError("* EXCEPT or REPLACE")
    if isinstance(node, exp.Column):
        return scope.of_relation(node.table)
    if relation is None:
        raise SqlError("SELECT * not allowed in queries without FROM clause")
    return tuple(f for f in relation.fields if not f.hidden)


def _output_name(node: exp.Expression) -> str | None:
    if isinstance(node, exp.Alias):
        alias = node.args["alias"]
        return alias.name if alias.args.get("quoted") else alias.name.lower()
    if isinstance(node, exp.Column):
        return node.name.lower()
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        return node.expression.name.lower()
    return None


def _body(
    node: exp.Select, relation: Relation | None, scope: Scope, columns: list[Typed], context: Context
) -> list[str]:
    parts = [f"FROM {relation.sql}" if relation else ""]
    if node.args.get("where"):
        parts.append("WHERE " + logical(compile_expression(node.args["where"].this, scope, context), "WHERE clause"))
    if node.args.get("group"):
        parts.append("GROUP BY " + _group(node.args["group"], scope, columns, context))
    if node.args.get("having"):
        parts.append("HAVING " + logical(compile_expression(node.args["having"].this, scope, context), "HAVING clause"))
    return parts


def _group(node: exp.Group, scope: Scope, columns: list[Typed], context: Context) -> str:
    _check(node, {"expressions", "grouping_sets", "rollup", "cube"})
    items = [*node.expressions, *(n for k in ("grouping_sets", "rollup", "cube") for n in node.args.get(k) or [])]
    return ", ".join(_group_item(item, scope, columns, context) for item in items)


_GROUPINGS = {exp.GroupingSets: "GROUPING SETS", exp.Rollup: "ROLLUP", exp.Cube: "CUBE"}


def _group_item(item: exp.Expression, scope: Scope, columns: list[Typed], context: Context) -> str:
    if type(item) in _GROUPINGS:
        inner = ", ".join(_group_item(n, scope, columns, context) for n in item.expressions)
        return f"{_GROUPINGS[type(item)]} ({inner})"
    if isinstance(item, exp.Tuple):
        return "(" + ", ".join(_group_item(n, scope, columns, context) for n in item.expressions) + ")"
    if isinstance(item, exp.Paren):
        return f"({_group_item(item.this, scope, columns, context)})"
    value = _ordinal(item, columns) or compile_expression(item, scope, context)
    require_groupable(value.type, "GROUP BY on")
    return known(value).sql


def _ordinal(item: exp.Expression, columns: Sequence[Typed]) -> Typed | None:
    if not (isinstance(item, exp.Literal) and not item.is_string and item.this.isdigit()):
        return None
    if not 1 <= int(item.this) <= len(columns):
        raise SqlError(f"GROUP BY or ORDER BY position {item.this} is not in select list", "INVALID_COLUMN_REFERENCE")
    return columns[int(item.this) - 1]


def _tail(node: exp.Expression, query: Query, scope: Scope | None, context: Context) -> str:
    parts = []
    if node.args.get("order"):
        items = node.args["order"].expressions
        parts.append("ORDER BY " + ", ".join(_order_item(item, query, scope, context) for item in items))
    limit = node.args.get("limit")
    if limit is not None and (rows := _limit(limit)) is not None:
        parts.append(f"LIMIT {rows}")
    if node.args.get("offset") is not None:
        parts.append(f"OFFSET {_rows(node.args['offset'].expression, 'OFFSET')}")
    return " ".join(parts)


def _order_item(item: exp.Ordered, query: Query, scope: Scope | None, context: Context) -> str:
    _check(item, {"this", "desc", "nulls_first"})
    outputs = tuple(Field(n, c.sql, c.type) for n, c in zip(query.names, query.columns, strict=True) if n)
    value = _ordinal(item.this, query.columns)
    value = value or compile_expression(item.this, Scope(outputs, scope), context)
    texts = [c.sql for c in query.columns]
    if value.sql in texts:
        return ordering(Typed(str(texts.index(value.sql) + 1), value.type), item)
    if query.distinct:
        raise SqlError(
            "For SELECT DISTINCT, ORDER BY expressions must appear in select list", "EXPRESSION_NOT_IN_DISTINCT"
        )
    return ordering(value, item)


def _limit(node: exp.Expression) -> int | None:
    if isinstance(node, exp.Fetch):
        options = node.args.get("limit_options")
        if options is not None and (options.args.get("with_ties") or options.args.get("percent")):
            raise NotSupportedError("FETCH FIRST ... WITH TIES")
        return _rows(node.args["count"], "FETCH") if node.args.get("count") is not None else 1
    if isinstance(node.expression, exp.Var) and node.expression.name.upper() == "ALL":
        return None
    _check(node, {"expression"})
    return _rows(node.expression, "LIMIT")


def _rows(node: exp.Expression, what: str) -> int:
    if not (isinstance(node, exp.Literal) and not node.is_string and node.this.isdigit()):
        raise SqlError(f"mismatched input '{node.sql()[:60]}' after {what}. Expecting: a whole number")
    return int(node.this)


def _set_operation(node: exp.Expression, sources: Sources) -> Query:
    _check(node, {"this", "expression", "distinct", "with_", "order", "limit", "offset"})
    left, right = (_query(n, sources) for n in (node.this, node.args["expression"]))
    word = _SET_OPERATIONS[type(node)]
    if len(left.columns) != len(right.columns):
        raise TypeMismatchError(
            f"{word} query has different number of fields: {len(left.columns)}, {len(right.columns)}"
        )
    kinds = [common([a, b], word) for a, b in zip(left.columns, right.columns, strict=True)]
    distinct = bool(node.args.get("distinct"))
    for kind in kinds if distinct or word != "UNION" else ():
        require_groupable(kind, f"{word} on")
    sides = f"({_branch(left, kinds, sources)}) {word}{'' if distinct else ' ALL'} ({_branch(right, kinds, sources)})"
    alias = sources.alias()
    columns = tuple(Typed(f"{alias}.c{i}", kind) for i, kind in enumerate(kinds))
    query = Query(columns, left.names, f"FROM ({sides}) AS {alias}")
    return replace(query, tail=_tail(node, query, None, sources.context))


def _branch(query: Query, kinds: list[Type], sources: Sources) -> str:
    if [c.type for c in query.columns] == kinds:
        return query.sql()
    alias = sources.alias()
    columns = [coerce(Typed(f"{alias}.c{i}", c.type), kinds[i]).sql for i, c in enumerate(query.columns)]
    named = ", ".join(f"{c} AS c{i}" for i, c in enumerate(columns))
    return f"SELECT {named} FROM ({query.sql()}) AS {alias}"


def _values(node: exp.Values, sources: Sources) -> Query:
    _check(node, {"expressions", "alias", "order", "limit", "offset", "with_"})
    scope = Scope((), sources.outer)
    rows = []
    for item in node.expressions:
        cells = item.expressions if isinstance(item, exp.Tuple) else [item]
        if len(cells) == 1 and isinstance(cells[0], exp.Anonymous) and cells[0].name.lower() == "row":
            cells = cells[0].expressions
        if len(cells) == 1 and isinstance(cells[0], exp.Tuple):
            cells = cells[0].expressions
        rows.append([compile_expression(cell, scope, sources.context) for cell in cells])
    if len({len(row) for row in rows}) != 1:
        raise SqlError("Values rows have mismatched sizes")
    kinds = [common([row[i] for row in rows], "VALUES") for i in range(len(rows[0]))]
    text = ", ".join("(" + ", ".join(coerce(v, k).sql for v, k in zip(row, kinds, strict=True)) + ")" for row in rows)
    alias = sources.alias()
    labels = ", ".join(f"c{i}" for i in range(len(kinds)))
    columns = tuple(Typed(f"{alias}.c{i}", kind) for i, kind in enumerate(kinds))
    query = Query(columns, (None,) * len(kinds), f"FROM (VALUES {text}) AS {alias}({labels})")
    return replace(query, tail=_tail(node, query, None, sources.context))


def _parenthesised(node: exp.Subquery, sources: Sources) -> Query:
    _check(node, {"this", "order", "limit", "offset", "with_"})
    inner = _query(node.this, sources)
    if not any(node.args.get(key) for key in ("order", "limit", "offset")):
        return inner
    alias = sources.alias()
    columns = tuple(Typed(f"{alias}.c{i}", c.type) for i, c in enumerate(inner.columns))
    query = Query(columns, inner.names, f"FROM ({inner.sql()}) AS {alias}")
    return replace(query, tail=_tail(node, query, None, sources.context))
