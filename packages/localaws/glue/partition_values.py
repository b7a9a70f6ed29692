"""Partition values, converted from text."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from moto.glue.exceptions import InvalidInputException

_INTEGERS = ("tinyint", "smallint", "int", "integer", "bigint", "long")
_STRINGS = ("string", "char", "varchar")


def is_text(key_type: str) -> bool:
    """Return whether values of a Hive type compare as text."""
    return _base(key_type) in _STRINGS


def _base(key_type: str) -> str:
    return key_type.lower().partition("(")[0].strip()


def cast(key_type: str, text: str) -> Any:
    """Return ``text`` as a value that compares as ``key_type`` does; raise ValueError if it is not of that type."""
    base = _base(key_type)
    if base in _STRINGS:
        return text
    if base in _INTEGERS:
        return _integer(text)
    if base == "decimal":
        return _decimal(text)
    if base == "date":
        return date.fromisoformat(_shaped(text, r"\d{4}-\d\d-\d\d", "a date"))
    if base == "timestamp":
        return _timestamp(text)
    raise InvalidInputException("GetPartitions", f"Unknown type : '{key_type}'")


def _integer(text: str) -> int:
    return int(_shaped(text, r"[+-]?\d+", "an integer"))


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text} is not a decimal.") from error


def _timestamp(text: str) -> tuple[datetime, int]:
    """The seconds, and the nanoseconds as a separate number."""
    shaped = _shaped(text, r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})?", "a timestamp (yyyy-mm-dd hh:mm:ss[.f])")
    seconds, _, fraction = shaped.partition(".")
    return datetime.fromisoformat(seconds), int(fraction.ljust(9, "0"))


def _shaped(text: str, pattern: str, what: str) -> str:
    if not re.fullmatch(pattern, text, re.ASCII):
        raise ValueError(f"{text} is not {what}.")
    return text
