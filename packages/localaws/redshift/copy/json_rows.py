"""Rows of JSON: consecutive objects, with fields selected by name or by the expressions of a JSONPaths file.

https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-json.html
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from localaws.redshift.copy import problems
from localaws.redshift.copy.columns import Column
from localaws.redshift.copy.files import read_object
from localaws.redshift.copy.options import CopyOptions
from localaws.redshift.copy.problems import FieldError
from localaws.redshift.errors import SqlError, UnsupportedError
from localaws.s3.store import ObjectStore

_SIZE = 1024 * 1024
_LARGEST = 64 * 1024 * 1024
_STEP = re.compile(r"\['([^']+)'\]|\[(\d+)\]|\.([^.'\[\]]+)")
_BLANK = re.compile(r"\s*")
Picker = Callable[[Any], list[Any]]


class _Number(str):
    """A number with its original digits."""

    __slots__ = ()


@dataclass(frozen=True)
class JsonRow:
    """Values in the order of the columns, the last line of the document, and its text."""

    values: list[str | None]
    line: int
    text: str
    error: FieldError | None = None


def picker(store: ObjectStore, options: CopyOptions, columns: Sequence[Column]) -> Picker:
    """Return a function that extracts the columns' values from a document; raise SqlError for invalid JSONPaths."""
    names = [column.name for column in columns]
    if options.json == "auto":
        return lambda document: [document.get(name) for name in _object(document, names)]
    if options.json == "auto ignorecase":
        return lambda document: _ignoring_case(document, names)
    if not options.json.startswith("s3://"):
        raise UnsupportedError(f"COPY with JSON '{options.json}'")
    paths = _paths(store, options.json, len(columns))
    return lambda document: [_at(document, path) for path in paths]


def rows(file: IO[bytes], pick: Picker) -> Iterator[JsonRow]:
    """Yield the rows of one file; invalid JSON ends the file with an error."""
    line = 1
    for text, document in _documents(file):
        line += text.count("\n")
        if isinstance(document, FieldError):
            yield JsonRow([], line, text[:1024], document)
            return
        try:
            yield JsonRow([_text(value) for value in pick(document)], line, text[:1024])
        except FieldError as error:
            yield JsonRow([], line, text[:1024], error)


def _documents(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """Yield documents with their text, including preceding white space; invalid JSON yields a FieldError."""
    scan = json.JSONDecoder(parse_float=_Number, parse_int=_Number, parse_constant=_refused_constant).raw_decode
    decode, rest, ended = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode, "", False
    while not ended:
        data = file.read(_SIZE)
        ended = not data
        rest, place = rest + decode(data, final=ended), 0
        while (start := _BLANK.match(rest, place).end()) < len(rest):  # type: ignore[union-attr]
            try:
                document, end = scan(rest, start)
            except ValueError:
                if ended or len(rest) - place > _LARGEST:
                    yield rest[place:], FieldError(problems.INVALID_LINE, "Invalid JSON")
                    return
                break
            if end == len(rest) and not ended:
                break  # a number may go on in what is yet to be read
            yield rest[place:end], document
            place = end
        rest = rest[place:]


def _refused_constant(name: str) -> Any:
    raise ValueError(name)


def _object(document: Any, names: list[str]) -> list[str]:
    if not isinstance(document, dict):
        raise FieldError(problems.INVALID_LINE, "Invalid JSON: an object was expected")
    return names


def _ignoring_case(document: Any, names: list[str]) -> list[Any]:
    _object(document, names)
    lowered = {key.lower(): value for key, value in document.items()}
    return [lowered.get(name) for name in names]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    raise UnsupportedError("COPY of a JSON object or array into one column")


def _paths(store: ObjectStore, uri: str, count: int) -> list[list[str | int]]:
    try:
        document = json.loads(read_object(store, uri))
    except ValueError:
        raise SqlError(f"Invalid JSONPath format: {uri} is not a JSON document") from None
    paths = document.get("jsonpaths") if isinstance(document, dict) else None
    if not isinstance(paths, list):
        raise SqlError(f"Invalid JSONPath format: {uri} has no list named jsonpaths")
    if len(paths) != count:
        raise SqlError(
            f"Number of jsonpaths and the number of columns should match. JSONPath size: {len(paths)}, "
            f"Number of columns in table or column list: {count}"
        )
    return [_path(str(path)) for path in paths]


def _path(text: str) -> list[str | int]:
    steps, place = [], 1
    while text.startswith("$") and place < len(text) and (match := _STEP.match(text, place)):
        name = match[1] or match[3]
        steps.append(name if name is not None else int(match[2]))
        place = match.end()
    if not text.startswith("$") or place != len(text):
        raise SqlError(f"Invalid JSONPath format: {text}")
    return steps


def _at(document: Any, path: list[str | int]) -> Any:
    """The value at a path; None if the path does not exist."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(document, list) or step >= len(document):
                return None
        elif not isinstance(document, dict) or step not in document:
            return None
        document = document[step]
    return document
