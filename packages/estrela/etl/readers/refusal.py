"""A file that is refused as a whole, and the words that mark it among rejected rows."""

from __future__ import annotations

from dataclasses import dataclass

REFUSED = "the file is refused: "
"""Beginning of the reason of a reject that is about a whole file."""


@dataclass(frozen=True)
class Refusal:
    """The reason for refusing a whole file: the column and value that are wrong."""

    column: str
    value: str
    reason: str
