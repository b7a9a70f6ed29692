"""PostgreSQL's errors with Redshift's text, if that is known, else with PostgreSQL's own."""

from __future__ import annotations

import re

import psycopg

from localaws.redshift.errors import SqlError

_LENGTH_CHECK = re.compile(r"rs_octets_\d+_(\d+)")


def explained(error: psycopg.Error) -> SqlError:
    """Return the error that the owner of the statement sees."""
    diagnostics = error.diag
    message = diagnostics.message_primary or str(error)
    if error.sqlstate == "23514" and (match := _LENGTH_CHECK.match(diagnostics.constraint_name or "")):
        return SqlError(f"Value too long for character type\n  Detail: the column is limited to {match[1]} bytes")
    if error.sqlstate == "22001":
        return SqlError(f"Value too long for character type\n  Detail: {message}")
    if error.sqlstate == "21000" and "a second time" in message:
        return SqlError("Found multiple matches to update the same tuple.")
    if error.sqlstate == "23502":
        return SqlError(f"Cannot insert a NULL value into column {diagnostics.column_name}")
    return SqlError(message)
