"""Parsers, which convert the text of a field to a value. Blank text is always NULL.

Spaces at both ends are removed before any parser except ``Text(trim=False)`` reads the text. Apart from that, a parser
accepts only the declared form; a row with any other text is rejected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from estrela.errors import DefinitionError
from estrela.model.time_pattern import DATE_PARTS, TIMESTAMP_PARTS, validate_pattern

GROUPING = (".", ",", " ", "'", "_")
"""Characters that may separate groups of three digits."""


@dataclass(frozen=True)
class Text:
    """Any text, changed only as declared.

    ``trim`` removes white space at both ends; ``collapse`` replaces each sequence of white space by one space.
    """

    trim: bool = True
    collapse: bool = False

    def __post_init__(self) -> None:
        if self.collapse and not self.trim:
            raise DefinitionError("Text", "collapse=True requires trim=True")


@dataclass(frozen=True)
class Whole:
    """A whole number of the digits 0 to 9.

    ``grouping`` is the optional thousands separator: ``Whole(grouping=".")`` reads ``1234`` and ``1.234``. A minus sign
    is rejected unless the number is ``signed``; a plus sign is always rejected.
    """

    signed: bool = True
    grouping: str = ""

    def __post_init__(self) -> None:
        _validate_grouping("Whole", self.grouping)


@dataclass(frozen=True)
class Number:
    """A decimal number. ``mark`` is the decimal mark, ``grouping`` the optional thousands separator.

    A number with more decimals than the column's scale is rejected, never rounded; extra zeros are allowed.
    """

    mark: str = ","
    grouping: str = ""

    def __post_init__(self) -> None:
        if self.mark not in (",", "."):
            raise DefinitionError("Number", f"decimal mark {self.mark!r}", (",", "."))
        _validate_grouping("Number", self.grouping)
        if self.grouping == self.mark:
            raise DefinitionError("Number", f"{self.mark!r} is both decimal mark and thousands separator")


@dataclass(frozen=True)
class Digits:
    """A code of at most ``width`` digits; lost leading zeros are restored."""

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
    """One of several wordings: the first key that is a prefix of the text gives the value."""

    values: Mapping[str, str]


@dataclass(frozen=True)
class Date:
    """A date in ``pattern``: ``yyyy``, ``MM`` or ``M``, ``dd`` or ``d``, each once; ``M`` and ``d`` are 1 or 2 digits.

    Raises DefinitionError for any other pattern letter.
    """

    pattern: str = "yyyy-MM-dd"

    def __post_init__(self) -> None:
        validate_pattern("Date", self.pattern, DATE_PARTS)


@dataclass(frozen=True)
class Timestamp:
    """A date and time in ``pattern``; literal letters are in single quotes.

    In addition to the parts of a :class:`Date`: ``HH`` or ``H``, ``mm``, ``ss``; ``S`` is a fraction of 1 to 6 digits,
    ``X`` an offset such as ``Z`` or ``-03:00``. Without ``X`` the text is local time in ``zone``, an IANA name such as
    ``America/Sao_Paulo``.
    """

    pattern: str = "yyyy-MM-dd HH:mm:ss"
    zone: str = "UTC"

    def __post_init__(self) -> None:
        validate_pattern("Timestamp", self.pattern, TIMESTAMP_PARTS)


@dataclass(frozen=True)
class Boolean:
    """One of the words for true or false, with exactly this spelling."""

    true: tuple[str, ...] = ("true",)
    false: tuple[str, ...] = ("false",)

    def __post_init__(self) -> None:
        if not self.true or not self.false:
            raise DefinitionError("Boolean", "needs at least one word for true and one for false")
        both = sorted(set(self.true) & set(self.false))
        if both:
            raise DefinitionError("Boolean", f"{both[0]!r} is declared as both true and false")


Parser = Text | Whole | Number | Digits | Ordinal | Prefix | Date | Timestamp | Boolean


def _validate_grouping(where: str, grouping: str) -> None:
    if grouping and grouping not in GROUPING:
        raise DefinitionError(where, f"thousands separator {grouping!r}", map(repr, ("", *GROUPING)))
