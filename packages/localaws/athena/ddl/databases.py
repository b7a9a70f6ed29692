"""CREATE, DROP and ALTER DATABASE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.ddl.properties import properties
from localaws.athena.entries.glue_tables import check_database, ddl_error
from localaws.athena.errors import UnsupportedError
from localaws.athena.outcome import Lines
from localaws.athena.syntax.cursor import Cursor
from localaws.athena.syntax.statements import Statement
from localaws.glue.catalog import AlreadyExistsException, EntityNotFoundException

if TYPE_CHECKING:
    from localaws.athena.engine import Context


def create_database(context: Context, statement: Statement) -> Lines:
    """CREATE DATABASE [IF NOT EXISTS] name [COMMENT ..] [LOCATION ..] [WITH DBPROPERTIES (..)]."""
    cursor = Cursor(statement)
    cursor.expect("CREATE")
    cursor.expect_one("DATABASE", "SCHEMA")
    quiet = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.database_name()
    comment = cursor.string() if cursor.accept("COMMENT") else None
    location = cursor.string() if cursor.accept("LOCATION") else None
    parameters = properties(cursor) if cursor.accept("WITH", "DBPROPERTIES") else {}
    cursor.expect_end()
    try:
        context.catalog.databases.create(name, comment, location, parameters)
    except AlreadyExistsException:
        if not quiet:
            raise ddl_error(f"AlreadyExistsException(message:Database {name} already exists)") from None
    return Lines()


def drop_database(context: Context, statement: Statement) -> Lines:
    """DROP DATABASE [IF EXISTS] name [RESTRICT | CASCADE]."""
    cursor = Cursor(statement)
    cursor.expect("DROP")
    cursor.expect_one("DATABASE", "SCHEMA")
    quiet = cursor.accept("IF", "EXISTS")
    name = cursor.database_name()
    cascade = cursor.accept("CASCADE") or (cursor.accept("RESTRICT") and False)
    cursor.expect_end()
    try:
        context.catalog.databases.get(name)
    except EntityNotFoundException:
        if quiet:
            return Lines()
        check_database(context, name)
    if not cascade and context.catalog.tables.of(name):
        raise ddl_error(f"InvalidOperationException(message:Database {name} is not empty. One or more tables exist.)")
    context.catalog.databases.delete(name)
    return Lines()


def alter_database(context: Context, statement: Statement) -> Lines:
    """ALTER DATABASE name SET DBPROPERTIES (..)."""
    cursor = Cursor(statement)
    cursor.expect("ALTER")
    cursor.expect_one("DATABASE", "SCHEMA")
    name = cursor.database_name()
    if not cursor.accept("SET", "DBPROPERTIES"):
        raise UnsupportedError("ALTER DATABASE other than SET DBPROPERTIES")
    given = properties(cursor)
    cursor.expect_end()
    check_database(context, name)
    database = context.catalog.databases.get(name)
    parameters = (database.get("Parameters") or {}) | given
    context.catalog.databases.update(name, database.get("Description"), database.get("LocationUri"), parameters)
    return Lines()
