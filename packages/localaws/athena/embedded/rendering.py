"""Columns of values in the text form of Athena's result files."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from localaws.athena.embedded.sql.render import render
from localaws.athena.types.trino import Type

_AS_TEXT = frozenset(
    {"varchar", "json", "unknown", "tinyint", "smallint", "integer", "bigint", "boolean", "date", "uuid"}
)
_LEAST_DIGITS = 3


def render_column(values: pa.Array, kind: Type) -> pa.Array:
    """Convert a column to text: Arrow values in, Arrow strings of the same length out, NULL stays NULL.

    Types for which Arrow's cast writes the same text as Athena are cast as a column; others are converted value by
    value.
    """
    if kind.name in _AS_TEXT:
        return pc.cast(values, pa.string())
    if kind.name == "timestamp":
        text = pc.cast(pc.cast(values, pa.timestamp("us")), pa.string())
        return pc.utf8_slice_codeunits(text, 0, len("2024-01-01 00:00:00.") + max(kind.size[0], _LEAST_DIGITS))
    items = values.to_pylist(maps_as_pydicts="strict") if kind.args else values.to_pylist()
    return pa.array([render(item, kind) for item in items], pa.string())
