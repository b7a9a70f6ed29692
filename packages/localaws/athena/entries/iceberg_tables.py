"""Iceberg tables of statements that take no other, and their properties that are numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.entries.glue_tables import Name, find_table
from localaws.athena.errors import QueryError

if TYPE_CHECKING:
    from pyiceberg.table import Table

    from localaws.athena.engine import Context


def iceberg_entry(context: Context, name: Name, verb: str) -> Table:
    """Raise QueryError for a table that is not there, or no Iceberg table."""
    entry = find_table(context, name)
    if not context.iceberg.is_iceberg(entry):
        raise QueryError("NOT_SUPPORTED", f"{verb} is supported on Iceberg tables only: {entry['Name']} is not one")
    return context.iceberg.load(entry["DatabaseName"], entry["Name"])


def number(table: Table, setting: tuple[str, int]) -> int:
    """A table property of Athena's, by name and default; raise QueryError for one that is no number."""
    name, default = setting
    text = table.properties.get(name, str(default))
    if not text.isdigit():
        raise QueryError("INVALID_TABLE_PROPERTY", f"Table property {name} is '{text}'; a whole number was expected")
    return int(text)
