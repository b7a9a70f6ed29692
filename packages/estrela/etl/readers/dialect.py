"""How one CSV file is written, found out from its first bytes: encoding, delimiter, quotes, layout."""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass

from estrela.errors import bounded
from estrela.model.source import CsvSource, Layout

HEAD_BYTES = 65536
"""Bytes of a file that decide its dialect."""
LOST = "\ufffd"
"""What stands where a character was lost; a byte 0xFF is what another damage leaves."""
FILLER = re.compile(r"(unnamed\d*)?")


@dataclass(frozen=True)
class Dialect:
    """How to read one file. ``positions`` tells, for each field of ``layout``, its place in a row of ``width`` fields.

    ``filler`` are places that hold nothing; a row that has a value there is refused.
    """

    latin: bool
    delimiter: str
    quoted: bool
    layout: Layout
    positions: tuple[int, ...]
    width: int


@dataclass(frozen=True)
class Refusal:
    """Why a whole file is not read: the column and value that are wrong."""

    column: str
    value: str
    reason: str


def dialect_of(head: bytes, source: CsvSource) -> Dialect | Refusal:
    """The dialect of a file that begins with ``head``, or why it is none of the source's layouts."""
    latin = _is_latin(head)
    text = head.decode("cp1252", errors="replace") if latin else head.decode("utf-8-sig", errors="replace")
    header = re.split(r"\r\n|\r|\n", text, maxsplit=1)[0]
    if "\0" in header:
        reason = "the header holds NUL characters, as UTF-16 does; Windows-1252 or UTF-8 is allowed"
        return Refusal("", bounded(header.replace("\0", ""), 20), reason)
    if not header.strip():
        return Refusal("", bounded(header), "the file is empty: it has no header line")
    quoted = header.startswith('"')
    delimiter = max((source.delimiter, ","), key=header.count) if quoted else source.delimiter
    names = next(csv.reader([header], delimiter=delimiter)) if quoted else header.split(delimiter)
    matches = [(layout, _positions(layout, names)) for layout in source.layouts]
    for layout, positions in matches:
        if positions is not None:
            return _complete(Dialect(latin, delimiter, quoted, layout, positions, len(names)), names)
    return _unknown_header(source, names)


def _is_latin(head: bytes) -> bool:
    """Whether bytes are not UTF-8; the last characters may be cut."""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start < len(head) - 4 or len(head) < HEAD_BYTES
    return False


def _positions(layout: Layout, names: list[str]) -> tuple[int, ...] | None:
    """Where each field of ``layout`` stands among the header's ``names``: the first match; None if one is missing."""
    patterns = [_header_pattern(name) for name in names]
    found = [
        next((place for place, pattern in enumerate(patterns) if pattern.fullmatch(_plain(one.header))), None)
        for one in layout.fields
    ]
    known = tuple(place for place in found if place is not None)
    return known if len(set(known)) == len(layout.fields) else None


def _complete(dialect: Dialect, names: list[str]) -> Dialect | Refusal:
    """``dialect``, if nothing but empty columns stands beside the declared ones."""
    for place, name in enumerate(names):
        if place not in dialect.positions and not FILLER.fullmatch(_plain(name)):
            return Refusal(
                bounded(name, 100),
                f"{len(names)} columns",
                f"column {place + 1} of the header is not among the {len(dialect.layout.fields)} of layout "
                f"{dialect.layout.name}, or stands twice",
            )
    return dialect


def _unknown_header(source: CsvSource, names: list[str]) -> Refusal:
    """The refusal that names the first declared header which no layout finds, by the layout that finds most."""

    def missing(layout: Layout) -> list[str]:
        patterns = [_header_pattern(name) for name in names]
        return [one.header for one in layout.fields if not any(p.fullmatch(_plain(one.header)) for p in patterns)]

    nearest = min(source.layouts, key=lambda layout: len(missing(layout)))
    lacks = (missing(nearest) or ["a column of its own for each header"])[0]
    return Refusal(lacks, bounded(";".join(names), 200), f"the header lacks this column of layout {nearest.name}")


def _plain(text: str) -> str:
    """Lower-case ASCII letters and digits of ``text``; accents are cut off."""
    flat = unicodedata.normalize("NFKD", text.lower())
    return "".join(character for character in flat if character.isascii() and character.isalnum())


def _header_pattern(name: str) -> re.Pattern[str]:
    """What ``name`` may have been before characters of it were lost."""
    parts = re.split(f"[{LOST}\u00ff]+", name)
    return re.compile("[a-z0-9]{0,3}".join(_plain(part) for part in parts))
