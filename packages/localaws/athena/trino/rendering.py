"""Values in Trino's responses, printed as in Athena."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from localaws.athena.types.double_text import double_text
from localaws.athena.types.trino import Columns, Type, field_names

_LEAST_DIGITS = 3


def text_batch(rows: Sequence[Sequence[Any]], columns: Columns) -> pa.RecordBatch:
    """Convert rows of Trino's JSON to columns of texts, NULL for NULL."""
    values = [pa.array([render(row[i], kind) for row in rows], pa.string()) for i, (_, kind) in enumerate(columns)]
    return pa.record_batch(values, names=[f"c{i}" for i in range(len(columns))])


def render(value: Any, kind: Type) -> str | None:
    """The text of one value; None for NULL."""
    if value is None:
        return None
    printer = _PRINTERS.get(kind.name)
    if printer is None:
        return str(value)
    return printer(value, kind)


def _instant(text: str, kind: Type) -> str:
    """Pad a fraction of a second to three digits; keep the zone, if any, at the end."""
    moment, zone = text[:19], ""
    fraction = text[19:]
    if " " in fraction:
        fraction, _, zone = fraction.partition(" ")
    digits = fraction.lstrip(".").ljust(_LEAST_DIGITS, "0")
    return f"{moment}.{digits}" + (f" {zone}" if zone else "")


def _array(value: Any, kind: Type) -> str:
    return "[" + ", ".join(_inner(item, kind.args[0]) for item in value) + "]"


def _map(value: Any, kind: Type) -> str:
    pairs = (f"{_key(key, kind.args[0])}={_inner(item, kind.args[1])}" for key, item in value.items())
    return "{" + ", ".join(pairs) + "}"


def _key(text: str, kind: Type) -> str:
    """Print a map's key, which is text in JSON, as a value of its type."""
    if kind.name in ("double", "real"):
        return double_text(float(text), single=kind.name == "real")
    return _inner(text, kind)


def _row(value: Any, kind: Type) -> str:
    fields = zip(field_names(kind), kind.args, value, strict=True)
    return "{" + ", ".join(f"{name}={_inner(item, inner)}" for name, inner, item in fields) + "}"


def _inner(value: Any, kind: Type) -> str:
    text = render(value, kind)
    return "null" if text is None else text


def _boolean(value: Any, kind: Type) -> str:
    return value if isinstance(value, str) else str(bool(value)).lower()


_PRINTERS: dict[str, Callable[[Any, Type], str]] = {
    "boolean": _boolean,
    "double": lambda value, kind: double_text(float(value)),
    "real": lambda value, kind: double_text(float(value), single=True),
    "varbinary": lambda value, kind: base64.b64decode(value).hex(" "),
    "timestamp": _instant,
    "timestamp with time zone": _instant,
    "array": _array,
    "map": _map,
    "row": _row,
}
