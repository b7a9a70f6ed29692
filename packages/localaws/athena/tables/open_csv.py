"""OpenCSVSerde: quoted text, one record a line, read as the opencsv 2.3 parser reads it.

Types: https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html. A date is its number of days, a timestamp its
number of milliseconds since the epoch, and a number that is empty or no number fails the query.
"""

from __future__ import annotations

from collections.abc import Callable

from localaws.athena.errors import UnsupportedError
from localaws.athena.sql.typed import name_literal, text_literal
from localaws.athena.sql.types import Type, duckdb_type
from localaws.athena.tables.hive import HiveTable

_INTEGER = r"^[+-]?[0-9]+$"
_FLOAT = r"^\s*([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?Infinity|NaN)\s*$"


def open_csv_splitter(table: HiveTable) -> Callable[[str], list[str | None]]:
    """The function that cuts a line."""
    settings = table.serde_parameters
    separator = (settings.get("separatorChar") or ",")[0]
    quote = (settings.get("quoteChar") or '"')[0]
    escape = (settings.get("escapeChar") or "\\")[0]
    if escape == quote:
        # Hive asks for opencsv's own default here, and that is the backslash
        escape = "\\"

    def split(line: str) -> list[str | None]:
        if quote not in line and escape not in line:
            return list(line.split(separator))
        return list(_split_quoted(line, separator, quote, escape))

    return split


def _split_quoted(line: str, separator: str, quote: str, escape: str) -> list[str]:
    """Opencsv's CSVParser.parseLine: a quote within a field that is not quoted belongs to the field."""
    fields: list[str] = []
    field: list[str] = []
    quoted, at = False, 0
    while at < len(line):
        character, following = line[at], line[at + 1 : at + 2]
        if character == escape:
            if quoted and following in (quote, escape) and following:
                field.append(following)
                at += 1
        elif character == quote:
            if quoted and following == quote:
                field.append(quote)
                at += 1
            else:
                if _is_inner_quote(line, at, separator):
                    field = [] if "".join(field).isspace() else [*field, quote]
                quoted = not quoted
        elif character == separator and not quoted:
            fields.append("".join(field))
            field = []
        else:
            field.append(character)
        at += 1
    if quoted:
        raise UnsupportedError("OpenCSVSerde: a quoted field that does not end on its line")
    return [*fields, "".join(field)]


def _is_inner_quote(line: str, at: int, separator: str) -> bool:
    return at > 2 and line[at - 1] != separator and len(line) > at + 1 and line[at + 1] != separator


def open_csv_expression(name: str, kind: Type) -> str:
    """A column's value from its text; raise UnsupportedError for a type that the SerDe's page does not name."""
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
