"""Compiles FROM: tables, subqueries, VALUES, UNNEST, LATERAL and joins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import count

from sqlglot import exp

from localaws.athena.embedded.sql.context import Context
from localaws.athena.embedded.sql.expressions import compile_expression, construct_of
from localaws.athena.embedded.sql.operators import compare, fields_of, logical
from localaws.athena.embedded.sql.scope import Field, Scope
from localaws.athena.embedded.sql.typed import Typed, coerce, common, known, name_literal
from localaws.athena.sql_errors import (
    ColumnNotFoundError,
    InvalidArgumentError,
    NotSupportedError,
    SqlError,
    TypeMismatchError,
)
from localaws.athena.types.trino import BIGINT, Type, is_integer


@dataclass(frozen=True)
class Column:
    """A table's column: name and Trino type; `hidden` columns ("$path") are not part of `*`."""

    name: str
    type: Type
    hidden: bool = False


@dataclass(frozen=True)
class Table:
    """A relation that a table name refers to: DuckDB text that may follow FROM, and its columns."""

    sql: str
    columns: tuple[Column, ...]


Tables = Callable[[exp.Table], Table]
SubqueryOf = Callable[[exp.Expression, "Sources"], tuple[str, list[tuple[str | None, Type]]]]


@dataclass(frozen=True)
class Sources:
    """Relations by name: WITH queries first, then the catalog's tables. `fresh` numbers the DuckDB aliases."""

    tables: Tables
    query: SubqueryOf
    context: Context
    outer: Scope | None = None
    ctes: dict[str, Table] = field(default_factory=dict)
    fresh: Iterable[int] = field(default_factory=lambda: count(1))

    def alias(self) -> str:
        """A DuckDB alias that is unique in the query."""
        return f"r{next(iter(self.fresh))}"


@dataclass(frozen=True)
class Relation:
    """DuckDB text that may follow FROM, and the fields that it adds to the scope."""

    sql: str
    fields: tuple[Field, ...] = ()
    comma: bool = False


def compile_from(node: exp.Expression | None, joins: list[exp.Join], sources: Sources) -> Relation | None:
    """Compile the whole FROM clause; return None without one."""
    if node is None:
        return None
    relation = _source(node, sources, ())
    for join in [*_joins_of(node), *joins]:
        relation = _join(relation, join, sources)
    return relation


def _joins_of(node: exp.Expression) -> list[exp.Join]:
    return list(node.args.get("joins") or [])


def _source(node: exp.Expression, sources: Sources, left: tuple[Field, ...]) -> Relation:
    if isinstance(node, exp.Table):
        return _table(node, sources)
    if isinstance(node, exp.Subquery):
        return _subquery(node, sources)
    if isinstance(node, exp.Values):
        relation = _derived(node, node.args.get("alias"), sources)
        return Relation(f"{relation.sql}{_sample(node)}", relation.fields)
    if isinstance(node, exp.Unnest):
        return _unnest(node, sources, left)
    if isinstance(node, exp.Lateral):
        return _lateral(node, sources, left)
    raise NotSupportedError(f"FROM {construct_of(node)}")


_REFUSED = {"sample": "TABLESAMPLE", "method": "NATURAL JOIN"}


def _check(node: exp.Expression, allowed: set[str]) -> None:
    extra = {key for key, value in node.args.items() if value and key not in allowed}
    if extra:
        name = sorted(extra)[0]
        raise NotSupportedError(_REFUSED.get(name, name.upper().replace("_", " ")))


def _table(node: exp.Table, sources: Sources) -> Relation:
    _check(node, {"this", "db", "catalog", "alias", "version", "when", "joins", "sample"})
    if isinstance(node.this, exp.Anonymous):
        return _table_function(node, sources)
    name, alias = node.name, node.args.get("alias")
    cte = None if node.args.get("db") else sources.ctes.get(name.lower())
    table = cte or sources.tables(node)
    physical = sources.alias()
    names = [(c.name if cte else c.name.lower()) or None for c in table.columns if not c.hidden]
    columns = _renamed(names, alias)
    visible = iter(columns)
    label = (alias.name if alias is not None and alias.name else name).lower()
    fields = tuple(
        Field(
            c.name if c.hidden else next(visible),
            f"{physical}.{name_literal(_stored(c, i, cte))}",
            c.type,
            label,
            c.hidden,
        )
        for i, c in enumerate(table.columns)
    )
    return Relation(f"{table.sql} AS {physical}{_sample(node)}", fields)


