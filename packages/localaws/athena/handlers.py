"""Which function runs which kind of statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from localaws.athena.binding import Binder
from localaws.athena.errors import UnsupportedError
from localaws.athena.queries import parse_query
from localaws.athena.results.outcome import Outcome, Rows
from localaws.athena.sql import translate
from localaws.athena.statements import Statement

if TYPE_CHECKING:
    from localaws.athena.context import Context

Handler = Callable[["Context", Statement], Outcome]


def select(context: Context, statement: Statement) -> Rows:
    """Run a query."""
    node = parse_query(statement.text)
    translation = translate(node, Binder(context, context.database, statement.text))
    context.planned()
    columns = [(column.name, column.type) for column in translation.columns]
    return Rows(columns, context.session.stream(translation.sql))


_HANDLERS: dict[str, Handler] = {"SELECT": select}


def handle(context: Context, statement: Statement) -> Outcome:
    """Run a statement; raise UnsupportedError for a kind that is not run here."""
    handler = _HANDLERS.get(statement.kind)
    if handler is None:
        raise UnsupportedError(f"statement {statement.kind.replace('_', ' ')}", "is not run here")
    return handler(context, statement)
