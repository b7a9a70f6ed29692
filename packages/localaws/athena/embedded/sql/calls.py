"""Compiles aggregate and window calls: DISTINCT, ORDER BY inside, FILTER, OVER and its frame."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from localaws.athena.embedded.sql.context import Context
from localaws.athena.embedded.sql.expressions import compile_expression
from localaws.athena.embedded.sql.functions import catalog
from localaws.athena.embedded.sql.functions.aggregation import Aggregation
from localaws.athena.embedded.sql.operators import logical, require_groupable
from localaws.athena.embedded.sql.scope import Scope
from localaws.athena.embedded.sql.typed import Typed, known
from localaws.athena.sql_errors import NotSupportedError, SqlError, TypeMismatchError
from localaws.athena.types.trino import is_numeric


def ordering(value: Typed, item: exp.Ordered) -> str:
    """One item of an ORDER BY; NULLs last unless the query says otherwise, ascending or descending.

    Raises:
        NotSupportedError: a type that Trino and DuckDB order differently.
    """
    if value.type.args or value.type.name in ("json", "char"):
        raise NotSupportedError(f"ORDER BY on {value.type}")
    direction = "DESC" if item.args.get("desc") else "ASC"
    return f"{known(value).sql} {direction} NULLS {'FIRST' if item.args.get('nulls_first') else 'LAST'}"


@dataclass(frozen=True)
class _Parts:
    """The parts of an aggregate or window call."""

    call: exp.Expression
    where: exp.Expression | None = None
    window: exp.Window | None = None
    ignore_nulls: bool = False


def _take_apart(node: exp.Expression) -> _Parts:
    window, where, ignore = None, None, False
    while not isinstance(node, (exp.Anonymous, exp.GroupConcat)):
        if isinstance(node, exp.Window):
            window = node
        elif isinstance(node, exp.Filter):
            where = node.expression.this
        elif isinstance(node, exp.IgnoreNulls):
            ignore = True
        elif not isinstance(node, exp.RespectNulls):
            raise NotSupportedError(f"aggregate or window call of {node.key.upper()}")
        node = node.this
    return _Parts(node, where, window, ignore)


def compile_aggregate(node: exp.Expression, scope: Scope, context: Context) -> Typed:
    """Compile an aggregate or window call.

    Raises:
        NotSupportedError: a function, modifier or frame that is not on the list.
    """
    parts = _take_apart(node)
    name = "listagg" if isinstance(parts.call, exp.GroupConcat) else str(parts.call.name).lower()
    tail = "" if parts.where is None else _filter(parts.where, scope, context)
    over = "" if parts.window is None else _over(parts.window, scope, context)
    if name in catalog.window_names():
        return _window_function(name, parts, over, scope, context)
    if parts.ignore_nulls:
        raise NotSupportedError(f"IGNORE NULLS on {name}")
    aggregation = _aggregation(name, parts, scope, context, f"{tail}{over}")
    if over and parts.where is not None:
        raise NotSupportedError("FILTER", "is not yet supported for window functions")
    if over and (aggregation.distinct or aggregation.order):
        raise NotSupportedError(f"{name} with DISTINCT or ORDER BY, with OVER")
    return catalog.aggregate(aggregation)


def _filter(where: exp.Expression, scope: Scope, context: Context) -> str:
    return f" FILTER (WHERE {logical(compile_expression(where, scope, context), 'FILTER')})"


def _aggregation(name: str, parts: _Parts, scope: Scope, context: Context, tail: str) -> Aggregation:
    call, distinct = parts.call, False
    order: list[exp.Ordered] = []
    nodes = list(call.expressions)
    if isinstance(call, exp.GroupConcat):
        nodes = [call.this, call.args.get("separator") or exp.Literal.string("")]
        if any(v for k, v in call.args.items() if k not in ("this", "separator")):
            raise NotSupportedError("LISTAGG ... ON OVERFLOW")
    plain: list[exp.Expression] = []
    for node in nodes:
        order = node.expressions if isinstance(node, exp.Order) else order
        item = node.this if isinstance(node, exp.Order) else node
        if isinstance(item, exp.Distinct):
            distinct = True
            plain += item.expressions
        else:
            plain.append(item)
    star = len(plain) == 1 and isinstance(plain[0], exp.Star)
    values = [] if star else [compile_expression(n, scope, context) for n in plain]
    for value in values if distinct else ():
        require_groupable(value.type, f"{name}(DISTINCT) of")
    items = ", ".join(ordering(compile_expression(o.this, scope, context), o) for o in order)
    return Aggregation(name, values, star, distinct, f" ORDER BY {items}" if items else "", tail)


def _window_function(name: str, parts: _Parts, over: str, scope: Scope, context: Context) -> Typed:
    if not over:
        raise SqlError(f"Window function {name} requires an OVER clause", "MISSING_OVER")
    if parts.where is not None:
        raise NotSupportedError(f"FILTER on {name}")
    values = [compile_expression(n, scope, context) for n in parts.call.expressions]
    return catalog.window(name, values, " IGNORE NULLS" if parts.ignore_nulls else "", over)


def _over(node: exp.Window, scope: Scope, context: Context) -> str:
    named = node.args.get("alias")
    if named is not None:
        window = dict(context.windows).get(named.name.lower())
        if window is None:
            raise SqlError(f"Cannot resolve WINDOW name {named.name}")
        if any(node.args.get(k) for k in ("partition_by", "order", "spec")):
            raise NotSupportedError("window that extends a named window")
        node = window
    extra = {k for k, v in node.args.items() if v} - {"this", "partition_by", "order", "spec", "alias", "over"}
    if extra:
        raise NotSupportedError(f"OVER {' '.join(sorted(extra)).upper()}")
    parts = []
    if node.args.get("partition_by"):
        keys = [compile_expression(n, scope, context) for n in node.args["partition_by"]]
        for key in keys:
            require_groupable(key.type, "PARTITION BY on")
        parts.append("PARTITION BY " + ", ".join(known(k).sql for k in keys))
    keys = []
    if node.args.get("order"):
        items = node.args["order"].expressions
        keys = [compile_expression(o.this, scope, context) for o in items]
        parts.append("ORDER BY " + ", ".join(ordering(k, o) for k, o in zip(keys, items, strict=True)))
    if node.args.get("spec"):
        parts.append(_frame(node.args["spec"], keys))
    return f" OVER ({' '.join(parts)})"


def _frame(spec: exp.WindowSpec, keys: list[Typed]) -> str:
    if spec.args.get("exclude"):
        raise NotSupportedError("window frame EXCLUDE")
    kind = str(spec.args.get("kind") or "").upper()
    if kind not in ("ROWS", "RANGE", "GROUPS"):
        raise NotSupportedError(f"window frame {kind}")
    start = _bound(spec.args.get("start"), spec.args.get("start_side"), kind, keys)
    end = spec.args.get("end")
    stop = _bound(end, spec.args.get("end_side"), kind, keys) if end is not None else "CURRENT ROW"
    return f"{kind} BETWEEN {start} AND {stop}"


def _bound(value: object, side: object, kind: str, keys: list[Typed]) -> str:
    if isinstance(value, str):
        word = value.upper()
        return f"{word} {str(side).upper()}" if word == "UNBOUNDED" else word
    if not (isinstance(value, exp.Literal) and not value.is_string and value.this.isdigit()):
        raise NotSupportedError("window frame offset that is not a whole number")
    if kind == "RANGE" and not (len(keys) == 1 and is_numeric(keys[0].type)):
        types = ", ".join(str(key.type) for key in keys)
        raise TypeMismatchError(f"Window frame RANGE value type (integer) not compatible with sort item type ({types})")
    return f"{value.this} {str(side).upper()}"
