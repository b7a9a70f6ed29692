"""Redshift's column types, and the equivalent types of PostgreSQL.

https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
"""

from __future__ import annotations

from sqlglot import exp

from localaws.redshift.errors import SqlError, UnsupportedError

Kind = exp.DataType.Type
_PLAIN = {
    Kind.SMALLINT: "smallint",
    Kind.INT: "integer",
    Kind.BIGINT: "bigint",
    Kind.FLOAT: "real",
    Kind.DOUBLE: "double precision",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.TIMETZ: "timetz",
    Kind.TIMESTAMP: "timestamp",
    Kind.DATETIME: "timestamp",
    Kind.TIMESTAMPTZ: "timestamptz",
}
_DECIMAL = {Kind.DECIMAL}
_CHAR = {Kind.CHAR, Kind.NCHAR}
_VARCHAR = {Kind.VARCHAR, Kind.NVARCHAR}
MOST_CHAR, MOST_VARCHAR, MOST_DIGITS, MOST_SCALE = 4096, 65535, 38, 37
DEFAULT_VARCHAR = 256


def postgres_type(kind: exp.DataType) -> str:
    """The PostgreSQL type with the same values; raises UnsupportedError, or SqlError for a length out of range."""
    sizes = [_size(parameter) for parameter in kind.expressions]
    if kind.this in _DECIMAL:
        precision, scale = (*sizes, 0)[:2] if sizes else (18, 0)
        if not 1 <= precision <= MOST_DIGITS or not 0 <= scale <= min(precision, MOST_SCALE):
            raise SqlError(f"DECIMAL precision {precision} must be between 1 and {MOST_DIGITS}, its scale below that")
        return f"numeric({precision},{scale})"
    if kind.this in _CHAR:
        return f"char({_length(sizes[0] if sizes else 1, MOST_CHAR)})"
    if kind.this in _VARCHAR:
        return f"varchar({_length(sizes[0] if sizes else DEFAULT_VARCHAR, MOST_VARCHAR)})"
    if kind.this is Kind.BPCHAR:
        return f"char({DEFAULT_VARCHAR})"
    if kind.this is Kind.TEXT:
        return f"varchar({DEFAULT_VARCHAR})"
    if kind.this in _PLAIN and not sizes:
        return _PLAIN[kind.this]
    raise UnsupportedError(f"type {kind.sql(dialect='redshift')}", "is not on the list of supported types")


def _size(parameter: exp.Expression) -> int:
    text = parameter.name.upper()
    if text == "MAX":
        return -1
    if not text.isdigit():
        raise SqlError(f"type modifier {text} is not a number")
    return int(text)


def _length(size: int, most: int) -> int:
    if size == -1:
        return most
    if not 1 <= size <= most:
        raise SqlError(f"length for type must be between 1 and {most}, not {size}")
    return size
