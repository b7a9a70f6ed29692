"""Literals of Spark SQL."""

from __future__ import annotations


def quoted(text: str) -> str:
    """Return ``text`` as a literal of Spark SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
