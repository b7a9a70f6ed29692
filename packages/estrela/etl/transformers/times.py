"""Spark expressions that rewrite a date or time of a declared pattern as ISO 8601, which Spark casts strictly.

Spark's own patterns are unsuitable: if Spark 2 parsed a text differently, they fail the whole job, not only the row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.model.parse import Date, Timestamp
from estrela.model.time_pattern import DATE_PARTS, TIMESTAMP_PARTS, Element, elements

if TYPE_CHECKING:
    from pyspark.sql import Column

ISO_ORDER = (
    ("", "year"),
    ("-", "month"),
    ("-", "day"),
    (" ", "hour"),
    (":", "minute"),
    (":", "second"),
    (".", "fraction"),
)
"""Parts of an ISO 8601 timestamp, each with the separator before it."""


def iso_text(text: Column, parser: Date | Timestamp) -> Column:
    """Return ``text`` as ISO 8601, timestamps with their offset or zone, or NULL if it does not match the pattern."""
    pattern_elements = elements(parser.pattern, DATE_PARTS if isinstance(parser, Date) else TIMESTAMP_PARTS)
    pattern = "^" + "".join(_regex(element) for element in pattern_elements) + "\\z"
    return F.when(text.rlike(pattern), F.regexp_replace(text, pattern, _replacement(pattern_elements, parser)))


@dataclass(frozen=True)
class FixedDate:
    """A date pattern whose parts have fixed lengths, so that each part has a fixed position."""

    elements: tuple[Element, ...]

    def iso(self, text: str) -> str:
        """Return SQL that rearranges ``text``, an SQL expression, as an ISO 8601 date."""
        place, parts = 1, {}
        for element in self.elements:
            if element.part is not None:
                parts[element.part.name] = f"substr({text}, {place}, {element.part.width})"
            place += element.part.width if element.part else len(element.literal)
        return f"concat({parts['year']}, '-', {parts['month']}, '-', {parts['day']})"

    def written(self, date: Column) -> Column:
        """Return ``date`` formatted with the pattern."""
        places, iso = {"year": (1, 4), "month": (6, 2), "day": (9, 2)}, date.cast("string")

        def text(element: Element) -> Column:
            return F.lit(element.literal) if element.part is None else F.substring(iso, *places[element.part.name])

        return F.concat(*map(text, self.elements))


class IsoDate(FixedDate):
    """The pattern of ISO 8601 dates, which Spark reads and writes itself."""

    def iso(self, text: str) -> str:
        """Return ``text`` itself."""
        return text

    def written(self, date: Column) -> Column:
        """Return ``date`` formatted by Spark."""
        return date.cast("string")


def fixed_date(parser: Date) -> FixedDate | None:
    """Return the pattern of ``parser``, or None unless all of its parts have fixed lengths."""
    pattern_elements = elements(parser.pattern, DATE_PARTS)
    if any(element.part is not None and not element.part.width for element in pattern_elements):
        return None
    return IsoDate(pattern_elements) if parser.pattern == "yyyy-MM-dd" else FixedDate(pattern_elements)


def _regex(element: Element) -> str:
    return re.escape(element.literal) if element.part is None else f"({element.part.regex})"


def _replacement(pattern_elements: tuple[Element, ...], parser: Date | Timestamp) -> str:
    names = [element.part.name for element in pattern_elements if element.part is not None]
    group = {name: f"${at}" for at, name in enumerate(names, start=1)}
    iso = "".join(before + group[name] for before, name in ISO_ORDER if name in group)
    if isinstance(parser, Date):
        return iso
    # Spark accepts a zone only after seconds.
    seconds = "" if "second" in group else ":00"
    return iso + seconds + group.get("offset", f" {parser.zone}")
