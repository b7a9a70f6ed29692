"""Files of any declared feed, valid or with one defect, generated from its declaration only."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from estrela.model.feed import Feed
from estrela.model.feed_format import Csv, JsonLines, Parquet
from estrela.model.parse import Boolean, Date, Digits, Number, Ordinal, Prefix, Text, Timestamp, Whole
from estrela.model.source import Field
from estrela.model.time_pattern import TIMESTAMP_PARTS, elements

PARSED = re._parser  # type: ignore[attr-defined] # the only parser of regular expressions in the standard library
ROWS = 200
BAD = "?bad?"
TIMES = {"year": "2026", "month": "11", "day": "12", "hour": "13", "minute": "14", "second": "15"}
TIMES |= {"fraction": "5", "offset": "Z"}


@dataclass(frozen=True)
class FeedFiles:
    """Files of ``feed``: file n has the n-th key that matches its pattern."""

    feed: Feed

    def key(self, number: int) -> str:
        """Return a key that matches the feed's pattern; a larger number is a newer file."""
        pattern = PARSED.parse(self.feed.origin.pattern)
        digits = sum(letter == "0" for letter in _letters(pattern))
        filled = iter(str(number).zfill(digits)[-digits:] if digits else "")
        return self.feed.origin.prefix + "".join(
            next(filled) if letter == "0" else letter for letter in _letters(pattern)
        )

    def rows(self, number: int, count: int = ROWS) -> list[list[str]]:
        """Return valid rows, whose business keys are in no file with another number below 40."""
        return [[_value(field, number * ROWS + at) for field in self.feed.fields] for at in range(count)]

    def with_bad_cell(self, number: int, field: Field) -> bytes:
        """Return a file whose third row has a cell that its field does not accept."""
        rows = self.rows(number)
        rows[2][self.feed.fields.index(field)] = _bad(field)
        return self.packed(rows)

    @property
    def fields_that_reject(self) -> list[Field]:
        """Fields that do not accept every text."""
        return [field for field in self.feed.fields if field.required or not isinstance(field.parse, Text)]

    def packed(self, rows: Sequence[Sequence[str]], headers: Sequence[str] = ()) -> bytes:
        """Return a file in the declared format and compression."""
        names = headers or [field.header for field in self.feed.fields]
        if isinstance(self.feed.format, Parquet):
            table = pa.table({name: [row[at] for row in rows] for at, name in enumerate(names)})
            pq.write_table(table, sink := io.BytesIO())
            return self.repacked(sink.getvalue())
        return self.repacked(self.content(rows, names).encode())

    def repacked(self, content: bytes) -> bytes:
        """Return a file that contains ``content`` in the declared compression."""
        form = self.feed.format
        if form.members:
            return zipped(content, "".join(_letters(PARSED.parse(form.members))))
        return PACKED[form.compression](content)

    def content(self, rows: Sequence[Sequence[str]], names: Sequence[str]) -> str:
        form = self.feed.format
        if isinstance(form, Csv):
            lines = ["heading"] * form.heading_lines + [form.delimiter.join(names)] * form.header
            return "".join(f"{line}\n" for line in [*lines, *(form.delimiter.join(row) for row in rows)])
        records = [dict(zip(names, row, strict=True)) for row in rows]
        if isinstance(form, JsonLines):
            return "".join(json.dumps(record) + "\n" for record in records)
        return json.dumps({form.records: records} if form.records else records)


def _letters(pattern: Any) -> Iterator[str]:
    """Yield the characters of a text that matches the pattern; each digit that may vary is 0."""
    for kind, value in pattern:
        match str(kind):
            case "LITERAL":
                yield chr(value)
            case "IN":
                yield _member(value)
            case "ANY":
                yield "a"
            case "SUBPATTERN":
                yield from _letters(value[-1])
            case "BRANCH":
                yield from _letters(value[1][0])
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                for _ in range(max(value[0], min(1, value[1]))):
                    yield from _letters(value[2])
            case _:
                raise NotImplementedError(f"the pattern holds {kind}: teach tests/contract/feed_files.py to write it")


def _member(members: Any) -> str:
    kind, value = members[0]
    if str(kind) == "CATEGORY":
        return "0" if "DIGIT" in str(value) else "a"
    return chr(value[0] if str(kind) == "RANGE" else value)


def _value(field: Field, number: int) -> str:
    match field.parse:
        case Whole():
            return str(number + 1)
        case Number(mark):
            return f"{number % 90 + 1}{mark}5"
        case Digits(width):
            return str(number).zfill(width)[-width:]
        case Ordinal(low):
            return str(low)
        case Prefix(values):
            return next(iter(values))
        case Boolean(true):
            return true[0]
        case Date(pattern) | Timestamp(pattern):
            pieces = elements(pattern, TIMESTAMP_PARTS)
            return "".join(piece.literal if piece.part is None else TIMES[piece.part.name] for piece in pieces)
        case _:
            return f"{field.header} {number}"


def _bad(field: Field) -> str:
    return "" if isinstance(field.parse, Text) else BAD


def zipped(content: bytes, name: str = "file") -> bytes:
    """A zip archive with one member."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": lambda content: content,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "zstd": lambda content: pa.compress(content, codec="zstd", asbytes=True),
    "zip": zipped,
}
