"""Columns of a delivered file."""

from __future__ import annotations

import re
from dataclasses import dataclass

REFERENCE = "reference"
MONEY = "money"
CURRENCY = "currency"
WORD = "word"
REASONS = {
    REFERENCE: "is empty or longer than 200 characters",
    MONEY: "is not a number with at most 18 digits before and 9 after the point",
    CURRENCY: "is not a currency code of three capital letters",
    WORD: "is empty or longer than 200 characters",
}
"""Domains of the database's schema, and what is said of a value that one refuses."""
_MONEY = re.compile(r"[+-]?\d{1,18}(\.\d{1,9})?", re.ASCII)


@dataclass(frozen=True)
class Column:
    """A column: its ``name``, its ``domain`` in the database, and other spellings (``also``) that files use.

    The values of a ``sensitive`` column are encrypted before they reach the database.
    """

    name: str
    domain: str
    doc: str
    also: tuple[str, ...] = ()
    sensitive: bool = False

    def accepts(self, text: str) -> bool:
        """Return whether a sensitive value is valid; the values of other columns are checked by their domain."""
        return bool(_MONEY.fullmatch(text)) if self.domain == MONEY else 0 < len(text) <= 200

    def plain(self, text: str) -> str:
        """Return an accepted value as messages write it: without spaces around it, money without a plus sign."""
        return text.strip().removeprefix("+") if self.domain == MONEY else text.strip()
