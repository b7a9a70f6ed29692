"""The rows of a view."""

from __future__ import annotations

from localaws.athena.embedded.relation import Relation
from localaws.athena.embedded.sql.dialect import parse
from localaws.athena.embedded.sql.query import compile_query
from localaws.athena.embedded.sql.relations import Tables
from localaws.athena.embedded.sql.typed import Typed, coerce, name_literal
from localaws.athena.entries.views import View
from localaws.athena.errors import QueryError
from localaws.athena.types.trino import Type


def view_relation(view: View, tables: Tables) -> Relation:
    """The view's rows; raise QueryError (VIEW_IS_STALE) if the columns of its query have changed."""
    query = compile_query(parse(view.sql)[0], tables)
    if len(query.columns) != len(view.columns):
        raise _stale(f"column count mismatch: {len(query.columns)} and {len(view.columns)}")
    parts = []
    for i, (column, (name, kind)) in enumerate(zip(query.columns, view.columns, strict=True)):
        stored = Typed(f"v.c{i}", column.type)
        parts.append(f"{_coerced(stored, name, kind).sql} AS {name_literal(name)}")
    return Relation(f"SELECT {', '.join(parts)} FROM ({query.sql()}) AS v", view.columns)


def _coerced(value: Typed, name: str, kind: Type) -> Typed:
    try:
        return coerce(value, kind)
    except Exception as error:
        raise _stale(f"column [{name}] of type {value.type} cannot be coerced to type [{kind}]") from error


def _stale(reason: str) -> QueryError:
    return QueryError("VIEW_IS_STALE", f"View is stale or in invalid state: {reason}")
