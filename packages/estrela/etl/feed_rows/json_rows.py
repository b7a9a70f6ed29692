"""Rows of JSON documents and of lines of JSON, every number with the digits that were sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from estrela.errors import FileRefusedError, bounded
from estrela.etl.feed_rows.judge import BadRowError, Judge, Piece
from estrela.etl.feed_rows.wire import Wire
from estrela.etl.readers.unpacked import lines_of
from estrela.model.feed_format import Json

ROWS_OF_A_PIECE = 1000


@dataclass(frozen=True)
class JsonRows:
    """The records of one file at ``address``; ``only`` limits them to these numbers."""

    chunks: Iterable[bytes]
    form: Json | None
    judge: Judge
    address: str
    only: frozenset[int] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns in the order in which rows hold them."""
        return tuple(field.column for field in self.judge.feed.fields)

    def wire(self, file: int, load: int) -> Wire:
        """Return how the rows are written."""
        return Wire(file, load)

    def pieces(self, wire: Wire) -> Iterator[Piece]:
        """Return the rows. Raises FileRefusedError if the document is not as declared."""
        text, count, rejects = [], 0, []
        for number, line, record in self._records():
            if self.only is not None and number not in self.only:
                continue
            try:
                text.append(wire.row(number, self.judge.values(self._fields(record))))
            except BadRowError as error:
                rejects.append(error.reject(number, self.judge.shown(line)))
            count += 1
            if count % ROWS_OF_A_PIECE == 0:
                yield Piece("".join(text), len(text), tuple(rejects))
                text, rejects = [], []
        yield Piece("".join(text), len(text), tuple(rejects))

    def _records(self) -> Iterator[tuple[int, str, object]]:
        """Return each record with its number and text; a record that is no object is a text that says why."""
        if self.form is None:
            yield from _lines(self.chunks)
            return
        content = b"".join(self.chunks)
        try:
            document = _parsed(content.decode("utf-8-sig"))
        except ValueError as error:
            raise self._refused(f"it is not JSON in UTF-8: {error}") from None
        name = self.form.records
        records = document.get(name) if name and isinstance(document, dict) else document
        if not isinstance(records, list):
            raise self._refused(f"it holds no array {name!r}" if name else "it is not an array")
        for number, record in enumerate(records, 1):
            yield number, json.dumps(record, ensure_ascii=False), record

    def _refused(self, reason: str) -> FileRefusedError:
        return FileRefusedError(self.judge.feed.name, self.address, reason, is_of_columns=True)

    def _fields(self, record: object) -> list[str]:
        if not isinstance(record, dict):
            raise BadRowError("shape", "the record is not a JSON object")
        return [_text(record.get(field.header)) for field in self.judge.feed.fields]


def _lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, str, object]]:
    for number, line in enumerate(lines_of(chunks), 1):
        if not line.strip():
            continue
        text = line.rstrip(b"\r\n").decode(errors="replace").removeprefix("\ufeff")
        try:
            yield number, text, _parsed(line.decode("utf-8-sig"))
        except ValueError:
            yield number, text, bounded(text)


def _parsed(text: str) -> Any:
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
