"""Types as Trino's answers name them."""

from __future__ import annotations

from localaws.athena.sql_errors import SqlError
from localaws.athena.types.text import parse_type
from localaws.athena.types.trino import Type


def type_of(text: str) -> Type:
    """The type of a column; one that no table here can have keeps its name alone."""
    try:
        return parse_type(text)
    except SqlError:
        return Type(text.partition("(")[0])
