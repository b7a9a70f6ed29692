"""Splits a text file into blocks of whole records, so that memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from localaws.redshift.copy.options import CSV, CopyOptions
from localaws.redshift.errors import UnsupportedError

SIZE = 4 * 1024 * 1024
LARGEST = 256 * 1024 * 1024
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Block:
    """Whole records with their line ends; ``line`` is the line of the first record in the file, from 1."""

    data: bytes
    line: int


def blocks(file: IO[bytes], options: CopyOptions) -> Iterator[Block]:
    """Yield blocks of about 4 MiB without the header lines.

    Raises UnsupportedError for a record that is too long, or for a byte order mark.
    """
    line = 1 + _skip_lines(file, options.ignore_header)
    rest = b""
    while data := file.read(SIZE):
        if line == 1 and not rest and data.startswith(_MARK):
            raise UnsupportedError("COPY of a file with a byte order mark and without IGNOREHEADER")
        rest += data
        end = _end_of_records(rest, options)
        if end:
            yield Block(rest[:end], line)
            line += rest.count(b"\n", 0, end)
            rest = rest[end:]
        elif len(rest) > LARGEST:
            raise UnsupportedError(f"COPY of a record of more than {LARGEST} bytes")
    if rest:
        yield Block(rest, line)


def pieces(block: Block, size: int, options: CopyOptions) -> Iterator[Block]:
    """Split a block into smaller blocks of whole records, of about ``size`` bytes."""
    start, line = 0, block.line
    while start < len(block.data):
        wanted, end = size, 0
        while not end and start + wanted < len(block.data):
            end = _end_of_records(block.data[start : start + wanted], options)
            wanted *= 4
        piece = block.data[start : start + end] if end else block.data[start:]
        yield Block(piece, line)
        start, line = start + len(piece), line + piece.count(b"\n")


def _skip_lines(file: IO[bytes], count: int) -> int:
    return sum(1 for _ in range(count) if file.readline())


def _end_of_records(data: bytes, options: CopyOptions) -> int:
    """Return the end of the last whole record; 0 if there is none."""
    end = data.rfind(b"\n") + 1
    if options.format == CSV:
        quote = options.quote.encode()
        quotes = data.count(quote, 0, end)
        # with an odd number of quotes, the last quote is still open: its record ends later
        while end and quotes % 2:
            previous = data.rfind(b"\n", 0, end - 1) + 1
            quotes -= data.count(quote, previous, end)
            end = previous
    elif options.escape:
        while end and data[end - 2 : end - 1] == b"\\" and _is_escaped(data, end - 1):
            end = data.rfind(b"\n", 0, end - 1) + 1
    return end


def _is_escaped(data: bytes, place: int) -> bool:
    """Return whether an odd number of backslashes precedes an offset."""
    start = place
    while start and data[start - 1 : start] == b"\\":
        start -= 1
    return (place - start) % 2 == 1
