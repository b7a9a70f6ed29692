"""SELECT, EXPLAIN, and the columns of a query."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import pyarrow as pa

from localaws.athena.columns import column_info
from localaws.athena.engine import Context
from localaws.athena.outcome import Lines, Rows
from localaws.athena.syntax.statements import Statement
from localaws.athena.trino.client import Page, Sending
from localaws.athena.trino.literals import Text, for_trino
from localaws.athena.trino.rendering import render, text_batch
from localaws.athena.trino.session import TrinoSession
from localaws.athena.trino.types import type_of
from localaws.athena.types.trino import VARCHAR, Columns

_PREPARED = "described"


def select(context: Context, session: TrinoSession, statement: Statement) -> Rows:
    """Run a query."""
    pages = session.pages(for_trino(statement.text), Sending(context.database))
    first = next(page for page in pages if page.columns or not page.following)
    context.planned()
    columns = tuple((name, type_of(kind)) for name, kind in first.columns)
    return Rows(columns, _batches(chain([first], pages), columns))


def _batches(pages: Iterator[Page], columns: Columns) -> Iterator[pa.RecordBatch]:
    for page in pages:
        if page.rows:
            yield text_batch(page.rows, columns)


def explain(context: Context, session: TrinoSession, statement: Statement) -> Lines:
    """EXPLAIN [ANALYZE] ..: a text whose first line is the name of Trino's column, ``Query Plan``."""
    name, kind, lines = "", VARCHAR, []
    for page in session.pages(for_trino(statement.text), Sending(context.database)):
        if page.columns:
            name, kind = page.columns[0][0], type_of(page.columns[0][1])
        lines += [line for row in page.rows for line in (render(row[0], kind) or "").splitlines()]
    return Lines([column_info(name, VARCHAR)], [name, *lines])


def described_columns(session: TrinoSession, query: str, database: str) -> Columns:
    """Names and types of a query's columns; the query is prepared but not run."""
    text = for_trino(query)
    sending = Sending(database, prepared={_PREPARED: text.sql})
    described = Text(f"DESCRIBE OUTPUT {_PREPARED}", text.insertions)
    rows = [row for page in session.pages(described, sending) for row in page.rows]
    return tuple((_name(i, row), type_of(row[4])) for i, row in enumerate(rows))


def _name(place: int, row: list[str]) -> str:
    """The column's name; empty for Trino's names ``_col0``, ``_col1``, ... of columns without table or alias."""
    name, table, aliased = row[0], row[3], row[6]
    return "" if name == f"_col{place}" and not table and not aliased else name
