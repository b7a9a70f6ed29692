"""CREATE [OR REPLACE] VIEW."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.entries.glue_tables import check_database, exists, find_table, is_view
from localaws.athena.entries.views import View, view_input
from localaws.athena.errors import QueryError
from localaws.athena.outcome import Lines
from localaws.athena.syntax.cursor import Cursor
from localaws.athena.syntax.statements import Statement
from localaws.athena.types.column_names import check_names

if TYPE_CHECKING:
    from localaws.athena.engine import Context


def create_view(context: Context, statement: Statement) -> Lines:
    """Store a query in the catalog, with its current columns."""
    cursor = Cursor(statement)
    cursor.expect("CREATE")
    replace = cursor.accept("OR", "REPLACE")
    cursor.expect("VIEW")
    name = cursor.qualified_name()
    comment = cursor.string() if cursor.accept("COMMENT") else ""
    cursor.expect("AS")
    text = cursor.rest()
    database = name[0] or context.database
    check_database(context, database)
    columns = context.run.columns(context, text)
    check_names(columns)
    stored = view_input(name[1], View(context.database, text, columns), comment)
    if not exists(context, name):
        context.catalog.tables.create(database, stored)
        return Lines()
    present = find_table(context, name)
    if not (replace and is_view(present)):
        kind = "View" if is_view(present) else "Table"
        raise QueryError("ALREADY_EXISTS", f"{kind} already exists: awsdatacatalog.{database}.{name[1]}")
    context.catalog.tables.update(database, stored, present["VersionId"])
    return Lines()
