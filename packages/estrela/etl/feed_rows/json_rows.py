"""Rows of JSON documents and JSON Lines; numbers keep the digits that were sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from estrela.errors import FileRefusedError
from estrela.etl.feed_rows.judge import BadRowError
from estrela.etl.feed_rows.record_rows import RecordRows
from estrela.etl.readers.unpacked import lines_of
from estrela.model.feed_format import Json


@dataclass(frozen=True)
class Line:
    """A line as sent and its parsed value, None if it is not JSON."""

    text: str
    value: object


@dataclass(frozen=True, kw_only=True)
class JsonRows(RecordRows):
    """The records of a JSON document or, if ``form`` is None, of JSON Lines."""

    chunks: Iterable[bytes]
    form: Json | None

    def records(self) -> Iterator[tuple[int, object]]:
        """Yield each record with its number."""
        if self.form is None:
            yield from _lines(self.chunks)
            return
        content = b"".join(self.chunks)
        try:
            document = _parsed(content.decode("utf-8-sig"))
        except ValueError as error:
            raise self._refused(f"it is not valid JSON in UTF-8: {error}") from None
        name = self.form.records
        records = document.get(name) if name and isinstance(document, dict) else document
        if not isinstance(records, list):
            raise self._refused(f"it has no array {name!r}" if name else "its content is not a JSON array")
        yield from enumerate(records, 1)

    def fields(self, record: object) -> list[str]:
        """Return the texts of the declared fields. Raises BadRowError."""
        value = record.value if isinstance(record, Line) else record
        if not isinstance(value, dict):
            raise BadRowError("shape", "the record is not a JSON object")
        return [_text(value.get(field.header)) for field in self.judge.feed.fields]

    def line(self, record: object) -> str:
        """Return the record as text for a reject."""
        return record.text if isinstance(record, Line) else json.dumps(record, ensure_ascii=False)

    def _refused(self, reason: str) -> FileRefusedError:
        return FileRefusedError(self.judge.feed.name, self.address, reason, is_of_columns=True)


def _lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(lines_of(chunks), 1):
        if not line.strip():
            continue
        text = line.rstrip(b"\r\n").decode(errors="replace").removeprefix("\ufeff")
        try:
            yield number, Line(text, _parsed(line.decode("utf-8-sig")))
        except ValueError:
            yield number, Line(text, None)


def _parsed(text: str) -> Any:
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
