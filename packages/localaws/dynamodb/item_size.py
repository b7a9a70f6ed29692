"""Sizes of items: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_COLLECTION = 3


def item_size(attributes: Mapping[str, Any]) -> int:
    """Return the size of an item in bytes: the names of its attributes and their values, in DynamoDB's JSON."""
    return sum(len(name.encode()) + _value_size(value) for name, value in attributes.items())


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind in ("SS", "NS", "BS"):
        return sum(_value_size({kind[0]: item}) for item in content)
    if kind == "L":
        return _COLLECTION + sum(1 + _value_size(item) for item in content)
    if kind == "M":
        return _COLLECTION + len(content) + item_size(content)
    if kind == "N":
        return _number_size(str(content))
    if kind == "S":
        return len(str(content).encode())
    if kind == "B":
        return len(content if isinstance(content, bytes) else b64decode(content))
    return 1


def _number_size(text: str) -> int:
    """Return the size of a number: 1 byte, 1 per two significant digits, and 1 for a minus sign."""
    digits = Decimal(text).normalize().as_tuple()
    return 1 + (len(digits.digits) + 1) // 2 + digits.sign
