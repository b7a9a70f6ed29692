"""Conversion of Avro's types and values to Arrow's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from localaws.athena.embedded.tables.parquet import check_readable
from localaws.athena.errors import UnsupportedError
from localaws.athena.files.data_files import DataFile
from localaws.athena.types.trino import INTEGERS, Type

_PLAIN = {
    "null": pa.null(),
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "bytes": pa.binary(),
    "fixed": pa.binary(),
    "string": pa.string(),
    "enum": pa.string(),
}
_LOGICAL = {
    "date": pa.date32(),
    "timestamp-millis": pa.timestamp("ms", tz="UTC"),
    "timestamp-micros": pa.timestamp("us", tz="UTC"),
    "local-timestamp-millis": pa.timestamp("ms"),
    "local-timestamp-micros": pa.timestamp("us"),
}


def arrow_of(schema: Any, where: str) -> pa.DataType:
    """The Arrow type of an expanded Avro schema; raise UnsupportedError, with ``where``, for an unsupported schema.

    A union may only contain one type and null.
    """
    if isinstance(schema, list):
        (branch, *others) = [branch for branch in schema if branch != "null"] or ["null"]
        if others:
            raise UnsupportedError(f"Avro union of several types in {where}")
        return arrow_of(branch, where)
    if isinstance(schema, str):
        return _PLAIN[schema]
    logical = schema.get("logicalType")
    if logical == "decimal":
        return pa.decimal128(schema["precision"], schema.get("scale", 0))
    if logical:
        if logical not in _LOGICAL:
            raise UnsupportedError(f"Avro type {logical} in {where}")
        return _LOGICAL[logical]
    return _nested(schema, where)


def _nested(schema: Any, where: str) -> pa.DataType:
    kind = schema["type"]
    if kind == "array":
        return pa.list_(arrow_of(schema["items"], where))
    if kind == "map":
        return pa.map_(pa.string(), arrow_of(schema["values"], where))
    if kind != "record":
        return arrow_of(kind, where)
    if capital := [field["name"] for field in schema["fields"] if field["name"] != field["name"].lower()]:
        raise UnsupportedError(f"Avro record with the name {capital[0]}, in capitals, in {where}")
    return pa.struct([(field["name"], arrow_of(field["type"], where)) for field in schema["fields"]])


def check_field(file: DataFile, field: tuple[str, pa.DataType], kind: Type) -> None:
    """Raise BadDataError for a field type that Avro cannot promote to the column's type, as it can int to long."""
    source = field[1]
    if pa.types.is_null(source) or (kind.name in ("real", "double") and pa.types.is_integer(source)):
        return
    if pa.types.is_int64(source) and kind in INTEGERS and kind.name != "bigint":
        check_readable(file, "Avro", field, Type("boolean"))  # refused, in the words of any other type
    check_readable(file, "Avro", field, kind)


def values_of(values: Sequence[Any], kind: pa.DataType) -> list[Any]:
    """Convert values for Arrow: a map becomes a list of pairs."""
    return [_value(value, kind) for value in values] if _has_map(kind) else list(values)


def _has_map(kind: pa.DataType) -> bool:
    return pa.types.is_map(kind) or any(_has_map(kind.field(i).type) for i in range(kind.num_fields))


def _value(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_map(kind):
        return [(key, _value(item, kind.item_type)) for key, item in value.items()]
    if pa.types.is_list(kind):
        return [_value(item, kind.value_type) for item in value]
    if pa.types.is_struct(kind):
        return {field.name: _value(value[field.name], field.type) for field in kind}
    return value
