"""Conversion between Trino's types and Hive's, as Glue stores them."""

from __future__ import annotations

import re

from localaws.athena.errors import UnsupportedError
from localaws.athena.types.text import parse_type
from localaws.athena.types.trino import Type

_BARE_DECIMAL = re.compile(r"\bdecimal\b(?!\s*\()", re.IGNORECASE)


def hive_type(text: str) -> Type:
    """The Trino type of a Hive type; Hive's bare decimal is decimal(10,0)."""
    return parse_type(_BARE_DECIMAL.sub("decimal(10,0)", text))


def hive_name(kind: Type) -> str:
    """Athena's Hive type for a Trino type; raise UnsupportedError if there is none."""
    names = {"integer": "int", "real": "float", "varbinary": "binary"}
    if kind.name == "varchar":
        return f"varchar({kind.size[0]})" if kind.size else "string"
    if kind.name == "char":
        return f"char({kind.size[0]})"
    if kind.name == "decimal":
        return f"decimal({kind.size[0]},{kind.size[1]})"
    if kind.name == "timestamp":
        return "timestamp"
    if kind.name == "array":
        return f"array<{hive_name(kind.args[0])}>"
    if kind.name == "map":
        return f"map<{hive_name(kind.args[0])},{hive_name(kind.args[1])}>"
    if kind.name == "row" and all(kind.names):
        fields = zip(kind.names, kind.args, strict=True)
        return f"struct<{','.join(f'{name}:{hive_name(argument)}' for name, argument in fields)}>"
    if kind.name in ("boolean", "tinyint", "smallint", "bigint", "double", "date") or kind.name in names:
        return names.get(kind.name, kind.name)
    raise UnsupportedError(f"Hive type: {kind}", "has no place in a Hive table")
