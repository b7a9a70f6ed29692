"""Conversion between Iceberg's types and Trino's."""

from __future__ import annotations

from collections.abc import Iterator

from pyiceberg.schema import Schema
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FixedType,
    FloatType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    PrimitiveType,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
    TimeType,
    UUIDType,
)

from localaws.athena.errors import UnsupportedError
from localaws.athena.types import trino
from localaws.athena.types.trino import Columns, Type

_PRIMITIVES: dict[type[IcebergType], Type] = {
    BooleanType: trino.BOOLEAN,
    IntegerType: trino.INTEGER,
    LongType: trino.BIGINT,
    FloatType: trino.REAL,
    DoubleType: trino.DOUBLE,
    StringType: trino.VARCHAR,
    BinaryType: trino.VARBINARY,
    FixedType: trino.VARBINARY,
    DateType: trino.DATE,
    TimeType: trino.time(6),
    TimestampType: trino.timestamp(6),
    TimestamptzType: trino.timestamptz(6),
    UUIDType: Type("uuid"),
}
_ICEBERG: dict[str, PrimitiveType] = {
    "boolean": BooleanType(),
    "tinyint": IntegerType(),
    "smallint": IntegerType(),
    "integer": IntegerType(),
    "bigint": LongType(),
    "real": FloatType(),
    "double": DoubleType(),
    "varchar": StringType(),
    "char": StringType(),
    "varbinary": BinaryType(),
    "date": DateType(),
    "time": TimeType(),
    "timestamp": TimestampType(),
    "timestamp with time zone": TimestamptzType(),
    "uuid": UUIDType(),
}


def columns_of(schema: Schema) -> Columns:
    """A schema's columns with lower-case names; raise UnsupportedError if two names differ only in case."""
    columns = tuple((field.name.lower(), trino_type(field.field_type)) for field in schema.fields)
    if len({name for name, _ in columns}) < len(columns):
        raise UnsupportedError("Iceberg table with columns whose names differ only in case")
    return columns


def trino_type(kind: IcebergType) -> Type:
    """The Trino type of an Iceberg type; raise UnsupportedError for a type that Athena cannot read."""
    if isinstance(kind, DecimalType):
        return trino.decimal(kind.precision, kind.scale)
    if isinstance(kind, ListType):
        return trino.array(trino_type(kind.element_type))
    if isinstance(kind, MapType):
        return trino.map_of(trino_type(kind.key_type), trino_type(kind.value_type))
    if isinstance(kind, StructType):
        types = tuple(trino_type(field.field_type) for field in kind.fields)
        return trino.row(types, tuple(field.name for field in kind.fields))
    if type(kind) not in _PRIMITIVES:
        raise UnsupportedError(f"Iceberg type {kind}")
    return _PRIMITIVES[type(kind)]


def iceberg_schema(columns: Columns, comments: dict[str, str] | None = None) -> Schema:
    """A new schema with new field IDs; every column is optional."""
    numbers = iter(range(len(columns) + 1, 100_000))
    fields = [
        NestedField(i, name, iceberg_type(kind, numbers), required=False, doc=(comments or {}).get(name))
        for i, (name, kind) in enumerate(columns, 1)
    ]
    return Schema(*fields)


def iceberg_type(kind: Type, numbers: Iterator[int]) -> IcebergType:
    """The Iceberg type for a Trino type; nested fields take their IDs from ``numbers``."""
    if kind.name == "decimal":
        return DecimalType(*kind.size)
    if kind.name == "array":
        return ListType(next(numbers), iceberg_type(kind.args[0], numbers), element_required=False)
    if kind.name == "map":
        key_id, value_id = next(numbers), next(numbers)
        key, value = (iceberg_type(argument, numbers) for argument in kind.args)
        return MapType(key_id, key, value_id, value, value_required=False)
    if kind.name == "row":
        fields = [
            NestedField(next(numbers), name, iceberg_type(argument, numbers), required=False)
            for name, argument in zip(trino.field_names(kind), kind.args, strict=True)
        ]
        return StructType(*fields)
    if kind.name not in _ICEBERG:
        raise UnsupportedError(f"Iceberg column of type {kind}")
    return _ICEBERG[kind.name]
