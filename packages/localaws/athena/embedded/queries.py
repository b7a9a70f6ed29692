"""A query's text in DuckDB's SQL, with the names and types of its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.athena.embedded.binding import Binder
from localaws.athena.embedded.sql.dialect import parse
from localaws.athena.embedded.sql.query import Query, compile_query
from localaws.athena.embedded.sql.typed import Typed, coerce, name_literal
from localaws.athena.errors import QueryError
from localaws.athena.sql_errors import SqlError
from localaws.athena.types.trino import Columns

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context


@dataclass(frozen=True)
class Prepared:
    """A query whose rows are written to a table; its columns have names, but are c0, c1, ... in DuckDB."""

    query: Query
    columns: Columns

    def sql(self, columns: Columns) -> str:
        """DuckDB text that returns the rows coerced to the given types and names.

        Raises QueryError (TYPE_MISMATCH) if Trino would not coerce them.
        """
        parts = []
        for i, ((_, source_kind), (name, kind)) in enumerate(zip(self.columns, columns, strict=True)):
            try:
                value = coerce(Typed(f"q.c{i}", source_kind), kind)
            except SqlError:
                raise _mismatch(columns, self.columns) from None
            parts.append(f"{value.sql} AS {name_literal(name)}")
        return f"SELECT {', '.join(parts)} FROM ({self.query.sql()}) AS q"


def _mismatch(table: Columns, query: Columns) -> QueryError:
    shown = (", ".join(str(kind) for _, kind in columns) for columns in (table, query))
    return QueryError(
        "TYPE_MISMATCH", "Insert query has mismatched column types: Table: [{}], Query: [{}]".format(*shown)
    )


def parse_query(text: str) -> exp.Expression:
    """Parse a text of exactly one query; raise SqlError."""
    statements = parse(text)
    if len(statements) != 1:
        raise SqlError("one query was expected")
    return statements[0]


def prepare_query(context: Context, text: str) -> Prepared:
    """Compile a query whose rows are written to a table; raise SqlError or QueryError if it is invalid."""
    query = compile_query(parse_query(text), Binder(context, context.database, text))
    context.planned()
    names = [name or "" for name in query.names]
    return Prepared(query, tuple(zip(names, (column.type for column in query.columns), strict=True)))
