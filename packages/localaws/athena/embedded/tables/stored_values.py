"""Values with more digits or characters in the file than the column allows, as Athena reads them."""

from __future__ import annotations

from localaws.athena.embedded.sql.typed import name_literal
from localaws.athena.embedded.tables.parquet import rounded_to_millis
from localaws.athena.types.trino import Type


def stored_expression(name: str, kind: Type) -> str:
    """The SQL that reads a column of a temporary table as a value of type ``kind``."""
    column = name_literal(name)
    if kind.name == "timestamp" and kind.size == (3,):
        return rounded_to_millis(column)
    if kind.name == "char" or (kind.name == "varchar" and kind.size):
        cut = f"substring({column}, 1, {kind.size[0]})"
        return cut if kind.name == "varchar" else f"rtrim({cut}, ' ')"
    return column
