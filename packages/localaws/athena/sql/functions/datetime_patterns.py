"""Dates from and to text by MySQL's and Joda's patterns: https://trino.io/docs/current/functions/datetime.html."""

from __future__ import annotations

import re

from localaws.athena.sql.errors import NotSupportedError, TypeMismatchError
from localaws.athena.sql.functions.datetimes import instant, local
from localaws.athena.sql.functions.signatures import Call, Function, written
from localaws.athena.sql.typed import Typed, cast, coerce, text_literal
from localaws.athena.sql.types import VARCHAR, Type, timestamp, timestamptz

_MYSQL = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%f", "H": "%H", "h": "%I", "I": "%I", "i": "%M",
    "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p", "S": "%S", "s": "%S",
    "T": "%H:%M:%S", "v": "%V", "W": "%A", "x": "%G", "Y": "%Y", "y": "%y", "%": "%%",
}  # fmt: skip


_MYSQL_DIGITS = {"Y": r"\d{4}", "m": r"\d{2}", "d": r"\d{2}", "H": r"\d{2}", "i": r"\d{2}", "s": r"\d{2}",
                 "S": r"\d{2}", "T": r"\d{2}:\d{2}:\d{2}", "f": r"\d{3}|\d{6}"}  # fmt: skip


_JODA = {
    "yyyy": "%Y", "YYYY": "%Y", "yy": "%y", "MM": "%m", "M": "%-m", "MMM": "%b", "MMMM": "%B", "dd": "%d", "d": "%-d",
    "HH": "%H", "H": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S", "SSS": "%g",
    "EEE": "%a", "E": "%a", "EEEE": "%A", "a": "%p", "D": "%-j", "ww": "%V", "xxxx": "%G",
}  # fmt: skip


_JODA_DIGITS = {"yyyy": r"\d{4}", "MM": r"\d{2}", "dd": r"\d{2}", "HH": r"\d{2}", "mm": r"\d{2}", "ss": r"\d{2}",
                "SSS": r"\d{3}"}  # fmt: skip


def _mysql_parts(pattern: str) -> list[tuple[str, str]]:
    return [("field", p[1]) if p[0] == "%" and len(p) == 2 else ("text", p) for p in re.findall(r"%.|[^%]|%$", pattern)]


def _joda_parts(pattern: str) -> list[tuple[str, str]]:
    parts: list[tuple[str, str]] = []
    for match in re.finditer(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|([^A-Za-z'])", pattern):
        if match[2]:
            parts.append(("field", match[2]))
        else:
            parts.append(("text", match[4] if match[4] else (match[1] or "'").replace("''", "'")))
    return parts


def _strftime(parts: list[tuple[str, str]], known: dict[str, str], call: Call) -> str:
    texts = []
    for kind, text in parts:
        if kind == "field" and text not in known:
            raise NotSupportedError(f"function {call.name} with {text!r} in its pattern")
        texts.append(known[text] if kind == "field" else text.replace("%", "%%"))
    return "".join(texts)


@written("date_format(date or timestamp, pattern literal) -> varchar")
def _date_format(call: Call) -> Typed:
    value = instant(call, 0)
    pattern = _strftime(_mysql_parts(call.literal(1, "a pattern")), _MYSQL, call)
    millis = f"date_trunc('millisecond', {cast(local(value, 'date_format'), timestamp(6))})"
    return Typed(f"strftime({millis}, {text_literal(pattern)})", VARCHAR)


@written("format_datetime(date or timestamp, Joda pattern literal) -> varchar")
def _format_datetime(call: Call) -> Typed:
    value = instant(call, 0)
    pattern = _strftime(_joda_parts(call.literal(1, "a pattern")), _JODA, call)
    millis = f"date_trunc('millisecond', {cast(local(value, 'format_datetime'), timestamp(6))})"
    return Typed(f"strftime({millis}, {text_literal(pattern)})", VARCHAR)


def _parser(name: str, digits: dict[str, str], known: dict[str, str], result: Type) -> Function:
    @written(f"{name}(varchar, pattern literal of numeric fields) -> {result}")
    def build(call: Call) -> Typed:
        if len(call.args) != 2 or call.args[0].type.name not in ("varchar", "unknown"):
            raise TypeMismatchError(f"Unexpected parameters for function {name}")
        pattern = call.literal(1, "a pattern")
        parts = _mysql_parts(pattern) if name == "date_parse" else _joda_parts(pattern)
        fields = [t for k, t in parts if k == "field"]
        if any(f not in digits for f in fields) or len(set(fields)) != len(fields) or not fields:
            raise NotSupportedError(f"function {name} with pattern '{pattern}'")
        shape = "".join(f"(?:{digits[t]})" if k == "field" else re.escape(t) for k, t in parts)
        base = {"Y": "%Y", "yyyy": "%Y"}
        if not any(f in base for f in fields):
            raise NotSupportedError(f"function {name} with a pattern without a year")
        text = f"trino_shaped_unsure({coerce(call.args[0], VARCHAR).sql}, {text_literal(shape)})"
        parsed = f"strptime({text}, {text_literal(_strftime(parts, known, call))})"
        return Typed(f"({parsed} AT TIME ZONE 'UTC')" if result.name != "timestamp" else parsed, result)

    return build


FUNCTIONS = [
    _date_format,
    _format_datetime,
    _parser("date_parse", _MYSQL_DIGITS, _MYSQL, timestamp(3)),
    _parser("parse_datetime", _JODA_DIGITS, _JODA, timestamptz(3)),
]
