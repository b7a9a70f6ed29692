"""The size of a message, as SQS and SNS calculate it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def message_size(body: str | None, attributes: Mapping[str, Any] | None) -> int:
    """Return the size of a message in bytes: its body, and the name, type and value of each attribute."""
    size = len(str(body or "").encode())
    for name, attribute in (attributes or {}).items():
        value = attribute.get("StringValue") or attribute.get("BinaryValue") or b""
        size += len(name) + len(attribute.get("DataType") or "")
        size += len(value.encode() if isinstance(value, str) else value)
    return size
