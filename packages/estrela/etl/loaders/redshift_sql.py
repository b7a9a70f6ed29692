"""Elements of Redshift's SQL: names, types, and literals that need no escaping."""

from __future__ import annotations

from collections.abc import Iterable

from estrela.model.feed_engine import REDSHIFT_TEXT_BYTES

TYPES = {
    "string": f"character varying({REDSHIFT_TEXT_BYTES})",
    "int": "integer",
    "bigint": "bigint",
    "double": "double precision",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp with time zone",
}
NULL_WORD = "estrela-null-0f7c2f1b9d"
"""Besides an empty field, the text that COPY reads as NULL. The default, ``\\N``, could be a value in a file."""


def redshift_type(type_: str) -> str:
    """Return the Redshift type for a declared column type, as spelled in ``information_schema``."""
    return TYPES.get(type_) or type_.replace("decimal", "numeric")


def quoted(name: str) -> str:
    """Return a quoted name, with or without schema."""
    return ".".join(f'"{part}"' for part in name.split("."))


def listed(names: Iterable[str]) -> str:
    """Return column names, quoted and separated by commas."""
    return ", ".join(map(quoted, names))


def equal(names: Iterable[str], left: str, right: str) -> str:
    """Return the condition that the columns ``names`` of two tables are equal."""
    return " AND ".join(f"{left}.{quoted(name)} = {right}.{quoted(name)}" for name in names)


def literal(text: str) -> str:
    """Return ``text``, which must contain no backslash, as a literal."""
    return "'" + text.replace("'", "''") + "'"


def mark(letter: str) -> str:
    """Return a delimiter or quote character as a COPY option."""
    return literal(letter if letter.isprintable() else f"\\{ord(letter):03o}")


def failing_unless(condition: str) -> str:
    """Return a query that fails with a division by zero unless ``condition`` is true."""
    return f"SELECT 1 / CASE WHEN {condition} THEN 1 ELSE 0 END"
