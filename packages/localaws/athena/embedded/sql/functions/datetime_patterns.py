"""Dates parsed and formatted by MySQL's and Joda's patterns: https://trino.io/docs/current/functions/datetime.html."""

from __future__ import annotations

import re

from localaws.athena.embedded.sql.date_texts import joda_field, mysql_field
from localaws.athena.embedded.sql.date_texts import written as written_parts
from localaws.athena.embedded.sql.functions.datetimes import instant, local
from localaws.athena.embedded.sql.functions.signatures import Call, Function, written
from localaws.athena.embedded.sql.typed import Typed, cast, coerce, text_literal
from localaws.athena.sql_errors import InvalidArgumentError, NotSupportedError, UnexpectedParametersError
from localaws.athena.types.trino import VARCHAR, Type, timestamp, timestamptz

_MYSQL = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "f": "%f", "H": "%H", "h": "%I", "I": "%I", "i": "%M",
    "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "r": "%I:%M:%S %p", "S": "%S", "s": "%S",
    "T": "%H:%M:%S", "v": "%V", "W": "%A", "x": "%G", "Y": "%Y", "y": "%y", "%": "%%",
}  # fmt: skip


_NOT_IN_TRINO = "DUuVwX"  # https://trino.io/docs/current/functions/datetime.html#mysql-date-functions
_MYSQL_DIGITS = {"Y": r"\d{4}", "m": r"\d{2}", "d": r"\d{2}", "H": r"\d{2}", "i": r"\d{2}", "s": r"\d{2}",
                 "S": r"\d{2}", "f": r"\d{3}|\d{6}"}  # fmt: skip


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
        if kind == "field" and known is _MYSQL and text in _NOT_IN_TRINO:
            raise InvalidArgumentError(f"%{text} not supported in date format string")
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
    mysql = name == "date_parse"
    field = mysql_field if mysql else joda_field

    @written(f"{name}(varchar, pattern literal) -> {result}")
    def build(call: Call) -> Typed:
        if len(call.args) != 2 or call.args[0].type.name not in ("varchar", "unknown"):
            raise UnexpectedParametersError(f"Unexpected parameters for function {name}")
        pattern = call.literal(1, "a pattern")
        parts = _expanded(_mysql_parts(pattern)) if mysql else _joda_parts(pattern)
        fields = [t for k, t in parts if k == "field"]
        if unknown := [f for f in fields if field(f) is None]:
            raise NotSupportedError(f"function {name} with {unknown[0]!r} in its pattern")
        if len({field(f) for f in fields}) != len(fields) or not fields or "\n" in pattern:
            raise NotSupportedError(f"function {name} with pattern '{pattern}'")
        text = coerce(call.args[0], VARCHAR).sql
        parsed = f"trino_{name}({text}, {text_literal(written_parts(parts))})"
        if all(f in digits for f in fields) and {"Y", "yyyy"} & set(fields):
            shape = "".join(f"(?:{digits[t]})" if k == "field" else re.escape(t) for k, t in parts)
            plain = f"strptime({text}, {text_literal(_strftime(parts, known, call))})"
            parsed = f"CASE WHEN regexp_full_match({text}, {text_literal(shape)}) THEN {plain} ELSE {parsed} END"
        return Typed(f"({parsed} AT TIME ZONE 'UTC')" if result.name != "timestamp" else parsed, result)

    return build


def _expanded(parts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Replace %T and %r by their fields, and %% by the text `%`."""
    spelled: list[tuple[str, str]] = []
    for kind, text in parts:
        if kind == "field" and text in _SHORT:
            spelled += _mysql_parts(_SHORT[text])
        else:
            spelled.append(("text", "%") if (kind, text) == ("field", "%") else (kind, text))
    return spelled


_SHORT = {"T": "%H:%i:%s", "r": "%h:%i:%s %p"}


FUNCTIONS = [
    _date_format,
    _format_datetime,
    _parser("date_parse", _MYSQL_DIGITS, _MYSQL, timestamp(3)),
    _parser("parse_datetime", _JODA_DIGITS, _JODA, timestamptz(3)),
]
