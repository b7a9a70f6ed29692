"""Types by their names in Trino's responses."""

from __future__ import annotations

import re

from localaws.athena.sql_errors import NotSupportedError, SqlError
from localaws.athena.types.text import parse_type
from localaws.athena.types.trino import Type

# Types that no table can have here, whose values Trino sends as the text that Athena prints.
_PRINTED = frozenset({"ipaddress", "time with time zone"})
_ARGUMENTS = re.compile(r"\(\d+\)")


def type_of(text: str) -> Type:
    """The type of a column; raises NotSupportedError for a type whose values Athena may print in another way.

    Trino sends sketches in base64, tiles as objects, and shapes as text.
    """
    try:
        return parse_type(text)
    except SqlError as error:
        name = _ARGUMENTS.sub("", text)
        if name in _PRINTED:
            return Type(name)
        raise NotSupportedError(f"a result of type {text[:100]}") from error
