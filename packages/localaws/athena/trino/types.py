"""Types by their names in Trino's responses."""

from __future__ import annotations

from localaws.athena.sql_errors import SqlError
from localaws.athena.types.text import parse_type
from localaws.athena.types.trino import Type


def type_of(text: str) -> Type:
    """The type of a column; a type that no table can have here has only its name, without arguments."""
    try:
        return parse_type(text)
    except SqlError:
        return Type(text.partition("(")[0])
