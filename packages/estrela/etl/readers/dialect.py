"""The dialect of a CSV file, determined from its first record: delimiter, quotes, layout."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from estrela.errors import bounded
from estrela.etl.readers.encoding import LOST, decoded
from estrela.etl.readers.refusal import Refusal
from estrela.model.source import CsvSource, Delimited, Layout

HEAD_BYTES = 65536
"""Number of bytes at the start of a file that must contain its header line."""
LINE_END = re.compile(rb"\r\n|\r|\n")
FILLER = re.compile(r"[\W_]*|unnamed\d*")
"""Headers of columns without content."""


BAD_QUOTES = "a quoted field is not closed, or has text after its closing quote"


@dataclass(frozen=True)
class Dialect:
    """The dialect of one file. ``positions`` gives the index in a row for each field of ``layout``.

    The first ``used`` fields of a row are declared or ignored. Further fields, up to the ``width`` of the header, must
    be blank.
    """

    delimiter: str
    quote: str
    layout: Layout
    positions: tuple[int, ...]
    used: int
    width: int

    @property
    def wrong_width(self) -> str:
        """The reason for rejecting a row with too few or too many fields."""
        return f"the row does not have the {self.width} fields of the header"

    @property
    def lost_field(self) -> str:
        """The reason for rejecting a row that ends in an empty declared field although the header has more columns."""
        return f"a field is missing: the row has {self.used} fields and the last is empty; the header has {self.width}"


def dialect_of(head: bytes, source: CsvSource) -> Dialect | Refusal:
    """Return the dialect of a file that begins with ``head``, or the reason why no layout of the source fits."""
    return _of_line(first_line(head), source)


def first_line(head: bytes) -> bytes:
    """Return the part of ``head`` before its first line end (CR LF, CR or LF)."""
    return LINE_END.split(head, maxsplit=1)[0]


@lru_cache(maxsize=128)
def _of_line(line: bytes, source: CsvSource) -> Dialect | Refusal:
    """Return the dialect of a file with this first line. Files with the same first line share the object."""
    first = decoded(line, source.encodings)
    if "\0" in first:
        reason = f"the header has NUL characters, as UTF-16 text has; allowed: {' or '.join(source.encodings)}"
        return Refusal("", bounded(first.replace("\0", ""), 20), reason)
    if not first.strip():
        return Refusal("", bounded(first), "the file is empty: it has no header line")
    if not source.header:
        return _by_width(source, _names(first, source.dialects[0]))
    refusals = []
    for written in source.dialects:
        names = _names(first, written)
        outcome = _by_header(source, written, names)
        if isinstance(outcome, Dialect):
            return outcome
        refusals.append((len(names), outcome))
    # The delimiter that gives the most names is most likely the right one.
    return max(refusals, key=lambda pair: pair[0])[1]


def _names(header: str, written: Delimited) -> list[str]:
    if not written.quote:
        return header.split(written.delimiter)
    return next(csv.reader([header], delimiter=written.delimiter, quotechar=written.quote))


def _by_width(source: CsvSource, fields: Sequence[str]) -> Dialect | Refusal:
    """Return the dialect of a file without a header, whose first row has these ``fields``."""
    width = len(fields) - 1 if fields[-1].strip() == "" and len(fields) > 1 else len(fields)
    layout = next((candidate for candidate in source.layouts if len(candidate.fields) in (width, len(fields))), None)
    if layout is None:
        widths = " or ".join(str(len(candidate.fields)) for candidate in source.layouts)
        reason = f"the first row has {len(fields)} fields, but {widths} are declared"
        return Refusal("", f"{len(fields)} fields", reason)
    used = len(layout.fields)
    return Dialect(source.delimiter, source.quote, layout, tuple(range(used)), used, used)


def _by_header(source: CsvSource, written: Delimited, names: list[str]) -> Dialect | Refusal:
    for layout in source.layouts:
        positions = _positions(layout, names, source.lost)
        if positions is not None and not any(_is_quoted(name) for name in names):
            return _complete(source, written, layout, positions, names)
    return _unknown_header(source, names, written.delimiter)


def _is_quoted(name: str) -> bool:
    """Return whether a name still has quotes, because the dialect that split it has no quote character."""
    return len(name) > 1 and name[0] == name[-1] == '"'


def _positions(layout: Layout, names: list[str], lost: str) -> tuple[int, ...] | None:
    """Return the index in ``names`` of the first match for each field of ``layout``, or None if one has no match."""
    patterns = [_header_pattern(name, lost) for name in names]
    places = [
        next((place for place, pattern in enumerate(patterns) if pattern.fullmatch(_plain(field.header))), None)
        for field in layout.fields
    ]
    known = tuple(place for place in places if place is not None)
    return known if len(set(known)) == len(layout.fields) else None


def _complete(
    source: CsvSource, written: Delimited, layout: Layout, positions: tuple[int, ...], names: list[str]
) -> Dialect | Refusal:
    """Return the dialect if all undeclared columns are blank or ignored, else a refusal."""
    ignored = {_plain(name) for name in source.ignore}
    used = set(positions)
    for place, name in enumerate(names):
        if place in positions or FILLER.fullmatch(_plain(name)):
            continue
        if not source.ignore_undeclared and _plain(name) not in ignored:
            return Refusal(
                bounded(name, 100),
                f"{len(names)} columns",
                f"column {place + 1} of the header is not one of the {len(layout.fields)} of layout {layout.name}, "
                "or occurs twice; declare it or ignore it",
            )
        used.add(place)
    return Dialect(written.delimiter, written.quote, layout, positions, max(used) + 1, len(names))


def _unknown_header(source: CsvSource, names: list[str], delimiter: str) -> Refusal:
    """Return the refusal with the first declared header that the closest layout lacks."""

    def missing(layout: Layout) -> list[str]:
        patterns = [_header_pattern(name, source.lost) for name in names]
        return [field.header for field in layout.fields if not any(p.fullmatch(_plain(field.header)) for p in patterns)]

    nearest = min(source.layouts, key=lambda layout: len(missing(layout)))
    lacks = (missing(nearest) or ["a separate column for each field"])[0]
    return Refusal(lacks, bounded(delimiter.join(names), 200), f"the header lacks this column of layout {nearest.name}")


def _plain(text: str) -> str:
    """Return the letters and digits of ``text`` in lower case without accents, or ``text`` itself if it has none."""
    flat = unicodedata.normalize("NFKD", text.lower())
    kept = "".join(character for character in flat if character.isalnum() and not unicodedata.combining(character))
    return kept or text.strip()


def _header_pattern(name: str, lost: str) -> re.Pattern[str]:
    """Return a pattern for the possible originals of ``name``, in which characters were lost."""
    parts = re.split(f"[{LOST}{re.escape(lost)}]+", name)
    return re.compile(r"\w{0,3}".join(re.escape(_plain(part)) for part in parts))
