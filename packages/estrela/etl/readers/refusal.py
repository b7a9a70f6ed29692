"""Refusal of a whole file, and the prefix that marks it among rejected rows."""

from __future__ import annotations

from dataclasses import dataclass

REFUSED = "the file is refused: "
"""Prefix of a reject's reason that concerns the whole file."""


@dataclass(frozen=True)
class Refusal:
    """The reason for refusing a whole file, with the wrong column and value."""

    column: str
    value: str
    reason: str