def _sample(node: exp.Expression) -> str:
    """TABLESAMPLE BERNOULLI (percent): each row is sampled independently."""
    sample = node.args.get("sample")
    if sample is None:
        return ""
    percent = sample.args.get("percent")
    method = sample.args["method"].name.upper() if sample.args.get("method") else ""
    if method != "BERNOULLI" or not isinstance(percent, exp.Literal) or percent.is_string:
        raise NotSupportedError(
            f"TABLESAMPLE {method}".strip(), "is answered for BERNOULLI (a number of percent) alone"
        )
    if not 0 <= float(percent.this) <= 100:
        raise InvalidArgumentError("Sample percentage must be between 0 and 100, inclusive")
    return f" TABLESAMPLE bernoulli({percent.this}%)"


_SEQUENCE = ("start", "stop", "step")


def _table_function(node: exp.Table, sources: Sources) -> Relation:
    """TABLE(sequence(start, stop, step))."""
    call = node.this.expressions[0] if node.this.name.upper() == "TABLE" and node.this.expressions else None
    if not isinstance(call, exp.Anonymous) or call.name.lower() != "sequence":
        raise NotSupportedError(f"table function {call.name if isinstance(call, exp.Anonymous) else node.this.name}")
    given: dict[str, exp.Expression] = {}
    for place, argument in enumerate(call.expressions):
        named = isinstance(argument, exp.Kwarg)
        name = argument.this.name.lower() if named else _SEQUENCE[place] if place < len(_SEQUENCE) else ""
        if name not in _SEQUENCE or name in given:
            raise InvalidArgumentError(f"Unexpected argument {name.upper() or place + 1} of table function sequence")
        given[name] = argument.expression if named else argument
    if "stop" not in given:
        raise InvalidArgumentError("Missing argument: STOP")
    values = {"start": "0", "step": "1"} | {k: _whole(n, sources) for k, n in given.items()}
    bounds = ", ".join(f"CAST({values[name]} AS BIGINT)" for name in _SEQUENCE)
    rows = f"SELECT generate_series AS c0 FROM generate_series({bounds})"
    return _aliased(rows, [("sequential_number", BIGINT)], node.args.get("alias"), sources)


def _whole(node: exp.Expression, sources: Sources) -> str:
    value = compile_expression(node, Scope(), sources.context)
    if not is_integer(value.type):
        raise TypeMismatchError(f"table function sequence takes bigint, not {value.type}")
    return value.sql


def _stored(column: Column, index: int, cte: Table | None) -> str:
    return f"c{index}" if cte is not None else column.name


def _renamed(names: list[str | None], alias: exp.TableAlias | None) -> list[str | None]:
    given = [c.name for c in alias.args.get("columns") or []] if alias is not None else []
    if given and len(given) != len(names):
        raise SqlError(f"Column alias list has {len(given)} entries but relation has {len(names)} columns")
    return [*given] if given else names


def _subquery(node: exp.Subquery, sources: Sources) -> Relation:
    inner = node.this
    if isinstance(inner, (exp.Table, exp.Subquery)) and (_joins_of(inner) or isinstance(inner, exp.Table)):
        _check(node, {"this", "joins"})
        relation = compile_from(inner, [], sources)
        assert relation is not None
        return Relation(f"({relation.sql})", relation.fields)
    bare = node.copy()
    bare.set("alias", None)
    bare.set("joins", None)
    bare.set("sample", None)
    relation = _derived(bare, node.args.get("alias"), sources)
    return Relation(f"{relation.sql}{_sample(node)}", relation.fields)


def _derived(node: exp.Expression, alias: exp.TableAlias | None, sources: Sources) -> Relation:
    sql, columns = sources.query(node, sources)
    return _aliased(sql, columns, alias, sources)


def _aliased(
    sql: str,
    columns: list[tuple[str | None, Type]],
    alias: exp.TableAlias | None,
    sources: Sources,
    prefix: str = "",
) -> Relation:
    physical = sources.alias()
    label = alias.name.lower() if alias is not None and alias.name else None
    names = _renamed([name for name, _ in columns], alias)
    fields = tuple(
        Field(name, f"{physical}.c{i}", kind, label)
        for i, (name, (_, kind)) in enumerate(zip(names, columns, strict=True))
    )
    return Relation(f"{prefix}({sql}) AS {physical}", fields)


def _lateral(node: exp.Lateral, sources: Sources, left: tuple[Field, ...]) -> Relation:
    _check(node, {"this", "alias", "joins"})
    if not isinstance(node.this, exp.Subquery):
        raise NotSupportedError("LATERAL function")
    inner = replace(sources, outer=Scope(left, sources.outer))
    sql, columns = inner.query(node.this, inner)
    return _aliased(sql, columns, node.args.get("alias"), sources, "LATERAL ")


