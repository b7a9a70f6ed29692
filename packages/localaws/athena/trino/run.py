"""One running statement on Trino."""

from __future__ import annotations

from collections.abc import Callable

from localaws.athena.engine import Context
from localaws.athena.errors import UnsupportedError
from localaws.athena.outcome import Outcome
from localaws.athena.syntax.statements import Statement
from localaws.athena.trino.create_table_as import create_table_as, unload
from localaws.athena.trino.queries import described_columns, explain, select
from localaws.athena.trino.session import TrinoSession
from localaws.athena.trino.writes import change_rows, insert, optimize
from localaws.athena.types.trino import Columns

_HANDLERS: dict[str, Callable[[Context, TrinoSession, Statement], Outcome]] = {
    "SELECT": select,
    "EXPLAIN": explain,
    "INSERT": insert,
    "UPDATE": change_rows,
    "DELETE": change_rows,
    "MERGE": change_rows,
    "OPTIMIZE": optimize,
    "UNLOAD": unload,
    "CREATE_TABLE_AS_SELECT": create_table_as,
}


class TrinoRun:
    """A :class:`~localaws.athena.engine.Run` that sends its statements to Trino."""

    def __init__(self, session: TrinoSession) -> None:
        self._session = session

    @property
    def scanned(self) -> int:
        return self._session.scanned

    @property
    def cancelled(self) -> bool:
        return self._session.cancelled

    def answer(self, context: Context, statement: Statement) -> Outcome:
        handler = _HANDLERS.get(statement.kind)
        if handler is None:
            raise UnsupportedError(f"statement {statement.kind.replace('_', ' ')}", "is not run here")
        return handler(context, self._session, statement)

    def columns(self, context: Context, query: str) -> Columns:
        return described_columns(self._session, query, context.database)

    def cancel(self) -> None:
        self._session.cancel()

    def close(self, *, succeeded: bool) -> None:
        """Do nothing: no resources are kept between statements."""
