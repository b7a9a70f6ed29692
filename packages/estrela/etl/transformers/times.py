"""Spark expressions that rewrite a date or time of a declared pattern as ISO 8601, which Spark casts strictly.

Spark's own patterns are no way: for a text that its version 2 read otherwise, they fail the job instead of the row.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.model.parse import Date, Timestamp
from estrela.model.time_pattern import DATE_PARTS, TIMESTAMP_PARTS, Element, elements

if TYPE_CHECKING:
    from pyspark.sql import Column

ISO_DATE = "yyyy-MM-dd"
ISO_ORDER = (
    ("", "year"),
    ("-", "month"),
    ("-", "day"),
    (" ", "hour"),
    (":", "minute"),
    (":", "second"),
    (".", "fraction"),
)
"""Parts of an ISO 8601 timestamp, each with what precedes it."""


def iso_text(text: Column, parser: Date | Timestamp) -> Column:
    """Return ``text`` as ISO 8601, a timestamp with its offset or zone; NULL where it does not match the pattern."""
    found = elements(parser.pattern, DATE_PARTS if isinstance(parser, Date) else TIMESTAMP_PARTS)
    pattern = "^" + "".join(_regex(one) for one in found) + "\\z"
    return F.when(text.rlike(pattern), F.regexp_replace(text, pattern, _replacement(found, parser)))


def _regex(element: Element) -> str:
    return re.escape(element.literal) if element.part is None else f"({element.part.regex})"


def _replacement(found: tuple[Element, ...], parser: Date | Timestamp) -> str:
    names = [one.part.name for one in found if one.part is not None]
    group = {name: f"${at}" for at, name in enumerate(names, start=1)}
    iso = "".join(before + group[name] for before, name in ISO_ORDER if name in group)
    if isinstance(parser, Date):
        return iso
    # Spark reads a zone only after the seconds.
    seconds = "" if "second" in group else ":00"
    return iso + seconds + group.get("offset", f" {parser.zone}")
