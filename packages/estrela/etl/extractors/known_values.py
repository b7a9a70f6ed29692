"""Values in the raw layer that become parameters of requests to another source: institutions, groups, months."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from estrela.etl.extractors.known_texts import texts_of
from estrela.etl.extractors.raw_extractor import Scope
from estrela.etl.raw.layer import RawLayer
from estrela.etl.raw.raw_file import RawFile
from estrela.logger import Logger
from estrela.model.column import NamedColumns
from estrela.model.parse import Digits, Parser
from estrela.model.source import Source


@dataclass(frozen=True)
class KnownValues:
    """Values for requests. ``complete`` is False if a file that may have more of them could not be read."""

    values: Sequence[str]
    complete: bool = True


def values_of(raw: RawLayer, columns: Iterable[tuple[NamedColumns, str]]) -> KnownValues:
    """Return the distinct values of columns in the current files of their sources, parsed as declared.

    Values that their declaration rejects are omitted; the transform rejects their rows with the reason.
    """
    known: set[str] = set()
    complete = True
    for source, column in columns:
        assert isinstance(source, Source)
        parser = {field.column: field.parse for layout in source.layouts for field in layout.fields}[column]
        for file in {file.sha256: file for file in raw.current(source.name)}.values():
            for texts in texts_of(raw, source, column, file):
                if texts is None:
                    _warn(source, column, file)
                    complete = False
                known.update(value for text in texts or () if (value := _parsed(text, parser)))
    return KnownValues(sorted(known), complete)


def requests_values(
    raw: RawLayer, source: Source, value: Callable[[Mapping[str, str]], str], scope: Scope
) -> KnownValues:
    """Return the results of ``value`` for the requests that ``source`` has answered and ``scope`` includes."""
    requests = [file.request for file in raw.current(source.name) if scope.holds(source, file.request)]
    return KnownValues(sorted({value(request) for request in requests}))


def _warn(source: Source, column: str, file: RawFile) -> None:
    Logger().warning("the column cannot be read from the file", source=source.name, column=column, file=file.key)


def _parsed(text: str, parser: Parser) -> str:
    value = " ".join(text.split())
    if not isinstance(parser, Digits):
        return value
    is_code = value.isascii() and value.isdigit() and len(value) <= parser.width
    return value.zfill(parser.width) if is_code else ""
