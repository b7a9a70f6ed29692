"""What the raw layer already knows that another source must be asked for: institutions, groups, months."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable

from estrela import logger
from estrela.etl.extractors.extractor import Scope
from estrela.etl.raw.layer import RawFile, RawLayer
from estrela.etl.readers.dialect import HEAD_BYTES, Refusal, dialect_of
from estrela.model.parse import Digits, Parser
from estrela.model.source import ApiSource, CsvSource, Source


def values_of(raw: RawLayer, source: Source, column: str) -> set[str]:
    """The distinct values of ``column`` in the current files of ``source``, as its declaration reads them.

    A value that the declaration refuses is left out: its row is refused, with its reason, when the file is read.
    """
    known: dict[str, set[str]] = {}
    for file in raw.current(source.name):
        if file.sha256 not in known:
            known[file.sha256] = set(_values(source, column, raw.read(file), file))
    return set().union(*known.values())


def months_of(source: Source, files: Iterable[RawFile], scope: Scope) -> list[str]:
    """The last month, ``YYYYMM``, of each quarter that ``source`` has received and ``scope`` holds."""
    asked = [file.request for file in files if scope.holds(source, file.request)]
    return sorted({f"{request['year']}{int(request['quarter']) * 3:02d}" for request in asked})


def _values(source: Source, column: str, body: bytes, file: RawFile) -> list[str]:
    read = _csv_texts if isinstance(source, CsvSource) else _json_texts
    texts = read(source, column, body)
    if texts is None:
        logger.warning("a file does not tell the values asked for", source=source.name, column=column, file=file.key)
    parser = {field.column: field.parse for layout in source.layouts for field in layout.fields}[column]
    return [value for text in texts or () if (value := _parsed(text, parser))]


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
    lines = body.decode("cp1252" if dialect.latin else "utf-8-sig", "replace").splitlines()[1:]
    rows = csv.reader(lines, delimiter=dialect.delimiter, quotechar='"' if dialect.quoted else None)
    return [row[place] for row in rows for place in places if place < len(row)] if places else None


def _json_texts(source: Source, column: str, body: bytes) -> list[str] | None:
    assert isinstance(source, ApiSource)
    names = [field.header for layout in source.layouts for field in layout.fields if field.column == column]
    rows = json.loads(body)[source.records]
    return [str(row[name]) for row in rows for name in names if row.get(name) is not None]
