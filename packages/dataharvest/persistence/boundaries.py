"""Positions at which a file may be split: ends of records, as Python's csv module reads them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from dataharvest.model.chunk import Chunk
from dataharvest.persistence.split_rows import LONGEST_FIELD, ChunkReader, not_csv
from dataharvest.persistence.stream import NOT_PLAIN_MARKS, Opened

_WINDOW = LONGEST_FIELD // 2
"""A line that is too long to be read contains at least one whole window without a line end."""


def chunks_of(opened: Opened, size: int) -> tuple[Chunk, ...]:
    """Return the chunks of a file after its header; each ends with the first record that makes it at least ``size``
    long.

    As long as no block contains a quote or carriage return, records are lines. From the first other block on, the csv
    module reads them. Raises RefusedError if a field is too long to be read.
    """
    chunks, start, lines = [], opened.offset, opened.lines
    end = start
    for end, count in _candidates(opened, size):
        if end - start >= size:
            chunks.append(Chunk(start, end, lines))
            start, lines = end, count
    if end > start or not chunks:
        chunks.append(Chunk(start, end, lines))
    return tuple(chunks)


def _candidates(opened: Opened, size: int) -> Iterator[tuple[int, int]]:
    """Yield some ends of records in order, including the last: the offset, and the number of records before it."""
    blocks, position, lines = iter(opened.chunks()), opened.offset, opened.lines
    waiting = b""
    for read in blocks:
        block = waiting + read
        if not _is_plain(block):
            yield from _by_csv(_chained(block, blocks), position, lines)
            return
        cut, begin = 0, 0
        while (cut := _line_end(block, begin, size)) > begin:
            lines += block.count(b"\n", begin, cut)
            begin = cut
            yield position + begin, lines
        waiting, position = block[begin:], position + begin
    if waiting:
        yield position + len(waiting), lines + 1


def _line_end(block: bytes, begin: int, size: int) -> int:
    """Return the end of the first line that ends at least ``size`` bytes after ``begin``, else of the last line."""
    newline = block.find(b"\n", begin + max(size, 1) - 1)
    return (newline if newline >= 0 else block.rfind(b"\n", begin)) + 1


def _is_plain(block: bytes) -> bool:
    marked = any(mark in block for mark in NOT_PLAIN_MARKS)
    return not marked and all(
        block.find(b"\n", at, at + _WINDOW) >= 0 for at in range(0, len(block) - _WINDOW + 1, _WINDOW)
    )


def _by_csv(blocks: Iterator[bytes], position: int, lines: int) -> Iterator[tuple[int, int]]:
    raw = io.BufferedReader(ChunkReader(blocks))
    text = io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape", newline="")
    taken = 0

    def counted() -> Iterator[str]:
        nonlocal taken
        for line in text:
            taken += len(line.encode("utf-8", "surrogateescape"))
            yield line

    csv.field_size_limit(LONGEST_FIELD)
    try:
        for _ in csv.reader(counted()):
            lines += 1
            yield position + taken, lines
    except csv.Error as error:
        raise not_csv(lines, error) from None


def _chained(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
