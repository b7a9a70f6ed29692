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
"""Reason of the rejection of a value, by domain of the database's schema."""
MONEY_PATTERN = r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,9})?"
"""Numbers as files must write them. PostgreSQL would also read ``1e3``, ``0x1F`` and ``1_000``, which other systems
read differently or not at all.
"""
_MONEY = re.compile(MONEY_PATTERN)
_CURRENCY = re.compile("[A-Z]{3}")


@dataclass(frozen=True)
class Column:
    """A column: its ``name``, its ``domain`` in the database, and other spellings (``also``) in files' headers.

    The values of a ``sensitive`` column are encrypted before they are written to the database.
    """

    name: str
    domain: str
    doc: str
    also: tuple[str, ...] = ()
    sensitive: bool = False

    def accepts(self, text: str) -> bool:
        """Return whether a value is valid. Spaces around money and around sensitive values are ignored."""
        if self.domain == MONEY:
            return bool(_MONEY.fullmatch(text.strip()))
        if self.domain == CURRENCY:
            return bool(_CURRENCY.fullmatch(text))
        return 0 < len(text.strip() if self.sensitive else text) <= 200

    def plain(self, text: str) -> str:
        """Return an accepted value in the form of messages: without surrounding spaces, money without a plus sign."""
        return text.strip().removeprefix("+") if self.domain == MONEY else text.strip()
