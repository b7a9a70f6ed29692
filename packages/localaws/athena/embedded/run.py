"""One running statement on DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from localaws.athena import engine
from localaws.athena.embedded.binding import Binder
from localaws.athena.embedded.context import Context
from localaws.athena.embedded.explain import explain
from localaws.athena.embedded.failures import other_engine_named
from localaws.athena.embedded.queries import parse_query, prepare_query
from localaws.athena.embedded.rendering import render_column
from localaws.athena.embedded.session import Session
from localaws.athena.embedded.sql import translate
from localaws.athena.embedded.writes.create_table_as import create_table_as
from localaws.athena.embedded.writes.insert import insert
from localaws.athena.embedded.writes.merge import merge
from localaws.athena.embedded.writes.optimize import optimize
from localaws.athena.embedded.writes.unload import unload
from localaws.athena.embedded.writes.update import delete, update
from localaws.athena.errors import UnsupportedError
from localaws.athena.outcome import Outcome, Rows
from localaws.athena.syntax.statements import Statement
from localaws.athena.types.trino import Columns

Handler = Callable[[Context, Statement], Outcome]


def select(context: Context, statement: Statement) -> Rows:
    """Run a query."""
    node = parse_query(statement.text)
    translation = translate(node, Binder(context, context.database, statement.text))
    context.planned()
    columns = tuple((column.name, column.type) for column in translation.columns)
    return Rows(columns, _rendered(context.session.stream(translation.sql), columns))


def _rendered(batches: Iterator[pa.RecordBatch], columns: Columns) -> Iterator[pa.RecordBatch]:
    names = [f"c{i}" for i in range(len(columns))]
    for batch in batches:
        texts = [render_column(values, kind) for values, (_, kind) in zip(batch.columns, columns, strict=True)]
        yield pa.record_batch(texts, names=names)


_HANDLERS: dict[str, Handler] = {
    "SELECT": select,
    "INSERT": insert,
    "UPDATE": update,
    "DELETE": delete,
    "MERGE": merge,
    "OPTIMIZE": optimize,
    "EXPLAIN": explain,
    "UNLOAD": unload,
    "CREATE_TABLE_AS_SELECT": create_table_as,
}


class EmbeddedRun:
    """A :class:`~localaws.athena.engine.Run` with its own DuckDB session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def scanned(self) -> int:
        return self._session.scanned

    @property
    def cancelled(self) -> bool:
        return self._session.cancelled

    def answer(self, context: engine.Context, statement: Statement) -> Outcome:
        handler = _HANDLERS.get(statement.kind)
        if handler is None:
            raise UnsupportedError(f"statement {statement.kind.replace('_', ' ')}", "is not run here")
        with other_engine_named():
            return handler(Context.of(context, self._session), statement)

    def columns(self, context: engine.Context, query: str) -> Columns:
        with other_engine_named():
            return prepare_query(Context.of(context, self._session), query).columns

    def cancel(self) -> None:
        self._session.cancel()

    def close(self, *, succeeded: bool) -> None:
        self._session.close(reusable=succeeded)
