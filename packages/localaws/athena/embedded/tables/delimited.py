"""LazySimpleSerDe: delimited text without quotes; values that cannot be parsed are NULL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from localaws.athena.embedded.sql.duckdb_types import duckdb_type
from localaws.athena.embedded.sql.typed import name_literal, text_literal
from localaws.athena.embedded.tables.parquet import rounded_to_millis
from localaws.athena.entries.hive_table import HiveTable
from localaws.athena.errors import UnsupportedError
from localaws.athena.types.trino import INTEGERS, Type

_INTEGER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)$"
_DECIMAL = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_FLOAT = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
_SPECIAL = r"^\s*([+-]?Infinity|NaN)\s*$"
_DATE = r"^\s*([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:\s.*)?$"
_TIMESTAMP = r"^\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2} [0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?\s*$"

_PIECE = re.compile(r"([A-Za-z])\1*|'[^']*'|[^A-Za-z']")
# a field of a pattern: a regular expression of its digits, and its strptime format
_FIELDS = {
    "yyyy": ("[0-9]{4}", "%Y"),
    **dict.fromkeys(("M", "MM"), ("[0-9]{1,2}", "%m")),
    **dict.fromkeys(("d", "dd"), ("[0-9]{1,2}", "%d")),
    **dict.fromkeys(("H", "HH"), ("[0-9]{1,2}", "%H")),
    **dict.fromkeys(("m", "mm"), ("[0-9]{1,2}", "%M")),
    **dict.fromkeys(("s", "ss"), ("[0-9]{1,2}", "%S")),
    **{"S" * digits: (f"[0-9]{{{digits}}}", "%f") for digits in range(1, 7)},
}


def delimited_splitter(table: HiveTable) -> Callable[[str], list[str | None]]:
    """Return a function that splits a line into fields; the table's text for NULL becomes None."""
    settings = table.serde_parameters
    delimiter = _character(settings, "field.delim", _character(settings, "serialization.format", "\x01"))
    null = settings.get("serialization.null.format", table.parameters.get("serialization.null.format", r"\N"))
    escape = _character(settings, "escape.delim", "")
    takes_rest = settings.get("serialization.last.column.takes.rest", "").strip().lower() == "true"
    cuts = len(table.columns) - 1 if takes_rest else -1
    if escape:
        return _escaped_splitter(delimiter, escape, null, cuts)
    return lambda line: [None if field == null else field for field in line.split(delimiter, cuts)]


def _escaped_splitter(delimiter: str, escape: str, null: str, cuts: int) -> Callable[[str], list[str | None]]:
    d, e = re.escape(delimiter), re.escape(escape)
    field = re.compile(f"{d}((?:[^{d}{e}]|{e}.|{e}$)*)", re.DOTALL)
    escaped = re.compile(f"{e}(.)", re.DOTALL)

    def split(line: str) -> list[str | None]:
        fields = field.findall(delimiter + line)
        if 0 <= cuts < len(fields) - 1:
            fields = [*fields[:cuts], delimiter.join(fields[cuts:])]
        return [None if raw == null else escaped.sub(r"\1", raw) if escape in raw else raw for raw in fields]

    return split


def _character(settings: Mapping[str, str], name: str, default: str) -> str:
    """Return a property's character: as in Hive, a number is a character code, else the first character counts."""
    value = settings.get(name, "")
    if not value:
        return default
    if re.fullmatch(r"-?\d{1,3}", value) and -128 <= int(value) <= 127:
        return chr(int(value) % 256)
    return value[0]


def delimited_expression(name: str, kind: Type, settings: Mapping[str, str]) -> str:
    """The SQL that converts a column's text to its value, by the SerDe's properties.

    A type that is not supported in text stops the query when the column is read. Raises UnsupportedError for
    unsupported `timestamp.formats`.
    """
    text, target = name_literal(name), duckdb_type(kind)
    if kind.name in ("varchar", "char"):
        return _text(text, kind)
    if kind.name == "boolean":
        return _boolean(text, settings)
    if kind.name == "timestamp":
        return _timestamp(text, settings.get("timestamp.formats", ""))
    if kind.name in _PARSED:
        pattern, value = _PARSED[kind.name]
        return _guarded(text, pattern, value(text, target))
    stop = (
        f"NOT_SUPPORTED: type {kind} of column {name} in a text table is not supported, because the result could "
        "differ from Athena's"
    )
    return f"CAST(error({text_literal(stop)} || substring({text}, 1, 0)) AS {target})"


