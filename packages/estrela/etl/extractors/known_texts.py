"""Texts of one column of a raw file, read without Spark, which would be too slow for a few values per request."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterator

from estrela.etl.raw.layer import RawLayer
from estrela.etl.raw.raw_file import RawFile
from estrela.etl.readers.compression import DamagedFileError, open_unpacked
from estrela.etl.readers.dialect import HEAD_BYTES, dialect_of
from estrela.etl.readers.encoding import UTF_8, decoded
from estrela.etl.readers.refusal import Refusal
from estrela.hooks.paginators import at_path
from estrela.model.formats import FixedWidthSource, JsonLinesSource, ParquetSource
from estrela.model.source import ApiSource, CsvSource, Layout, Source

BLOCK = 8 << 20


def texts_of(raw: RawLayer, source: Source, column: str, file: RawFile) -> Iterator[list[str] | None]:
    """Yield the texts of ``column`` block by block, or None if the file does not have the declared format."""
    try:
        match source:
            case CsvSource():
                yield from (_csv_texts(source, column, block) for block in _blocks(raw, source, file))
            case JsonLinesSource():
                yield from (_json_line_texts(source.layouts[0], column, block) for block in _blocks(raw, source, file))
            case FixedWidthSource():
                yield from (_fixed_texts(source, column, block) for block in _blocks(raw, source, file))
            case ParquetSource():
                yield from _parquet_texts(raw, source.layouts[0], column, file)
            case ApiSource():
                yield _document_texts(source, column, b"".join(_content(raw, source, file)))
    except DamagedFileError:
        yield None


def _content(raw: RawLayer, source: Source, file: RawFile) -> Iterator[bytes]:
    """Yield the uncompressed content of the file."""
    if not source.compression:
        yield from raw.chunks(file, BLOCK)
        return
    with open_unpacked(raw.uri(file), source.compression) as stream:
        while chunk := stream.read(BLOCK):
            yield chunk


def _blocks(raw: RawLayer, source: Source, file: RawFile) -> Iterator[bytes]:
    """Yield the content in blocks of whole rows, so that memory does not grow with the file.

    Each block of a CSV file begins with the header line. A line end after an odd number of quotes is inside a field and
    does not end a block.
    """
    is_csv, first, waiting = isinstance(source, CsvSource), b"", b""
    for chunk in _content(raw, source, file):
        waiting += chunk
        end = waiting.rfind(b"\n") + 1
        if end and (not is_csv or waiting.count(b'"', 0, end) % 2 == 0):
            yield first + waiting[:end]
            first = first or (waiting[: waiting.find(b"\n") + 1] if is_csv else b"")
            waiting = waiting[end:]
    if waiting:
        yield first + waiting


def _csv_texts(source: CsvSource, column: str, body: bytes) -> list[str] | None:
    dialect = dialect_of(body[:HEAD_BYTES], source)
    if isinstance(dialect, Refusal):
        return None
    places = [
        place for field, place in zip(dialect.layout.fields, dialect.positions, strict=True) if field.column == column
    ]
    lines = [decoded(line, source.encodings) for line in body.splitlines(keepends=True)]
    rows = csv.reader(lines[source.header :], delimiter=dialect.delimiter, quotechar=dialect.quote or None)
    return [row[place] for row in rows for place in places if place < len(row)] if places else None


def _json_line_texts(layout: Layout, column: str, body: bytes) -> list[str] | None:
    """Return the texts of all lines with an object, or None if there are lines but none has one."""
    lines = [line for line in body.splitlines() if line.strip()]
    objects = [parsed for line in lines if isinstance(parsed := _parsed(line), dict)]
    if lines and not objects:
        return None
    return _named(objects, layout, column)


def _parsed(line: bytes) -> object:
    try:
        return json.loads(decoded(line, (UTF_8,)), parse_float=str, parse_int=str)
    except ValueError:
        return None


def _fixed_texts(source: FixedWidthSource, column: str, body: bytes) -> list[str]:
    fields = zip(source.layouts[0].fields, source.spans, strict=True)
    spans = [span for field, span in fields if field.column == column]
    lines = [decoded(line, source.encodings) for line in body.splitlines()]
    return [line[first - 1 : last] for line in lines if len(line) >= source.width for first, last in spans]


def _parquet_texts(raw: RawLayer, layout: Layout, column: str, file: RawFile) -> Iterator[list[str] | None]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    header = next(field.header for field in layout.fields if field.column == column)
    with tempfile.TemporaryFile() as copy:
        for chunk in raw.chunks(file, BLOCK):
            copy.write(chunk)
        try:
            parquet = pq.ParquetFile(copy)
        except pa.ArrowInvalid:
            yield None
            return
        if header not in parquet.schema_arrow.names:
            yield None
            return
        for batch in parquet.iter_batches(columns=[header]):
            yield [str(value) for value in batch.column(0).to_pylist() if value is not None]


def _document_texts(source: ApiSource, column: str, body: bytes) -> list[str] | None:
    """Return the texts of the records, or None if the declared array does not exist."""
    rows = at_path(json.loads(body), source.records)
    return _named(rows, source.layouts[0], column) if isinstance(rows, list) else None


def _named(rows: list[dict[str, object]], layout: Layout, column: str) -> list[str]:
    names = [field.header for field in layout.fields if field.column == column]
    return [str(row[name]) for row in rows for name in names if row.get(name) is not None]
