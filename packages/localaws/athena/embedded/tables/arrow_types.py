"""Arrow types for the values of Trino's types."""

from __future__ import annotations

import pyarrow as pa

from localaws.athena.errors import UnsupportedError
from localaws.athena.types.trino import Type, field_names

_PLAIN = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double": pa.float64(),
    "varchar": pa.string(),
    "char": pa.string(),
    "json": pa.string(),
    "varbinary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamp with time zone": pa.timestamp("us", tz="UTC"),
}


def arrow_type(kind: Type) -> pa.DataType:
    """Return the Arrow type for a Trino type; raise UnsupportedError for a type that no table can have."""
    if kind.name == "decimal":
        return pa.decimal128(*kind.size)
    if kind.name == "array":
        return pa.list_(arrow_type(kind.args[0]))
    if kind.name == "map":
        return pa.map_(arrow_type(kind.args[0]), arrow_type(kind.args[1]))
    if kind.name == "row":
        return pa.struct(list(zip(field_names(kind), map(arrow_type, kind.args), strict=True)))
    if kind.name not in _PLAIN:
        raise UnsupportedError(f"column of type {kind}")
    return _PLAIN[kind.name]
