"""Patterns of dates and times: the subset of Spark's letters in which every text has only one meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from estrela.errors import DefinitionError

PART = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*")
"""A quoted literal, or a repeated letter; every other character is literal."""


@dataclass(frozen=True)
class Part:
    """A part of a pattern: its regular expression, whether it is required, and its length (0 if the length varies)."""

    name: str
    regex: str
    required: bool = True
    width: int = 0


DATE_PARTS: Mapping[str, Part] = {
    "yyyy": Part("year", "[0-9]{4}", width=4),
    "MM": Part("month", "[0-9]{2}", width=2),
    "M": Part("month", "[0-9]{1,2}"),
    "dd": Part("day", "[0-9]{2}", width=2),
    "d": Part("day", "[0-9]{1,2}"),
}
TIMESTAMP_PARTS: Mapping[str, Part] = {
    **DATE_PARTS,
    "HH": Part("hour", "[0-9]{2}"),
    "H": Part("hour", "[0-9]{1,2}"),
    "mm": Part("minute", "[0-9]{2}"),
    "ss": Part("second", "[0-9]{2}", required=False),
    "S": Part("fraction", "[0-9]{1,6}", required=False),
    "X": Part("offset", "Z|[+-][0-9]{2}:?[0-9]{2}", required=False),
}


@dataclass(frozen=True)
class Element:
    """One element of a pattern: a literal text, or a ``part``."""

    literal: str
    part: Part | None = None


def elements(pattern: str, parts: Mapping[str, Part]) -> tuple[Element, ...]:
    """Return the elements of a validated ``pattern``, in order."""
    pieces, end = [], 0
    for match in PART.finditer(pattern):
        if match.start() > end:
            pieces.append(Element(pattern[end : match.start()]))
        quoted = match.group(1)
        pieces.append(
            Element("", parts[match.group()]) if quoted is None else Element(quoted.replace("''", "'") or "'")
        )
        end = match.end()
    return (*pieces, Element(pattern[end:])) if end < len(pattern) else tuple(pieces)


def validate_pattern(where: str, pattern: str, parts: Mapping[str, Part]) -> None:
    """Raise DefinitionError unless ``pattern`` contains every required part once and no unknown part."""
    letters = [match.group() for match in PART.finditer(pattern) if match.group(1) is None]
    unknown = [run for run in letters if run not in parts]
    if unknown:
        raise DefinitionError(where, f"pattern {pattern!r} contains {unknown[0]!r}", parts)
    names = [parts[run].name for run in letters]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise DefinitionError(where, f"pattern {pattern!r} contains the {twice[0]} twice")
    missing = [part.name for part in parts.values() if part.required and part.name not in names]
    if missing:
        raise DefinitionError(where, f"pattern {pattern!r} lacks the {missing[0]}")
