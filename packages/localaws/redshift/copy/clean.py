"""Finds blocks of records that PostgreSQL's COPY reads as Redshift does: the fast path for most blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from localaws.redshift.copy.blocks import Block, pieces
from localaws.redshift.copy.columns import INTEGERS, Column
from localaws.redshift.copy.options import CSV, CopyOptions
from localaws.redshift.copy.times import DEFAULT_DATE

# A quote character that does not occur in the data, for files without quotes.
NO_QUOTE = "\x01"
# 29 February is left to the row-by-row path, because the pattern cannot check leap years.
_DAY = r"\d{4}-((0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
_DIGITS = {"int2": 4, "int4": 9, "int8": 18}


# A block that cannot be divided into rows is checked again in pieces of these sizes.
_PIECES = (256 * 1024, 16 * 1024, 2 * 1024)


@dataclass(frozen=True)
class CleanBlock:
    """A block that PostgreSQL can read unchanged: the number of its rows, and its kind of line ends."""

    rows: int
    crlf: bool


class Gate:
    """Checks the blocks of one COPY. Blocks that pass need no conversion and cannot fail."""

    def __init__(self, columns: Sequence[Column], options: CopyOptions) -> None:
        self._columns, self._options = columns, options
        self._names = [str(number) for number in range(len(columns))]
        self._patterns = [_pattern(column, options) for column in columns]
        self._is_csv = options.format == CSV
        self._quote = quote = options.quote.encode()
        # white space between a delimiter and a quote: PostgreSQL keeps it, Redshift does not
        self._spaced_quotes = [blank + quote for blank in (b" ", b"\t")] + [quote + blank for blank in (b" ", b"\t")]
        self._possible = self._is_possible()

    def parts(self, block: Block) -> list[tuple[Block, CleanBlock | None]]:
        """Split a block into clean parts and parts that must be read row by row, in order."""
        return list(self._parts(block, _PIECES if self._possible else ()))

    def _parts(self, block: Block, sizes: tuple[int, ...]) -> Iterator[tuple[Block, CleanBlock | None]]:
        good = self._rows_read_alike(block.data)
        ends = _line_ends(block.data) if good is not None and not pc.all(good).as_py() else []
        if good is not None and not ends:
            yield block, CleanBlock(len(good), b"\r\n" in block.data)
        elif good is not None and len(ends) == len(good):
            yield from _runs(block, good, ends)
        elif not sizes:
            yield block, None
        else:  # what is wrong with it cannot be told by row: a piece of it may be clean
            for piece in pieces(block, sizes[0], self._options):
                yield from self._parts(piece, sizes[1:])

    def _rows_read_alike(self, data: bytes) -> pa.ChunkedArray | None:
        """Return for each row whether both programs read it alike; None if the block cannot be divided into rows."""
        if not self._possible or self._is_suspicious(data):
            return None
        table = self._parsed(data)
        if table is None:
            return None
        masks = map(self._clean_values, self._columns, self._patterns, table.columns)
        return reduce(pc.and_, masks)

    def _is_possible(self) -> bool:
        options = self._options
        return not (options.fill_record or options.ignore_blank_lines) and None not in self._patterns

    def _is_suspicious(self, data: bytes) -> bool:
        """Return whether the data contains bytes that the two programs may read differently."""
        # Single bytes are searched first: this is many times faster than searching pairs, and most files contain none.
        options = self._options
        null = options.null_as.encode()
        return (
            b"\0" in data
            or (not self._is_csv and NO_QUOTE.encode() in data)
            or (b"\\" in data and (options.escape or b"\\." in data))
            or (bool(null) and null[:1] in data and null in data)
            or (b"\r" in data and not data.count(b"\r") == data.count(b"\r\n") == data.count(b"\n"))
            or (self._is_csv and self._quote in data and any(spaced in data for spaced in self._spaced_quotes))
        )

    def _parsed(self, data: bytes) -> pa.Table | None:
        parse = csv.ParseOptions(
            delimiter=self._options.delimiter,
            quote_char=self._options.quote if self._is_csv else False,
            newlines_in_values=self._is_csv,
            ignore_empty_lines=False,
        )
        read = csv.ReadOptions(column_names=self._names, use_threads=False, block_size=len(data) + 1)
        convert = csv.ConvertOptions(column_types=dict.fromkeys(self._names, pa.string()), strings_can_be_null=False)
        try:
            return csv.read_csv(pa.BufferReader(data), read, parse, convert)
        except (pa.ArrowInvalid, pa.ArrowKeyError):
            return None

    def _clean_values(self, column: Column, pattern: str | None, values: pa.ChunkedArray) -> pa.ChunkedArray:
        if column.is_text:
            return self._clean_texts(column, values)
        return pc.match_substring_regex(values, pattern=pattern)

    def _clean_texts(self, column: Column, values: pa.ChunkedArray) -> pa.ChunkedArray:
        options = self._options
        clean = pc.less_equal(pc.binary_length(values), column.size)
        if column.kind == "char":
            clean = pc.and_(clean, pc.string_is_ascii(values))
        if options.trim_blanks or options.blanks_as_null:
            clean = pc.and_not(clean, pc.match_substring_regex(values, r"\s$"))
        if column.not_null and (options.empty_as_null or not options.null_as):
            clean = pc.and_(clean, pc.not_equal(values, ""))
        return clean


def _line_ends(data: bytes) -> list[int]:
    """The end offset of each line of a block; the last line may lack a line feed."""
    ends = [match.end() for match in re.finditer(b"\n", data)]
    return ends if data.endswith(b"\n") else [*ends, len(data)]


def _runs(block: Block, good: pa.ChunkedArray, ends: list[int]) -> Iterator[tuple[Block, CleanBlock | None]]:
    """Yield runs of clean rows, and of rows that must be read one by one; each row is one line."""
    first, start = 0, 0
    for is_clean, rows in groupby(good.to_pylist()):
        count = sum(1 for _ in rows)
        end = ends[first + count - 1]
        data = block.data[start:end]
        yield Block(data, block.line + first), CleanBlock(count, b"\r\n" in data) if is_clean else None
        first, start = first + count, end


def _pattern(column: Column, options: CopyOptions) -> str | None:
    """A regular expression for fields that both programs read alike; None if the column has no such fields."""
    empty = "" if column.not_null else "|"
    inner = ""
    if column.is_text:
        return ""
    if column.kind in INTEGERS:
        inner = rf"[+-]?\d{{1,{_DIGITS[column.kind]}}}"
    elif column.kind == "numeric":
        whole = column.size - column.scale
        fraction = rf"(\.\d{{0,{column.scale}}})?" if column.scale else r"\.?"
        inner = rf"[+-]?\d{{1,{whole}}}{fraction}" if whole else rf"[+-]?0?\.\d{{1,{column.scale}}}"
    elif column.kind in ("float4", "float8"):
        inner = r"[+-]?\d{1,15}(\.\d{0,15})?"
    elif column.kind == "date" and options.date_format in ("", DEFAULT_DATE):
        inner = _DAY
    elif column.kind == "timestamp" and not options.time_format:
        inner = f"{_DAY} {_TIME}"
    elif column.kind == "bool":
        inner = "[tf01]"
    return f"^({inner}{empty})$" if inner else None
