"""Decides whether PostgreSQL's COPY reads a block of records as Redshift's does: the fast way for most blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from localaws.redshift.copy.blocks import Block, pieces
from localaws.redshift.copy.columns import INTEGERS, Column
from localaws.redshift.copy.options import CSV, CopyOptions
from localaws.redshift.copy.times import DEFAULT_DATE

# A quote that no text holds, for files without quotes.
NO_QUOTE = "\x01"
# 29 February is read row by row.
_DAY = r"\d{4}-((0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
_DIGITS = {"int2": 4, "int4": 9, "int8": 18}


# A block that is not clean is looked at again in pieces of these sizes: one bad row makes few others slow.
_PIECES = (256 * 1024, 16 * 1024, 2 * 1024)


@dataclass(frozen=True)
class CleanBlock:
    """A block that goes to PostgreSQL as it is: the number of its rows, and how its lines end."""

    rows: int
    crlf: bool


class Gate:
    """Looks at blocks for one COPY. What it lets through needs no conversion and cannot fail."""

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
        """The clean parts of a block, and those that have to be read row by row, in order."""
        return list(self._parts(block, _PIECES if self._possible else ()))

    def _parts(self, block: Block, sizes: tuple[int, ...]) -> Iterator[tuple[Block, CleanBlock | None]]:
        clean = self.look(block.data)
        if clean or not sizes:
            yield block, clean
            return
        for piece in pieces(block, sizes[0], self._options):
            yield from self._parts(piece, sizes[1:])

    def look(self, data: bytes) -> CleanBlock | None:
        """None for a block that has to be read row by row."""
        if not self._possible or self._is_suspicious(data):
            return None
        table = self._parsed(data)
        if table is None or not all(map(self._is_clean, self._columns, self._patterns, table.columns)):
            return None
        return CleanBlock(table.num_rows, b"\r\n" in data)

    def _is_possible(self) -> bool:
        options = self._options
        return not (options.fill_record or options.ignore_blank_lines) and None not in self._patterns

    def _is_suspicious(self, data: bytes) -> bool:
        """Return whether the data has a text that the two programs may read differently."""
        # single bytes first: they are found many times faster than pairs, and most files have none of them
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

    def _is_clean(self, column: Column, pattern: str | None, values: pa.ChunkedArray) -> bool:
        if column.is_text:
            return self._is_clean_text(column, values)
        return bool(pc.all(pc.match_substring_regex(values, pattern=pattern)).as_py())

    def _is_clean_text(self, column: Column, values: pa.ChunkedArray) -> bool:
        options = self._options
        longest = pc.max(pc.binary_length(values)).as_py() or 0
        if longest > column.size:
            return False
        if column.kind == "char" and not pc.all(pc.string_is_ascii(values)).as_py():
            return False
        if (options.trim_blanks or options.blanks_as_null) and pc.any(pc.match_substring_regex(values, r"\s$")).as_py():
            return False
        null_empty = options.empty_as_null or not options.null_as
        return not (column.not_null and null_empty and pc.any(pc.equal(values, "")).as_py())


def _pattern(column: Column, options: CopyOptions) -> str | None:
    """A regular expression for fields that both programs read alike; None where there is no such."""
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
