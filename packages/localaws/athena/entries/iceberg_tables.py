"""Iceberg tables of statements that accept no other tables, and their numeric properties."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.entries.glue_tables import Name, find_table
from localaws.athena.errors import QueryError

if TYPE_CHECKING:
    from pyiceberg.table import Table

    from localaws.athena.engine import Context


def iceberg_entry(context: Context, name: Name, verb: str) -> Table:
    """Load an Iceberg table; raise QueryError if it does not exist or is not an Iceberg table."""
    entry = find_table(context, name)
    if not context.iceberg.is_iceberg(entry):
        raise QueryError("NOT_SUPPORTED", f"{verb} is supported on Iceberg tables only: {entry['Name']} is not one")
    return context.iceberg.load(entry["DatabaseName"], entry["Name"])


def number(table: Table, setting: tuple[str, int]) -> int:
    """A numeric table property of Athena, given by name and default; raise QueryError for another value."""
    name, default = setting
    text = table.properties.get(name, str(default))
    if not text.isdigit():
        raise QueryError("INVALID_TABLE_PROPERTY", f"Table property {name} is '{text}'; a whole number was expected")
    return int(text)
