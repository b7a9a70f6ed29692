"""Rows of CSV files: canonical rows are processed in bulk, all others field by field."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from estrela.errors import FileRefusedError
from estrela.etl.feed_rows.canonical import rows_pattern
from estrela.etl.feed_rows.judge import BadRowError, Judge, Piece
from estrela.etl.feed_rows.wire import Wire
from estrela.etl.readers.compression import DamagedFileError
from estrela.etl.readers.dialect import BAD_QUOTES, Dialect, dialect_of
from estrela.etl.readers.encoding import PYTHON_CODECS, decoded
from estrela.etl.readers.refusal import Refusal
from estrela.etl.readers.unpacked import RECORD_BYTES, Quotes
from estrela.model.feed import Feed
from estrela.model.feed_format import Csv
from estrela.model.origin import S3Files
from estrela.model.source import CsvSource, Layout

LINE_END = re.compile("\r\n|\n|\r")
LINE = re.compile("[^\r\n]*(?:\r\n|\n|\r|\\Z)")
BYTES = "latin-1"
"""Encoding that maps each byte to one character, for bytes that are invalid in the first declared encoding."""
STRETCH = 1 << 16
"""Maximum characters of canonical rows in one piece. PostgreSQL stores a piece while the next one is read, as long as
the socket has room for it."""
BYTE_ORDER_MARK = "\ufeff".encode().decode(BYTES)


@dataclass(frozen=True)
class Head:
    """The head of a file: its ``dialect``, the number of lines before the rows, and the content from there on."""

    dialect: Dialect
    lines: int
    rest: Iterator[bytes]


def head_of(chunks: Iterable[bytes], feed: Feed, form: Csv, address: str) -> Head:
    """Read up to the first row. Raises FileRefusedError if the columns differ from those of the feed."""
    whole = _blocks(chunks)
    number = 0
    for block in whole:
        text, place = block.decode(BYTES), 0
        if not number:
            text = text.removeprefix(BYTE_ORDER_MARK)
        while place < len(text):
            end = LINE.match(text, place).end()  # type: ignore[union-attr] # it matches everywhere
            line, start, place = text[place:end], place, end
            number += 1
            if number > form.heading_lines and line.strip():
                first = start if not form.header else end
                dialect = _dialect(line, feed, form, address)
                return Head(dialect, number - (not form.header), _after(text[first:].encode(BYTES), whole))
    raise FileRefusedError(feed.name, address, "the file is empty: it has no header line and no row")


def _after(rest: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield rest
    yield from blocks


def _dialect(line: str, feed: Feed, form: Csv, address: str) -> Dialect:
    dialect = dialect_of(line.rstrip("\r\n").encode(BYTES), csv_source(feed, form))
    if isinstance(dialect, Refusal):
        shown = f"{dialect.column}: " if dialect.column else ""
        raise FileRefusedError(feed.name, address, f"{shown}{dialect.reason} ({dialect.value})", is_of_columns=True)
    return dialect


def csv_source(feed: Feed, form: Csv) -> CsvSource:
    """Return ``feed`` as a source of a star, so that headers follow the same rules."""
    return CsvSource(
        name=feed.name,
        doc=feed.doc,
        entity=feed.name,
        origin=S3Files(feed.origin.prefix, "(?P<file>.*)"),
        columns=feed.columns,
        layouts=(Layout("declared", feed.fields),),
        delimiter=form.delimiter,
        quote=form.quote,
        header=form.header,
        encodings=form.encodings,
        null_words=form.null_words,
    )


@dataclass(frozen=True)
class CsvRows:
    """The rows of one file, processed block by block. ``only`` limits them to rows that begin in these lines."""

    head: Head
    form: Csv
    judge: Judge
    only: frozenset[int] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in the order of the values of a row."""
        dialect = self.head.dialect
        if self._pattern is None:
            return tuple(field.column for field in dialect.layout.fields)
        fields = dict(zip(dialect.positions, dialect.layout.fields, strict=True))
        return tuple(fields[place].column for place in sorted(fields))

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        return rows_pattern(self.judge.feed, self.form, self.head.dialect)

    def wire(self, file: int, load: int) -> Wire:
        """Return the writer that formats rows for COPY."""
        if self._pattern is None:
            return Wire(file, load)
        return Wire(file, load, self.head.dialect.delimiter, self.head.dialect.quote or '"')

    def pieces(self, wire: Wire) -> Iterator[Piece]:
        """Yield the rows. Raises DamagedFileError if a quote is never closed or a record is too long."""
        csv.field_size_limit(RECORD_BYTES)
        reading = _Reading(self, wire, None if self.only is not None else self._pattern, self.columns)
        number, held = self.head.lines + 1, b""
        for block in self.head.rest:
            text, is_text = _text(held + block, self.form.encodings)
            place = 0
            for piece, after, following in reading.pieces(text, number, is_text=is_text):
                place, number = after, following
                yield piece
            held = text[place:].encode(BYTES if not is_text else _codec(self.form.encodings[0]))
            if len(held) > RECORD_BYTES:
                raise DamagedFileError(f"the record that begins in line {number} is longer than {RECORD_BYTES:,} bytes")
        if held:
            raise DamagedFileError(f"the quoted field that begins in line {number} is never closed")


