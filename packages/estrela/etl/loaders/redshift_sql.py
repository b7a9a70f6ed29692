"""Parts of Redshift's SQL: names, types, and literals that need no escape."""

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
"""The text that COPY reads as NULL beside an empty field; its default, ``\\N``, may be a value of a file."""


def redshift_type(type_: str) -> str:
    """Return the Redshift type of a column's type, as ``information_schema`` writes it."""
    return TYPES.get(type_) or type_.replace("decimal", "numeric")


def quoted(name: str) -> str:
    """Return a name of one or of two parts, quoted."""
    return ".".join(f'"{part}"' for part in name.split("."))


def listed(names: Iterable[str]) -> str:
    """Return column names, quoted and with commas."""
    return ", ".join(map(quoted, names))


def equal(names: Iterable[str], left: str, right: str) -> str:
    """Return the condition that the columns ``names`` of two tables are equal."""
    return " AND ".join(f"{left}.{quoted(name)} = {right}.{quoted(name)}" for name in names)


def literal(text: str) -> str:
    """Return ``text``, without a backslash, as a literal."""
    return "'" + text.replace("'", "''") + "'"


def mark(letter: str) -> str:
    """Return a delimiter or a quote as COPY takes it."""
    return literal(letter if letter.isprintable() else f"\\{ord(letter):03o}")


def must_hold(condition: str) -> str:
    """Return a query that fails, by a division by zero, unless ``condition`` holds."""
    return f"SELECT 1 / CASE WHEN {condition} THEN 1 ELSE 0 END"
