"""OpenCSVSerde: quoted text, one record per line, parsed like opencsv 2.3.

Types: https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html. A date is written as its number of days, a timestamp
as its number of milliseconds since the epoch; an empty or invalid number fails the query.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from localaws.athena.embedded.sql.duckdb_types import duckdb_type
from localaws.athena.embedded.sql.typed import name_literal, text_literal
from localaws.athena.entries.hive_table import HiveTable
from localaws.athena.errors import UnsupportedError
from localaws.athena.types.trino import Type

_INTEGER = r"^[+-]?[0-9]+$"
_FLOAT = r"^\s*([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?Infinity|NaN)\s*$"


@dataclass(frozen=True)
class _SpecialCharacters:
    """The special characters; NUL for a quote or an escape character that is disabled."""

    separator: str
    quote: str
    escape: str

    @classmethod
    def of(cls, table: HiveTable) -> _SpecialCharacters:
        """Read the characters from a table's properties; raise UnsupportedError unless they are different."""
        settings = table.serde_parameters
        given = (settings.get(name) or default for name, default in _DEFAULTS.items())
        separator, quote, escape = (text[0] for text in given)
        # If the escape is a double quote, Hive uses opencsv's own default instead, the backslash.
        signs = cls(separator, quote, "\\" if escape == '"' else escape)
        used = [sign for sign in (signs.separator, signs.quote, signs.escape) if sign != _OFF]
        if separator == _OFF or len(set(used)) < len(used):
            raise UnsupportedError(
                f"table {table.database}.{table.name} whose separatorChar {separator!r}, quoteChar {quote!r} and "
                f"escapeChar {signs.escape!r} are not three different characters"
            )
        return signs


_OFF = "\0"
_DEFAULTS = {"separatorchar": ",", "quotechar": '"', "escapechar": "\\"}


def open_csv_splitter(table: HiveTable) -> Callable[[str], list[str | None]]:
    """Return a function that splits a line; it omits missing fields and a field with an unterminated quote."""
    signs, width = _SpecialCharacters.of(table), len(table.columns)

    def split(line: str) -> list[str | None]:
        if not line:
            return []
        if signs.quote not in line and signs.escape not in line:
            return list(line.split(signs.separator))
        return list(_split_quoted(line, signs, width))

    return split


def _split_quoted(line: str, signs: _SpecialCharacters, width: int) -> list[str]:
    """Split by opencsv's rules: an escape or a doubled quote is one character of a field, also outside of quotes."""
    fields: list[str] = []
    field: list[str] = []
    quoted = started = False
    at = 0
    while at < len(line) and len(fields) < width:
        character, following = line[at], line[at + 1 : at + 2]
        if character == signs.escape:
            if (quoted or started) and following in (signs.quote, signs.escape) and following:
                field.append(following)
                at += 1
        elif character == signs.quote:
            if (quoted or started) and following == signs.quote:
                field.append(following)
                at += 1
            else:
                if _is_inner_quote(line, at, signs.separator):
                    field = [] if "".join(field).isspace() else [*field, character]
                quoted = not quoted
            started = not started
        elif character == signs.separator and not quoted:
            fields.append("".join(field))
            field, started = [], False
        else:
            field.append(character)
            started = True
        at += 1
    return fields if quoted or len(fields) == width else [*fields, "".join(field)]


def _is_inner_quote(line: str, at: int, separator: str) -> bool:
    return at > 2 and line[at - 1] != separator and len(line) > at + 1 and line[at + 1] != separator


def open_csv_expression(name: str, kind: Type) -> str:
    """The SQL that converts a column's text; raise UnsupportedError for a type that the SerDe's page does not list."""
    text = name_literal(name)
    if kind.name == "varchar":
        return f"substring({text}, 1, {kind.size[0]})" if kind.size else text
    if kind.name in ("integer", "bigint"):
        return _checked(name, _INTEGER, f"CAST({text} AS {duckdb_type(kind)})")
    if kind.name == "double":
        return _checked(name, _FLOAT, f"CAST(trim({text}) AS DOUBLE)")
    if kind.name == "boolean":
        return _checked(name, "^(?i)(true|false)$", f"lower({text}) = 'true'")
    if kind.name == "date":
        return _checked(name, _INTEGER, f"DATE '1970-01-01' + CAST({text} AS INTEGER)")
    if kind.name == "timestamp":
        return _checked(name, _INTEGER, f"make_timestamp(CAST({text} AS BIGINT) * 1000)")
    raise UnsupportedError(f"type {kind} in an OpenCSVSerde table")


def _checked(name: str, pattern: str, value: str) -> str:
    text = name_literal(name)
    message = f"HIVE_BAD_DATA: Error parsing field value '' || {text} || '' for field {name}"
    left, right = message.split(f" '' || {text} || ''")
    error = f"error({text_literal(left + ' ')} || chr(39) || {text} || chr(39) || {text_literal(right)})"
    return (
        f"CASE WHEN {text} IS NULL THEN NULL WHEN regexp_matches({text}, {text_literal(pattern)}) THEN {value} "
        f"ELSE {error} END"
    )