class _Reading:
    """Properties shared by the blocks of a file. ``columns`` has the order in which rows are written."""

    def __init__(self, rows: CsvRows, wire: Wire, pattern: re.Pattern[str] | None, columns: tuple[str, ...]) -> None:
        self._form, self._dialect, self._judge, self._only = rows.form, rows.head.dialect, rows.judge, rows.only
        self._wire, self._pattern = wire, pattern
        declared = [field.column for field in self._dialect.layout.fields]
        self._order = [declared.index(name) for name in columns]
        self._is_in_order = self._order == sorted(self._order)
        quote = self._dialect.quote
        self._quotes = Quotes(self._dialect.delimiter, quote) if quote else None

    def pieces(self, text: str, number: int, *, is_text: bool) -> Iterator[tuple[Piece, int, int]]:
        """Yield pieces, each with the offset in ``text`` and the line number after it."""
        place = 0
        while place < len(text):
            match = self._pattern.match(text, place, _stretch_end(text, place)) if self._pattern and is_text else None
            if match and match.end() > place:
                lines = _lines(text[place : match.end()])
                place = match.end()
                piece = Piece(self._wire.rows(number, lines), len(lines))
                number += len(lines)
            else:
                end = self._record_end(text, place)
                if end is None:
                    return
                record, place = text[place:end], end
                piece = self._judged(record, number, is_text=is_text)
                number += len(LINE_END.findall(record))
            yield piece, place, number

    def _record_end(self, text: str, place: int) -> int | None:
        """Return the offset after the record at ``place``, or None if a quote is still open at the end of ``text``."""
        is_open = False
        while place < len(text):
            end = LINE.match(text, place).end()  # type: ignore[union-attr] # it matches everywhere
            line, place = text[place:end], end
            if self._quotes and (is_open or self._dialect.quote in line):
                is_open = self._quotes.is_open_after(line.encode(), is_open)
            if not is_open:
                return place
        return None

    def _judged(self, record: str, number: int, *, is_text: bool) -> Piece:
        line = record.removesuffix("\n").removesuffix("\r")
        if not line.strip() or (self._only is not None and number not in self._only):
            return Piece("", 0)
        try:
            text = line if is_text else self._decoded(line.encode(BYTES))
            values = self._judge.values(self._fields(text))
        except BadRowError as error:
            return Piece("", 0, (error.reject(number, self._judge.shown(line)),))
        ordered = values if self._is_in_order else [values[at] for at in self._order]
        return Piece(self._wire.row(number, ordered), 1)

    def _decoded(self, line: bytes) -> str:
        encodings = self._form.encodings
        text = decoded(line, encodings)
        if "\ufffd" in text and "\ufffd".encode() not in line:
            raise BadRowError("encoding", f"the row is not text in {' or '.join(encodings)}")
        return text

    def _fields(self, line: str) -> list[str]:
        """Return the fields of a row in declared order. Raises BadRowError."""
        dialect = self._dialect
        try:
            fields = line.split(dialect.delimiter) if not dialect.quote else _quoted(line, dialect)
        except csv.Error:
            raise BadRowError("shape", BAD_QUOTES) from None
        extra = fields[dialect.used :]
        if len(fields) < dialect.used or len(fields) > dialect.width + 1 or any(field.strip() for field in extra):
            raise BadRowError("shape", dialect.wrong_width, "", f"{len(fields)} fields")
        if len(fields) == dialect.used < dialect.width and not fields[-1]:
            raise BadRowError("shape", dialect.lost_field, "", f"{len(fields)} fields")
        chosen = [fields[place] for place in dialect.positions]
        words = self._form.null_words
        return ["" if field.strip() in words else field for field in chosen] if words else chosen


def _quoted(line: str, dialect: Dialect) -> list[str]:
    if dialect.quote not in line:
        return line.split(dialect.delimiter)
    return next(csv.reader([line], delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True))


def _stretch_end(text: str, place: int) -> int:
    """Return the last line end within :data:`STRETCH` characters from ``place``, or the end of ``text``."""
    most = place + STRETCH
    return text.rfind("\n", place, most) + 1 or len(text) if most < len(text) else len(text)


def _lines(text: str) -> list[str]:
    plain = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    return plain[:-1].split("\n")


def _text(block: bytes, encodings: tuple[str, ...]) -> tuple[str, bool]:
    """Return the text of ``block``, and whether the first encoding could decode it."""
    try:
        return block.decode(_codec(encodings[0])), True
    except UnicodeDecodeError:
        return block.decode(BYTES), False


def _codec(name: str) -> str:
    return PYTHON_CODECS.get(name, name)


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content in blocks that end at line ends. Raises DamagedFileError if a line is too long."""
    rest = b""
    for chunk in chunks:
        held = rest + chunk
        # A carriage return at the end of the chunk may be followed by a line feed.
        cut = max(held.rfind(b"\n"), held.rfind(b"\r", 0, -1)) + 1
        if cut:
            yield held[:cut]
        rest = held[cut:]
        if len(rest) > RECORD_BYTES:
            raise DamagedFileError(f"a line is longer than {RECORD_BYTES:,} bytes")
    if rest:
        yield rest
