"""A file that is refused as a whole, and the words that mark it among rejected rows."""

from __future__ import annotations

from dataclasses import dataclass

REFUSED = "the file is refused: "
"""How the reason of a reject begins that stands for a whole file."""


@dataclass(frozen=True)
class Refusal:
    """Why a whole file is not read: the column and value that are wrong."""

    column: str
    value: str
    reason: str