def _text(text: str, kind: Type) -> str:
    cut = f"substring({text}, 1, {kind.size[0]})" if kind.size else text
    return cut if kind.name == "varchar" else f"rtrim({cut}, ' ')"


def _boolean(text: str, settings: Mapping[str, str]) -> str:
    extended = settings.get("hive.lazysimple.extended_boolean_literal", "").strip().lower() == "true"
    true, false = ("'true', 't', '1'", "'false', 'f', '0'") if extended else ("'true'", "'false'")
    return f"CASE WHEN lower({text}) IN ({true}) THEN true WHEN lower({text}) IN ({false}) THEN false END"


def _whole(text: str) -> str:
    """The digits before the decimal point; as in Hive, `19.7` is 19 and `.5` is 0."""
    digits = f"regexp_extract({text}, '^[+-]?[0-9]*')"
    return f"CASE WHEN {digits} IN ('', '+', '-') THEN '0' ELSE {digits} END"


def _lenient_date(text: str) -> str:
    """A date whose day or month may overflow: 1986-01-33 is 1986-02-02."""
    year, month, day = (f"CAST(regexp_extract({text}, {text_literal(_DATE)}, {i}) AS INTEGER)" for i in (1, 2, 3))
    return f"CAST(make_date({year}, 1, 1) + to_months({month} - 1) + to_days({day} - 1) AS DATE)"


def _trimmed(text: str, target: str) -> str:
    return f"TRY_CAST(trim({text}) AS {target})"


# regular expression of a valid text, and the SQL of its value
_PARSED: dict[str, tuple[str, Callable[[str, str], str]]] = {
    **{kind.name: (_INTEGER, lambda text, target: f"TRY_CAST({_whole(text)} AS {target})") for kind in INTEGERS},
    **dict.fromkeys(("double", "real"), (f"({_FLOAT})|({_SPECIAL})", _trimmed)),
    "decimal": (_DECIMAL, lambda text, target: f"TRY_CAST({text} AS {target})"),
    "date": (_DATE, lambda text, _: _lenient_date(text)),
}


def _timestamp(text: str, formats: str) -> str:
    """Parse by the first of `timestamp.formats` that matches, else by JDBC's format; NULL if none matches."""
    plain = _guarded(text, _TIMESTAMP, rounded_to_millis(f"TRY_CAST(trim({text}) AS TIMESTAMP)"))
    tried = [_patterned(text, pattern) for pattern in formats.split(",") if pattern]
    return f"coalesce({', '.join([*tried, plain])})" if tried else plain


def _patterned(text: str, pattern: str) -> str:
    """Parse by a Joda-Time pattern: https://www.joda.org/joda-time/apidocs/org/joda/time/format/DateTimeFormat.html."""
    if pattern == "millis":
        return _guarded(
            text, "^[0-9]{1,15}(\\.[0-9]+)?$", f"make_timestamp_ms(CAST(split_part({text}, '.', 1) AS BIGINT))"
        )
    pieces = [match[0] for match in _PIECE.finditer(pattern)]
    if "".join(pieces) != pattern or not all(piece in _FIELDS or not piece[0].isalpha() for piece in pieces):
        raise UnsupportedError(f"timestamp.formats with the pattern {pattern!r}")
    literals = [piece if piece[0] != "'" else piece[1:-1] or "'" for piece in pieces]
    shape = "".join(_FIELDS[p][0] if p in _FIELDS else re.escape(t) for p, t in zip(pieces, literals, strict=True))
    parsed = "".join(
        _FIELDS[p][1] if p in _FIELDS else t.replace("%", "%%") for p, t in zip(pieces, literals, strict=True)
    )
    return _guarded(text, f"^{shape}$", rounded_to_millis(f"try_strptime({text}, {text_literal(parsed)})"))


def _guarded(text: str, pattern: str, value: str) -> str:
    return f"CASE WHEN regexp_matches({text}, {text_literal(pattern)}) THEN {value} END"
