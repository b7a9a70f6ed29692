"""Parses type names of Trino and Hive."""

from __future__ import annotations

import re
from collections.abc import Iterator

from localaws.athena.sql_errors import NotSupportedError
from localaws.athena.types.trino import MAX_PRECISION, SCALARS, Type, decimal, row

_ALIASES = {
    "int": "integer",
    "string": "varchar",
    "float": "real",
    "binary": "varbinary",
    "double precision": "double",
    "dec": "decimal",
    "numeric": "decimal",
    "struct": "row",
    "long": "bigint",
    "bool": "boolean",
    "timestamptz": "timestamp with time zone",
}
_TOKEN = re.compile(r'"(?:[^"]|"")*"|[A-Za-z_$0-9]+|[<>(),:]')


def parse_type(text: str) -> Type:
    """The Trino type for a type name of Trino or Hive (`struct<a:int>`, `string`, `float` = real).

    Raises:
        NotSupportedError: the text is not a supported type.
    """
    words = _TOKEN.findall(text)
    kind, rest = _parse(words, text)
    if rest:
        raise NotSupportedError(f"type {text}", "is not valid")
    return kind


def _parse(words: list[str], text: str) -> tuple[Type, list[str]]:
    if not words:
        raise NotSupportedError(f"type {text}", "is not valid")
    name, rest = words[0].lower(), words[1:]
    name = _ALIASES.get(name, name)
    if name == "double" and rest[:1] and rest[0].lower() == "precision":
        rest = rest[1:]
    if name == "interval" and len(rest) > 2 and rest[1].lower() == "to":
        name, rest = " ".join((name, *(word.lower() for word in rest[:3]))), rest[3:]
    inner: list[str] = []
    if rest and rest[0] in "(<":
        inner, rest = _bracketed(rest)
    if name in ("timestamp", "time"):
        ahead = [w.lower() for w in rest[:4]]
        if ahead[1:3] == ["time", "zone"]:
            name, rest = (f"{name} with time zone" if ahead[0] == "with" else name), rest[3:]
    return _build(name, inner, text), rest


def _bracketed(words: list[str]) -> tuple[list[str], list[str]]:
    depth = 0
    for i, word in enumerate(words):
        depth += (word in "(<") - (word in ")>")
        if depth == 0:
            return words[1:i], words[i + 1 :]
    return words[1:], []


def _split(words: list[str]) -> Iterator[list[str]]:
    depth = 0
    part: list[str] = []
    for word in words:
        depth += (word in "(<") - (word in ")>")
        if word == "," and depth == 0:
            yield part
            part = []
        else:
            part.append(word)
    if part:
        yield part


def _build(name: str, inner: list[str], text: str) -> Type:
    if name in ("array", "map"):
        args = tuple(_parse(part, text)[0] for part in _split(inner))
        if len(args) != (1 if name == "array" else 2):
            raise NotSupportedError(f"type {text}", "is not valid")
        return Type(name, args)
    if name == "row":
        return _build_row(inner, text)
    sizes = tuple(int(word) for word in inner if word.isdigit())
    if name == "decimal":
        return decimal(sizes[0] if sizes else MAX_PRECISION, sizes[1] if len(sizes) > 1 else 0)
    if name.startswith("time"):
        sizes = sizes or (3,)
        if sizes[0] > 6:
            raise NotSupportedError(f"type {name}({sizes[0]})", "has more digits than the 6 that are kept")
    if name == "char":
        sizes = sizes or (1,)
    if name not in SCALARS:
        raise NotSupportedError(f"type {text}")
    return Type(name, size=sizes if name in ("varchar", "char") or name.startswith("time") else ())


def _build_row(inner: list[str], text: str) -> Type:
    names: list[str | None] = []
    kinds: list[Type] = []
    for part in _split(inner):
        named = len(part) > 1 and part[1] not in ("(", "<") and part[1].lower() not in ("with", "without", "precision")
        skip = (2 if part[1] == ":" else 1) if named else 0
        names.append(part[0].strip('"').replace('""', '"') if named else None)
        kinds.append(_parse(part[skip:], text)[0])
    return row(tuple(kinds), tuple(names))
