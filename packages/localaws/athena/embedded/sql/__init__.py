"""Athena's SQL (engine version 3, Trino's dialect) on DuckDB, limited to a list of supported constructs.

`parse` reads a text, `translate` turns a query into DuckDB SQL together with the Trino names and types of its columns,
`session.prepare` makes a DuckDB connection ready for that SQL, `render.render` prints a value as Athena does. Every
node and function is either on the list, with its edge cases decided, or refused with NOT_SUPPORTED.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from localaws.athena.embedded.sql.dialect import parse
from localaws.athena.embedded.sql.query import compile_query
from localaws.athena.embedded.sql.relations import Column, Table, Tables
from localaws.athena.sql_errors import NotSupportedError, SqlError, TableNotFoundError

__all__ = ["Column", "NotSupportedError", "SqlError", "Table", "Translation", "parse", "translate"]


@dataclass(frozen=True)
class Translation:
    """DuckDB SQL, and its columns with Athena's names and types."""

    sql: str
    columns: tuple[Column, ...]


def no_tables(table: exp.Table) -> Table:
    """Refuse every table, for queries that read none.

    Raises:
        TableNotFoundError: always.
    """
    raise TableNotFoundError(f"Table '{table.sql()}' does not exist")


def translate(query: exp.Expression | str, tables: Tables = no_tables) -> Translation:
    """Translate a SELECT, VALUES, set operation or WITH query to DuckDB's SQL.

    `tables` is called once for each table reference that does not name a WITH query; it returns DuckDB text that may
    follow FROM, and the columns with the names they have in that text. Trees must come from `parse`, whose function
    calls keep the names in the query.

    Raises:
        NotSupportedError: a construct (attribute `construct`) whose result is not certain to be Athena's.
        SqlError: a query that Trino refuses (unknown column, type mismatch, syntax).
    """
    if isinstance(query, str):
        statements = parse(query)
        if len(statements) != 1:
            raise SqlError(f"expected one statement, found {len(statements)}")
        query = statements[0]
    compiled = compile_query(query, tables)
    names = [name if name is not None else f"_col{i}" for i, name in enumerate(compiled.names)]
    columns = tuple(Column(n, c.type) for n, c in zip(names, compiled.columns, strict=True))
    return Translation(compiled.sql(names), columns)
