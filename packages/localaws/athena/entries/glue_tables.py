"""Glue tables, as DDL reads and changes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localaws.athena.entries.views import VIRTUAL_VIEW
from localaws.athena.errors import QueryError
from localaws.glue.catalog import EntityNotFoundException

if TYPE_CHECKING:
    from localaws.athena.engine import Context

_INPUT = (
    "Name",
    "Description",
    "Owner",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
)
Name = tuple[str | None, str]


def ddl_error(message: str) -> QueryError:
    """An error of DDL with Hive's text."""
    return QueryError(
        "FAILED", f"Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. {message}"
    )


def find_table(context: Context, name: Name) -> dict[str, Any]:
    """A table or view of the catalog; raise QueryError if it does not exist."""
    database = name[0] or context.database
    try:
        return context.catalog.tables.get(database, name[1])
    except EntityNotFoundException:
        check_database(context, database)
        raise QueryError("FAILED", f"SemanticException [Error 10001]: Table not found {database}.{name[1]}") from None


def check_database(context: Context, database: str) -> None:
    """Raise QueryError for a database that the catalog does not have."""
    try:
        context.catalog.databases.get(database)
    except EntityNotFoundException:
        raise QueryError("FAILED", f"SemanticException [Error 10072]: Database does not exist: {database}") from None


def known_table(context: Context, name: Name) -> dict[str, Any] | None:
    """A table or view of the catalog; None if it does not exist."""
    try:
        return context.catalog.tables.get(name[0] or context.database, name[1])
    except EntityNotFoundException:
        return None


def exists(context: Context, name: Name) -> bool:
    """Return whether the catalog has a table or view of this name."""
    return known_table(context, name) is not None


def is_view(table: Mapping[str, Any]) -> bool:
    """Return whether a Glue entry is a view."""
    return table.get("TableType") == VIRTUAL_VIEW


def table_input(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of GetTable's answer that UpdateTable accepts."""
    return {key: table[key] for key in _INPUT if key in table}
