"""How the text of a field becomes a value. Blank text is always NULL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from estrela.errors import DefinitionError


@dataclass(frozen=True)
class Text:
    """Any text: white space at the ends is cut, runs of it become one space."""


@dataclass(frozen=True)
class Whole:
    """A whole number, with or without dots between groups of three digits: ``1234`` and ``1.234`` are equal.

    Where it is not ``signed``, a minus is refused.
    """

    signed: bool = True


@dataclass(frozen=True)
class Number:
    """A decimal number. ``mark`` is the decimal mark; the other of ``,`` and ``.`` may group thousands.

    More decimals than the column holds are refused, never rounded; zeros after them are allowed.
    """

    mark: str = ","

    def __post_init__(self) -> None:
        if self.mark not in (",", "."):
            raise DefinitionError("Number", f"decimal mark {self.mark!r}", (",", "."))


@dataclass(frozen=True)
class Digits:
    """A code of at most ``width`` digits, whose lost leading zeros are put back."""

    width: int


@dataclass(frozen=True)
class Ordinal:
    """A digit from ``low`` to ``high`` with an ordinal sign that may be damaged: ``1º``, ``1o``, ``1\ufffd``."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 9:
            raise DefinitionError(
                "Ordinal", f"{self.low} to {self.high}", ("two of the digits 0 to 9, the lower one first",)
            )


@dataclass(frozen=True)
class Prefix:
    """One of several wordings: the first key that the text starts with gives the value."""

    values: Mapping[str, str]


@dataclass(frozen=True)
class Date:
    """A date in the given Spark pattern."""

    pattern: str = "yyyy-MM-dd"


Parser = Text | Whole | Number | Digits | Ordinal | Prefix | Date
