"""EXPLAIN and EXPLAIN ANALYZE: the plan of the local engine, which is not Athena's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.columns import column_info
from localaws.athena.embedded.binding import Binder
from localaws.athena.embedded.queries import parse_query
from localaws.athena.embedded.sql import translate
from localaws.athena.errors import UnsupportedError
from localaws.athena.outcome import Lines
from localaws.athena.syntax.cursor import Cursor
from localaws.athena.syntax.statements import Statement, read_statement
from localaws.athena.types.trino import VARCHAR

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context

_TITLE = "Query Plan"
_MARK = "Local engine: DuckDB's plan, which is not Athena's"
_FORMATS = {"TEXT": "text", "JSON": "json", "GRAPHVIZ": "graphviz"}


def explain(context: Context, statement: Statement) -> Lines:
    """EXPLAIN [ANALYZE [VERBOSE]] [(FORMAT .., TYPE ..)] query: a text whose first line is ``Query Plan``.

    Raises the errors of the query, and UnsupportedError for a statement that is not a query and for TYPE IO.
    """
    cursor = Cursor(statement)
    cursor.expect("EXPLAIN")
    analyze = cursor.accept("ANALYZE")
    _ = analyze and cursor.accept("VERBOSE")
    options = (
        dict(cursor.listed(lambda: (cursor.name().upper(), cursor.name().upper()))) if _has_options(cursor) else {}
    )
    form, kind = options.get("FORMAT", "TEXT"), options.get("TYPE", "DISTRIBUTED")
    if form not in _FORMATS or kind not in ("LOGICAL", "DISTRIBUTED", "VALIDATE") or (analyze and form != "TEXT"):
        raise UnsupportedError(f"EXPLAIN with FORMAT {form} and TYPE {kind}")
    text = cursor.rest()
    if read_statement(text).kind != "SELECT":
        raise UnsupportedError("EXPLAIN of another statement than a query")
    sql = translate(parse_query(text), Binder(context, context.database, text)).sql
    context.planned()
    if kind == "VALIDATE":
        return _lines(["Valid", "true"])
    return _lines([_TITLE, *([_MARK] if form == "TEXT" else []), *_plan(context, sql, form, analyze=analyze)])


def _has_options(cursor: Cursor) -> bool:
    return any(cursor.peek("(", word) for word in ("FORMAT", "TYPE"))


def _plan(context: Context, sql: str, form: str, *, analyze: bool) -> list[str]:
    words = "EXPLAIN ANALYZE" if analyze else f"EXPLAIN (FORMAT {_FORMATS[form]})"
    return [line for row in context.session.execute(f"{words} {sql}") for line in str(row[1]).splitlines()]


def _lines(lines: list[str]) -> Lines:
    return Lines([column_info(lines[0], VARCHAR)], lines)
