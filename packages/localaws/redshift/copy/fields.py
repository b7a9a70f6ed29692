"""Converts COPY's fields: from text in the file to text that PostgreSQL accepts, or None for NULL.

https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from localaws.redshift.copy import problems
from localaws.redshift.copy.columns import INTEGERS, Column
from localaws.redshift.copy.options import CopyOptions
from localaws.redshift.copy.problems import FieldError
from localaws.redshift.copy.times import date_reader, time_reader
from localaws.redshift.errors import UnsupportedError

Converter: TypeAlias = Callable[[str], str | None]
_INTEGER = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d*)(?:\.(?P<fraction>\d*))?")
_FLOAT = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_NAMES = {
    "int2": "Integer",
    "int4": "Integer",
    "int8": "Long",
    "numeric": "Decimal",
    "float4": "Float",
    "float8": "Double",
}
_TRUE = frozenset({"1", "t", "true", "y", "yes"})
_FALSE = frozenset({"0", "f", "false", "n", "no"})
_SURROGATE = re.compile("[\udc80-\udcff]+")


def converter(column: Column, options: CopyOptions) -> Converter:
    """Return a function that converts a column's fields.

    The function raises FieldError, or UnsupportedError for a value that Redshift may accept.
    """
    if column.is_text:
        return _text_converter(column, options)
    convert = _typed(column, options)
    null_as, name, not_null = options.null_as, column.name, column.not_null

    def convert_field(value: str) -> str | None:
        if value == null_as or not value or value.isspace():
            if not_null:
                raise _missing(name)
            return None
        return convert(value)

    return convert_field


def _typed(column: Column, options: CopyOptions) -> Callable[[str], str | None]:
    if column.kind in INTEGERS:
        return lambda value: _integer(value, column.kind)
    if column.kind == "numeric":
        return lambda value: _decimal(value, column, options.round_decimals)
    if column.kind in ("float4", "float8"):
        return lambda value: _float(value, column.kind)
    if column.kind == "bool":
        return _boolean
    if column.kind == "date":
        return date_reader(options.date_format)
    if column.kind in ("timestamp", "timestamptz"):
        return time_reader(options.time_format, with_zone=column.kind == "timestamptz")
    raise UnsupportedError(f"COPY into a column of type {column.kind}")


def _text_converter(column: Column, options: CopyOptions) -> Converter:
    empty_as_null = options.empty_as_null or not options.null_as

    def convert_field(value: str) -> str | None:
        if value == options.null_as or (not value and empty_as_null) or (options.blanks_as_null and value.isspace()):
            if column.not_null:
                raise _missing(column.name)
            return None
        return _fitted(value, column, options)

    return convert_field


def _fitted(value: str, column: Column, options: CopyOptions) -> str:
    if "\0" in value:
        raise UnsupportedError(f"COPY of a NUL character into column {column.name}")
    if column.kind == "varchar":
        value = _valid(value, options)
        value = value.rstrip() if options.trim_blanks else value
    elif not value.isascii():
        position, letter = next((place, letter) for place, letter in enumerate(value) if not letter.isascii())
        shown = letter.encode("utf-8", "surrogateescape").hex(" ")
        reason = f"Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: {shown}"
        raise FieldError(problems.INVALID_TEXT, reason, position)
    size = len(value) if value.isascii() else len(value.encode())
    if size > column.size:
        if not options.truncate_columns:
            raise FieldError(problems.OUT_OF_RANGE, "String length exceeds DDL length")
        value = value.encode()[: column.size].decode(errors="ignore")
    return value


def _valid(value: str, options: CopyOptions) -> str:
    """Replace invalid UTF-8 bytes, which are lone surrogates here, one by one, or refuse them."""
    surrogate = _SURROGATE.search(value)
    if surrogate is None:
        return value
    if options.invalid_as:
        return _SURROGATE.sub(lambda match: options.invalid_as * len(match[0]), value)
    data = value.encode("utf-8", "surrogateescape")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        bad, number = data[error.start : error.end].hex(" "), _UTF8_ERRORS.get(error.reason, 4)
        reason = (
            f"String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: {bad} (error {number})"
        )
        raise FieldError(problems.INVALID_TEXT, reason, surrogate.start()) from None
    return value


# Error numbers from https://docs.aws.amazon.com/redshift/latest/dg/multi-byte-character-load-errors.html.
_UTF8_ERRORS = {"unexpected end of data": 2, "invalid start byte": 3, "invalid continuation byte": 4}


def _integer(value: str, kind: str) -> str:
    if not _INTEGER.fullmatch(value) or not value.isascii():
        raise _bad_digit(value, kind, "+-0123456789")
    number, limit = int(value), 1 << (8 * INTEGERS[kind] - 1)
    if not -limit <= number < limit:
        raise FieldError(problems.OUT_OF_RANGE, f"Value out of range for {INTEGERS[kind]} bytes.")
    return value


def _decimal(value: str, column: Column, rounded: bool) -> str:
    match = _DECIMAL.fullmatch(value)
    if match is None or not value.isascii() or not (match["whole"] or match["fraction"]):
        if _FLOAT.fullmatch(value):
            raise UnsupportedError(f"COPY of {value[:60]} into DECIMAL column {column.name}")
        raise _bad_digit(value, "numeric", "+-.0123456789")
    whole, fraction = match["whole"].lstrip("0"), match["fraction"] or ""
    kept = fraction[: column.scale]
    if rounded and fraction[column.scale : column.scale + 1] >= "5":
        number = str(int((whole + kept.ljust(column.scale, "0")) or "0") + 1).rjust(column.scale + 1, "0")
        cut = len(number) - column.scale
        whole, kept = number[:cut].lstrip("0"), number[cut:]
    if len(whole) > column.size - column.scale:
        reason = f"Overflow for NUMERIC({column.size},{column.scale})"
        raise FieldError(problems.DIGIT, reason)
    return f"{match['sign']}{whole or '0'}.{kept}" if kept else f"{match['sign']}{whole or '0'}"


def _float(value: str, kind: str) -> str:
    if not _FLOAT.fullmatch(value) or not value.isascii():
        if value.lower().lstrip("+-") in ("nan", "inf", "infinity"):
            raise UnsupportedError(f"COPY of {value} into a floating-point column")
        raise _bad_digit(value, kind, "+-.eE0123456789")
    return value


def _boolean(value: str) -> str:
    word = value.lower()
    if word in _TRUE or word in _FALSE:
        return "t" if word in _TRUE else "f"
    raise FieldError(problems.BOOLEAN, "Unknown boolean format")


def _bad_digit(value: str, kind: str, allowed: str) -> FieldError:
    position = next((place for place, letter in enumerate(value) if letter not in allowed), 0)
    shown = value[position : position + 1]
    return FieldError(problems.DIGIT, f"Invalid digit, Value '{shown}', Pos {position}, Type: {_NAMES[kind]}", position)


def _missing(name: str) -> FieldError:
    return FieldError(problems.NOT_NULL, "Missing data for not-null field")
