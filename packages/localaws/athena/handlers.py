"""Which function runs which kind of statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from localaws.athena.binding import Binder
from localaws.athena.ddl.alter_table import alter_table, repair_table
from localaws.athena.ddl.create_table import create_table
from localaws.athena.ddl.create_view import create_view
from localaws.athena.ddl.databases import alter_database, create_database, drop_database
from localaws.athena.ddl.describe import describe
from localaws.athena.ddl.drop_table import drop_table, drop_view
from localaws.athena.ddl.show import (
    show_columns,
    show_create_table,
    show_create_view,
    show_databases,
    show_partitions,
    show_properties,
    show_tables,
    show_views,
)
from localaws.athena.errors import UnsupportedError
from localaws.athena.explain import explain
from localaws.athena.prepared import deallocate, prepare
from localaws.athena.queries import parse_query
from localaws.athena.results.outcome import Outcome, Rows
from localaws.athena.sql import translate
from localaws.athena.statements import Statement
from localaws.athena.writes.create_table_as import create_table_as
from localaws.athena.writes.insert import insert
from localaws.athena.writes.merge import merge
from localaws.athena.writes.optimize import optimize, vacuum
from localaws.athena.writes.unload import unload
from localaws.athena.writes.update import delete, update

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


_HANDLERS: dict[str, Handler] = {
    "SELECT": select,
    "INSERT": insert,
    "UPDATE": update,
    "DELETE": delete,
    "MERGE": merge,
    "OPTIMIZE": optimize,
    "VACUUM": vacuum,
    "EXPLAIN": explain,
    "UNLOAD": unload,
    "CREATE_TABLE_AS_SELECT": create_table_as,
    "CREATE_TABLE": create_table,
    "CREATE_VIEW": create_view,
    "CREATE_DATABASE": create_database,
    "DROP_TABLE": drop_table,
    "DROP_VIEW": drop_view,
    "DROP_DATABASE": drop_database,
    "ALTER_TABLE": alter_table,
    "ALTER_DATABASE": alter_database,
    "MSCK_REPAIR": repair_table,
    "SHOW_DATABASES": show_databases,
    "SHOW_TABLES": show_tables,
    "SHOW_VIEWS": show_views,
    "SHOW_COLUMNS": show_columns,
    "SHOW_PARTITIONS": show_partitions,
    "SHOW_TBLPROPERTIES": show_properties,
    "SHOW_CREATE_TABLE": show_create_table,
    "SHOW_CREATE_VIEW": show_create_view,
    "DESCRIBE_TABLE": describe,
    "PREPARE": prepare,
    "DEALLOCATE": deallocate,
}


def handle(context: Context, statement: Statement) -> Outcome:
    """Run a statement; raise UnsupportedError for a kind that is not run here."""
    handler = _HANDLERS.get(statement.kind)
    if handler is None:
        raise UnsupportedError(f"statement {statement.kind.replace('_', ' ')}", "is not run here")
    return handler(context, statement)
