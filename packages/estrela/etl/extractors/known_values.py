"""What the raw layer already knows that another source must be asked for: institutions, groups, months."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from estrela.etl.extractors.extractor import Scope
from estrela.etl.raw.layer import RawLayer
from estrela.etl.raw.raw_file import RawFile
from estrela.etl.readers.dialect import HEAD_BYTES, dialect_of
from estrela.etl.readers.encoding import decoded
from estrela.etl.readers.refusal import Refusal
from estrela.hooks.paginators import at_path
from estrela.logger import Logger
from estrela.model.column import NamedColumns
from estrela.model.parse import Digits, Parser
from estrela.model.source import ApiSource, CsvSource, Source

BLOCK = 8 << 20


@dataclass(frozen=True)
class KnownValues:
    """Values to ask for. They are not ``complete`` where a file that may hold more of them could not be read."""

    values: Sequence[str]
    complete: bool = True


def values_of(raw: RawLayer, columns: Iterable[tuple[NamedColumns, str]]) -> KnownValues:
    """Return the distinct values of columns in the current files of their sources, as the declarations read them.

    A value that the declaration refuses is left out: its row is refused, with its reason, when the file is read.
    """
    found: set[str] = set()
    complete = True
    for source, column in columns:
        assert isinstance(source, Source)
        for file in {file.sha256: file for file in raw.current(source.name)}.values():
            for block in _blocks(raw, source, file):
                values = _values(source, column, block, file)
                complete = complete and values is not None
                found.update(values or ())
    return KnownValues(sorted(found), complete)


def _blocks(raw: RawLayer, source: Source, file: RawFile) -> Iterator[bytes]:
    """Yield the content in parts of whole rows, each with the first line, so that memory does not grow with the file.

    A line end between an odd number of quotes is inside a field.
    """
    if not isinstance(source, CsvSource):
        yield raw.read(file)
        return
    first, waiting = b"", b""
    for chunk in raw.chunks(file, BLOCK):
        waiting += chunk
        end = waiting.rfind(b"\n") + 1
        if end and waiting.count(b'"', 0, end) % 2 == 0:
            yield first + waiting[:end]
            first = first or waiting[: waiting.find(b"\n") + 1]
            waiting = waiting[end:]
    if waiting:
        yield first + waiting


def requests_values(
    raw: RawLayer, source: Source, value: Callable[[Mapping[str, str]], str], scope: Scope
) -> KnownValues:
    """Return what ``value`` makes of each request that ``source`` has an answer to and ``scope`` holds."""
    requests = [file.request for file in raw.current(source.name) if scope.holds(source, file.request)]
    return KnownValues(sorted({value(request) for request in requests}))


def _values(source: Source, column: str, body: bytes, file: RawFile) -> list[str] | None:
    """The values of one file; None, and a warning, if it does not have the declared form."""
    read = _csv_texts if isinstance(source, CsvSource) else _json_texts
    texts = read(source, column, body)
    if texts is None:
        Logger().warning("a file does not tell the values asked for", source=source.name, column=column, file=file.key)
        return None
    parser = {field.column: field.parse for layout in source.layouts for field in layout.fields}[column]
    return [value for text in texts if (value := _parsed(text, parser))]


def _parsed(text: str, parser: Parser) -> str:
    value = " ".join(text.split())
    if not isinstance(parser, Digits):
        return value
    is_code = value.isascii() and value.isdigit() and len(value) <= parser.width
    return value.zfill(parser.width) if is_code else ""


def _csv_texts(source: Source, column: str, body: bytes) -> list[str] | None:
    """The fields of ``column``; None if the file has no layout that holds it."""
    assert isinstance(source, CsvSource)
    dialect = dialect_of(body[:HEAD_BYTES], source)
    if isinstance(dialect, Refusal):
        return None
    places = [
        place for field, place in zip(dialect.layout.fields, dialect.positions, strict=True) if field.column == column
    ]
    lines = [decoded(line, source.encodings) for line in body.splitlines(keepends=True)]
    rows = csv.reader(lines[source.header :], delimiter=dialect.delimiter, quotechar=dialect.quote or None)
    return [row[place] for row in rows for place in places if place < len(row)] if places else None


def _json_texts(source: Source, column: str, body: bytes) -> list[str] | None:
    """The fields of ``column``; None if there are no records where they are declared."""
    assert isinstance(source, ApiSource)
    names = [field.header for layout in source.layouts for field in layout.fields if field.column == column]
    rows = at_path(json.loads(body), source.records)
    if not isinstance(rows, list):
        return None
    return [str(row[name]) for row in rows for name in names if row.get(name) is not None]
