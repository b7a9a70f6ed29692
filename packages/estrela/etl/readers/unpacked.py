"""Records of compressed files and of files with line ends inside quotes, read as streams by Python workers.

Spark cannot read zip or zstd, recognizes other compressions only by the file name, and splits at every line end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from estrela.etl.readers.compression import DamagedFileError, open_unpacked
from estrela.etl.readers.refusal import Refusal
from estrela.etl.readers.taken_file import TakenFile
from estrela.frame import frame_of

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

READ_BYTES = 1 << 20
BATCH_BYTES = 4 << 20
RECORD_BYTES = 16 << 20
"""Maximum size of a record, so that an unclosed quote does not fill the memory."""
SCHEMA = "name string, start bigint, at bigint, text string, line binary, damage string"


@dataclass(frozen=True)
class Unpacking:
    """Parameters for reading a file: compression, maximum size of the content, quote that may enclose line ends."""

    compression: str
    max_bytes: int
    delimiter: str = ""
    quote: str = ""


def unpacked_lines(spark: SparkSession, files: Sequence[TakenFile], unpacking: Unpacking) -> DataFrame:
    """Return the records of ``files`` with the columns of :mod:`estrela.etl.readers.lines`. One task reads one file."""
    named = frame_of(
        spark,
        [{"name": taken_file.file.sha256, "uri": taken_file.uri} for taken_file in files],
        "name string, uri string",
    )
    tasks = min(len(files), 200)

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in batch.to_pylist():
                yield from _batches(row["name"], row["uri"], unpacking)

    return named.repartition(tasks, "name").mapInArrow(read, SCHEMA)


def head_of(uri: str, compression: str, size: int) -> bytes | Refusal:
    """Return the first ``size`` bytes of a file's content, or the refusal of the file."""
    try:
        with open_unpacked(uri, compression) as stream:
            return stream.read(size)
    except DamagedFileError as error:
        return Refusal("", "", str(error))


def _batches(name: str, uri: str, unpacking: Unpacking) -> Iterator[pa.RecordBatch]:
    """Yield the numbered records of a file; if it is damaged, the last record has the reason."""
    number, records, size = 0, [], 0
    try:
        for record in records_of(_chunks(uri, unpacking), unpacking):
            records.append(record)
            size += len(record.line)
            if size > BATCH_BYTES:
                yield _batch(name, records)
                records, size = [], 0
            number = record.at
    except DamagedFileError as error:
        records.append(Record(number + 1, b"", str(error)))
    yield _batch(name, records)


@dataclass(frozen=True)
class Record:
    """A record: the index of its first line, from 0, with its bytes, or with the damage of the file."""

    at: int
    line: bytes
    damage: str | None = None


def _chunks(uri: str, unpacking: Unpacking) -> Iterator[bytes]:
    """Yield the content in chunks. Raises DamagedFileError if it cannot be unpacked or is too large."""
    total = 0
    with open_unpacked(uri, unpacking.compression) as stream:
        while chunk := stream.read(READ_BYTES):
            total += len(chunk)
            if total > unpacking.max_bytes:
                raise DamagedFileError(f"its content is larger than the declared max_bytes={unpacking.max_bytes}")
            yield chunk


def records_of(chunks: Iterable[bytes], unpacking: Unpacking) -> Iterator[Record]:
    """Yield the records of the content in ``chunks``: its lines, joined while a quote is open.

    Raises DamagedFileError if a record is longer than RECORD_BYTES.
    """
    quotes = Quotes(unpacking.delimiter, unpacking.quote) if unpacking.quote else None
    held, first, is_open = b"", 0, False
    for at, line in enumerate(lines_of(chunks)):
        if not held:
            first = at
        held += line
        is_open = quotes is not None and quotes.is_open_after(line, is_open)
        if len(held) > RECORD_BYTES:
            raise DamagedFileError(f"the record that begins in line {first + 1} is longer than {RECORD_BYTES:,} bytes")
        if not is_open:
            yield Record(first, _without_end(held))
            held = b""
    if held:
        yield Record(first, _without_end(held))


def lines_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of the content with their line ends. Raises DamagedFileError if a line is too long."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).splitlines(keepends=True) or [b""]
        yield from lines
        if len(rest) > RECORD_BYTES:
            raise DamagedFileError(f"a line is longer than {RECORD_BYTES:,} bytes")
    yield from rest.splitlines(keepends=True)


def _without_end(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")


class Quotes:
    """The quotes of a dialect. A quote opens a field only at its start; a doubled quote is part of the text."""

    def __init__(self, delimiter: str, quote: str) -> None:
        mark, between = re.escape(quote.encode()), re.escape(delimiter.encode())
        self._first = re.compile(mark)
        self._opening = re.compile(between + mark)
        self._closing = re.compile(b"(?:[^%b]|%b%b)*+%b" % (mark, mark, mark, mark))

    def is_open_after(self, line: bytes, is_open: bool) -> bool:
        """Return whether a quoted field is open at the end of ``line``; ``is_open``: it was open at its start."""
        place = 0
        if not is_open:
            match = self._first.match(line)
            is_open, place = match is not None, match.end() if match else 0
        while True:
            if is_open:
                closed = self._closing.match(line, place)
                if closed is None:
                    return True
                place = closed.end()
            opened = self._opening.search(line, place)
            if opened is None:
                return False
            is_open, place = True, opened.end()


def _batch(name: str, records: Sequence[Record]) -> pa.RecordBatch:
    import pyarrow as pa

    columns = {
        "name": pa.array([name] * len(records), pa.string()),
        "start": pa.array([0] * len(records), pa.int64()),
        "at": pa.array([record.at for record in records], pa.int64()),
        "text": pa.nulls(len(records), pa.string()),
        "line": pa.array([record.line for record in records], pa.binary()),
        "damage": pa.array([record.damage for record in records], pa.string()),
    }
    return pa.RecordBatch.from_pydict(columns)
