"""Formats of a feed's files: how their bytes become records."""

from __future__ import annotations

import re
from dataclasses import dataclass

from estrela.errors import DefinitionError
from estrela.model.source import COMPRESSIONS, validate_encodings


@dataclass(frozen=True, kw_only=True)
class Packed:
    """Compression of a file: its ``compression``, and the maximum number of bytes after decompression.

    ``members`` is a regular expression for zip archives: the files whose full names match are loaded together, in the
    order of their names; others are ignored. Without it, an archive must contain exactly one file.
    """

    compression: str = ""
    max_bytes: int = 4 << 30
    members: str = ""

    def __post_init__(self) -> None:
        where = type(self).__name__
        if self.compression not in COMPRESSIONS:
            raise DefinitionError(where, f"unknown compression {self.compression!r}", COMPRESSIONS)
        if self.max_bytes < 1:
            raise DefinitionError(where, f"max_bytes={self.max_bytes} is not 1 or more")
        if self.members and self.compression != "zip":
            raise DefinitionError(where, f"members={self.members!r} with compression={self.compression!r}", ("zip",))
        try:
            re.compile(self.members)
        except re.error as error:
            raise DefinitionError(where, f"members {self.members!r} is not a regular expression: {error}") from None


@dataclass(frozen=True, kw_only=True)
class Csv(Packed):
    """Delimited text. ``heading_lines`` lines before the header, or before the first row, are dropped.

    ``header``, ``encodings`` and ``null_words`` are as in a :class:`~estrela.model.source.CsvSource`. A quoted field
    may contain line ends.
    """

    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    heading_lines: int = 0
    encodings: tuple[str, ...] = ("utf-8", "windows-1252")
    null_words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.delimiter) != 1 or self.delimiter in "\r\n\\":
            raise DefinitionError("Csv", f"delimiter {self.delimiter!r} is not one character")
        if len(self.quote) > 1 or self.quote == self.delimiter:
            raise DefinitionError("Csv", f"quote {self.quote!r} is not one character other than the delimiter")
        if self.heading_lines < 0:
            raise DefinitionError("Csv", f"heading_lines={self.heading_lines} is not 0 or more")
        validate_encodings("Csv", self.encodings)


@dataclass(frozen=True, kw_only=True)
class JsonLines(Packed):
    """UTF-8 text with one JSON object per line. Names that no field declares are ignored."""


@dataclass(frozen=True, kw_only=True)
class Json(Packed):
    """A JSON document in UTF-8 whose records are in the array ``records``; "" if the document itself is the array.

    It is read as a whole, so ``max_bytes`` bounds the memory. Names that no field declares are ignored.
    """

    records: str = ""
    max_bytes: int = 64 << 20


@dataclass(frozen=True, kw_only=True)
class Parquet(Packed):
    """A Parquet file. Its columns may be in any order; columns that no field declares are ignored.

    A field's parser reads the value as text: numbers in digits, dates as ``yyyy-MM-dd``, times in UTC.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.compression not in ("", "zip"):
            raise DefinitionError("Parquet", f"compression={self.compression!r}: its pages are compressed", ("", "zip"))


Format = Csv | JsonLines | Json | Parquet