def _unnest(node: exp.Unnest, sources: Sources, left: tuple[Field, ...]) -> Relation:
    _check(node, {"expressions", "alias", "offset", "joins"})
    scope = Scope(left, sources.outer)
    values = [compile_expression(n, scope, sources.context) for n in node.expressions]
    columns: list[Typed] = []
    lengths = []
    for value in values:
        lengths.append(f"coalesce(len({value.sql if value.type.name == 'array' else f'map_keys({value.sql})'}), 0)")
        columns.extend(_unnested(value))
    alias = node.args.get("alias")
    if node.args.get("offset"):
        columns.append(Typed(f"unnest(range(1, greatest({', '.join(lengths)}, 0) + 1))", BIGINT))
        alias = _with_ordinality(alias, node.args["offset"])
    sql = "SELECT " + ", ".join(f"{c.sql} AS c{i}" for i, c in enumerate(columns))
    return _aliased(sql, [(None, c.type) for c in columns], alias, sources, "LATERAL " if left else "")


def _with_ordinality(alias: exp.TableAlias | None, offset: object) -> exp.TableAlias | None:
    """Restore the ordinality column's name, which sqlglot removes from the alias list."""
    if alias is None or not isinstance(offset, exp.Identifier):
        return alias
    alias = alias.copy()
    alias.set("columns", [*(alias.args.get("columns") or []), offset.copy()])
    return alias


def _unnested(value: Typed) -> list[Typed]:
    if value.type.name == "map":
        key, item = value.type.args
        return [Typed(f"unnest(map_keys({value.sql}))", key), Typed(f"unnest(map_values({value.sql}))", item)]
    if value.type.name != "array":
        raise TypeMismatchError(f"Cannot unnest type: {value.type}")
    element = value.type.args[0]
    if element.name != "row":
        return [Typed(f"unnest({value.sql})", element)]
    parts = fields_of(Typed("x", element))
    return [Typed(f"unnest(list_transform({value.sql}, lambda x: {p.sql}))", p.type) for p in parts]


def _join(left: Relation, node: exp.Join, sources: Sources) -> Relation:
    _check(node, {"this", "on", "using", "side", "kind", "joins"})
    side, kind = str(node.args.get("side") or "").upper(), str(node.args.get("kind") or "").upper()
    right = _source(node.this, sources, left.fields)
    for inner in _joins_of(node.this):
        right = _join(right, inner, sources)
    lateral = isinstance(node.this, (exp.Unnest, exp.Lateral))
    on, using = node.args.get("on"), node.args.get("using")
    if kind not in ("", "CROSS", "INNER", "OUTER") or side not in ("", "LEFT", "RIGHT", "FULL"):
        raise NotSupportedError(f"{side} {kind} JOIN".strip())
    if lateral and (side in ("RIGHT", "FULL") or using or (on is not None and not _is_true(on))):
        raise NotSupportedError("join of UNNEST or LATERAL with a condition other than ON TRUE")
    if left.comma and side in ("RIGHT", "FULL"):
        raise NotSupportedError(f"{side} JOIN after a comma")
    fields = (*left.fields, *right.fields)
    if on is None and not using:
        if side or kind == "INNER":
            raise SqlError(f"{side or kind} JOIN needs ON or USING")
        return Relation(f"{left.sql} CROSS JOIN {right.sql}", fields, left.comma or not kind)
    if using:
        condition, fields = _using(left, right, [n.name for n in using])
    else:
        scope = Scope(fields, sources.outer)
        condition = logical(compile_expression(on, scope, sources.context), "JOIN ON clause")
    return Relation(f"{left.sql} {side or 'INNER'} JOIN {right.sql} ON {condition}", fields, left.comma)


def _is_true(node: exp.Expression) -> bool:
    return isinstance(node, exp.Boolean) and bool(node.this)


def _using(left: Relation, right: Relation, names: list[str]) -> tuple[str, tuple[Field, ...]]:
    merged, conditions, used = [], [], []
    for name in names:
        sides = [Scope(r.fields).find(name) for r in (left, right)]
        a, b = sides
        if a is None or b is None:
            raise ColumnNotFoundError(f"Column '{name}' is missing from one side of the join")
        conditions.append(compare("=", a, b).sql)
        kind = common([a, b], "USING")
        merged.append(
            Field(name, f"coalesce({coerce(a, kind).sql}, {coerce(b, kind).sql})", known(Typed("", kind)).type)
        )
        used += [a.sql, b.sql]
    rest = tuple(f for f in (*left.fields, *right.fields) if f.sql not in used)
    return " AND ".join(conditions), (*merged, *rest)
