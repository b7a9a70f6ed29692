"""Writes the rows of a query as an Avro file, with the schema that Hive derives from a table's columns."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from localaws.athena.embedded.tables.arrow_types import arrow_type
from localaws.athena.embedded.writes.options import FileOptions
from localaws.athena.errors import UnsupportedError
from localaws.athena.types.trino import Columns, Type, field_names

if TYPE_CHECKING:
    from localaws.athena.embedded.context import Context

_CODECS = {"GZIP": "deflate", "SNAPPY": "snappy", "ZSTD": "zstandard", "NONE": "null"}
_PLAIN = {
    "boolean": "boolean",
    "tinyint": "int",
    "smallint": "int",
    "integer": "int",
    "bigint": "long",
    "real": "float",
    "double": "double",
    "varchar": "string",
    "char": "string",
    "varbinary": "bytes",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def write_avro(context: Context, sql: str, columns: Columns, path: Path, options: FileOptions) -> int:
    """Write a query's rows; return their number. Raises UnsupportedError for a name or type that Avro lacks."""
    from fastavro import parse_schema
    from fastavro.write import Writer

    records = itertools.count()
    schema = {"type": "record", "name": "row", "fields": [_field(name, kind, records) for name, kind in columns]}
    arrow = pa.schema([(name, arrow_type(kind)) for name, kind in columns])
    rows = 0
    with path.open("wb") as file:
        writer = Writer(file, parse_schema(schema), codec=_CODECS[options.codec])
        for batch in context.session.stream(sql):
            for row in pa.Table.from_arrays(batch.columns, names=arrow.names).cast(arrow).to_pylist():
                writer.write({name: _value(row[name], kind) for name, kind in columns})
            rows += batch.num_rows
        writer.flush()
    return rows


def _field(name: str, kind: Type, records: Iterator[int]) -> dict[str, Any]:
    if not _NAME.fullmatch(name):
        raise UnsupportedError(f"Avro file with a column named '{name}'")
    return {"name": name, "type": ["null", _schema(kind, records)], "default": None}


def _schema(kind: Type, records: Iterator[int]) -> Any:
    if kind.name == "decimal":
        return {"type": "bytes", "logicalType": "decimal", "precision": kind.size[0], "scale": kind.size[1]}
    if kind.name == "date":
        return {"type": "int", "logicalType": "date"}
    if kind.name == "timestamp":
        return {"type": "long", "logicalType": "timestamp-millis"}
    if kind.name == "array":
        return {"type": "array", "items": ["null", _schema(kind.args[0], records)]}
    if kind.name == "map" and kind.args[0].name in ("varchar", "char"):
        return {"type": "map", "values": ["null", _schema(kind.args[1], records)]}
    if kind.name == "row":
        fields = zip(field_names(kind), kind.args, strict=True)
        return {
            "type": "record",
            "name": f"row{next(records)}",
            "fields": [_field(*field, records) for field in fields],
        }
    if kind.name not in _PLAIN:
        raise UnsupportedError(f"Avro file with a column of type {kind}")
    return _PLAIN[kind.name]


def _value(value: Any, kind: Type) -> Any:
    """Convert an Arrow value for Avro: instants to UTC, maps to dictionaries."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if value is None or not kind.args:
        return value
    if kind.name == "map":
        return {key: _value(item, kind.args[1]) for key, item in value}
    if kind.name == "array":
        return [_value(item, kind.args[0]) for item in value]
    return {name: _value(value[name], part) for name, part in zip(field_names(kind), kind.args, strict=True)}
