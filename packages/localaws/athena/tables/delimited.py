"""LazySimpleSerDe: delimited text without quotes, where what does not parse is NULL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from localaws.athena.errors import UnsupportedError
from localaws.athena.sql.typed import name_literal, text_literal
from localaws.athena.sql.types import INTEGERS, Type, duckdb_type
from localaws.athena.tables.hive import HiveTable
from localaws.athena.tables.parquet import rounded_to_millis

_INTEGER = r"^[+-]?[0-9]+$"
_DECIMAL = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_FLOAT = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
_SPECIAL = r"^\s*([+-]?Infinity|NaN)\s*$"
_DATE = r"^\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(\s.*)?$"
_TIMESTAMP = r"^\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2} [0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?\s*$"


def delimited_splitter(table: HiveTable) -> Callable[[str], list[str | None]]:
    """The function that cuts a line; raise UnsupportedError for a setting that is not followed here."""
    settings = table.serde_parameters
    if settings.get("line.delim", "\n") != "\n":
        raise UnsupportedError(f"line.delim {settings['line.delim']!r}")
    if settings.get("serialization.last.column.takes.rest", "false").lower() == "true":
        raise UnsupportedError("serialization.last.column.takes.rest")
    if (encoding := settings.get("serialization.encoding", "utf-8")).lower() not in ("utf-8", "utf8"):
        raise UnsupportedError(f"serialization.encoding {encoding}")
    delimiter = _character(settings, "field.delim", _character(settings, "serialization.format", "\x01"))
    null = settings.get("serialization.null.format", table.parameters.get("serialization.null.format", r"\N"))
    escape = _character(settings, "escape.delim", "")
    if escape:
        return _escaped_splitter(delimiter, escape, null)
    return lambda line: [None if field == null else field for field in line.split(delimiter)]


def _escaped_splitter(delimiter: str, escape: str, null: str) -> Callable[[str], list[str | None]]:
    d, e = re.escape(delimiter), re.escape(escape)
    field = re.compile(f"{d}((?:[^{d}{e}]|{e}.|{e}$)*)", re.DOTALL)
    escaped = re.compile(f"{e}(.)", re.DOTALL)

    def split(line: str) -> list[str | None]:
        found = field.findall(delimiter + line)
        return [None if raw == null else escaped.sub(r"\1", raw) if escape in raw else raw for raw in found]

    return split


def _character(settings: Mapping[str, str], name: str, default: str) -> str:
    """Hive takes a number as a character's code, and of a longer text the first character."""
    value = settings.get(name, "")
    if not value:
        return default
    if re.fullmatch(r"-?\d{1,3}", value) and -128 <= int(value) <= 127:
        return chr(int(value) % 256)
    return value[0]


def delimited_expression(name: str, kind: Type) -> str:
    """A column's value from its text; raise UnsupportedError for a type that is not read from text here."""
    text, target = name_literal(name), duckdb_type(kind)
    if kind.name == "varchar":
        return f"substring({text}, 1, {kind.size[0]})" if kind.size else text
    if kind in INTEGERS:
        return _guarded(text, _INTEGER, f"TRY_CAST({text} AS {target})")
    if kind.name == "decimal":
        return _guarded(text, _DECIMAL, f"TRY_CAST({text} AS {target})")
    if kind.name in ("double", "real"):
        return _guarded(text, f"({_FLOAT})|({_SPECIAL})", f"TRY_CAST(trim({text}) AS {target})")
    if kind.name == "boolean":
        return f"CASE lower({text}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    if kind.name == "date":
        return _guarded(text, _DATE, f"TRY_CAST(split_part(trim({text}), ' ', 1) AS DATE)")
    if kind.name == "timestamp":
        return _guarded(text, _TIMESTAMP, rounded_to_millis(f"TRY_CAST(trim({text}) AS TIMESTAMP)"))
    raise UnsupportedError(f"type {kind} in a text table")


def _guarded(text: str, pattern: str, value: str) -> str:
    return f"CASE WHEN regexp_matches({text}, {text_literal(pattern)}) THEN {value} END"
