"""The table that a statement writes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.athena.errors import SchemaNotFoundError, TableNotFoundError
from localaws.glue.catalog import EntityNotFoundException

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context


def written_table(context: Context, database: str, name: str) -> dict[str, Any]:
    """The Glue entry of a table or view; raise TableNotFoundError or SchemaNotFoundError."""
    try:
        return context.catalog.tables.get(database, name)
    except EntityNotFoundException:
        try:
            context.catalog.databases.get(database)
        except EntityNotFoundException:
            raise SchemaNotFoundError(database) from None
        raise TableNotFoundError(database, name) from None
