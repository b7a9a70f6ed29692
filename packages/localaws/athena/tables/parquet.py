"""Hive tables of Parquet files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from localaws.athena.errors import BadDataError, UnsupportedError
from localaws.athena.sql.typed import name_literal, text_literal
from localaws.athena.sql.types import Type, duckdb_type
from localaws.athena.tables.data_files import DataFile
from localaws.athena.tables.relation import Columns

_INTEGERS = {"tinyint": (8, 32), "smallint": (16, 32), "integer": (32, 32), "bigint": (64, 64)}


def parquet_scan(files: Sequence[DataFile], columns: Columns) -> tuple[str, dict[str, str]]:
    """A table function over the files, and the expression of each column on it.

    Columns are found by name, whatever their case; one that a file lacks is NULL there.
    Raises BadDataError for a file whose column has a type that the table's cannot be read from.
    """
    fine_times = set()
    for file in files:
        schema = footer_schema(file)
        for name, kind in columns:
            if name in schema:
                _check(file, name, schema[name], kind)
                if _is_finer(schema[name], kind):
                    fine_times.add(name)
    paths = ", ".join(text_literal(str(file.path)) for file in files)
    fields = ", ".join(
        f"{text_literal(name)}: {{name: {text_literal(name)}, type: {text_literal(duckdb_type(kind))}, "
        "default_value: NULL}"
        for name, kind in columns
    )
    schema_option = f", schema=MAP {{{fields}}}" if columns else ""
    expressions = {
        name: rounded_to_millis(name_literal(name)) if name in fine_times else name_literal(name) for name, _ in columns
    }
    return f"read_parquet([{paths}]{schema_option}, hive_partitioning=false)", expressions


def rounded_to_millis(column: str) -> str:
    """Hive's timestamps have three digits: Athena rounds finer ones, halves away from zero."""
    micros = f"epoch_us({column})"
    half = f"CASE WHEN {micros} < 0 THEN -500 ELSE 500 END"
    return f"make_timestamp((({micros} + {half}) // 1000 + 0) * 1000)"


def footer_schema(file: DataFile) -> dict[str, pa.DataType]:
    """Column types of a file, by lower-case name."""
    return _footer(file.path, file.modified, file.size)


@lru_cache(maxsize=10_000)
def _footer(path: Path, modified: float, size: int) -> dict[str, pa.DataType]:
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadDataError(f"{path.name} is not a Parquet file: {str(error)[:200]}") from error
    return {field.name.lower(): field.type for field in schema}


def _is_finer(found: pa.DataType, kind: Type) -> bool:
    return (
        kind.name == "timestamp" and kind.size == (3,) and pa.types.is_timestamp(found) and found.unit in ("us", "ns")
    )


def _check(file: DataFile, name: str, found: pa.DataType, kind: Type) -> None:
    if not _readable(found, kind):
        raise BadDataError(
            f"Malformed Parquet file. Field '{name}' of type {found} in parquet file {file.uri} is incompatible with "
            f"type {kind} defined in table schema"
        )


def _readable(found: pa.DataType, kind: Type) -> bool:
    types = pa.types
    if kind.name in _INTEGERS:
        most = _INTEGERS[kind.name][1]
        return (types.is_signed_integer(found) and found.bit_width <= most) or (
            types.is_unsigned_integer(found) and found.bit_width < most
        )
    if kind.name == "decimal":
        return types.is_decimal(found) and _fits(found, kind)
    if kind.name in ("varchar", "char"):
        return _is_text(found)
    if kind.name in ("array", "map", "row"):
        return _readable_nested(found, kind)
    if kind.name == "double":
        return types.is_float64(found) or types.is_float32(found)
    plain = {
        "boolean": types.is_boolean,
        "real": types.is_float32,
        "varbinary": lambda t: types.is_binary(t) or types.is_large_binary(t) or types.is_fixed_size_binary(t),
        "date": types.is_date32,
        "timestamp": types.is_timestamp,
    }
    return kind.name in plain and bool(plain[kind.name](found))


def _is_text(found: pa.DataType) -> bool:
    if pa.types.is_dictionary(found):
        return _is_text(found.value_type)
    return bool(pa.types.is_string(found) or pa.types.is_large_string(found))


def _fits(found: pa.Decimal128Type, kind: Type) -> bool:
    precision, scale = kind.size
    return bool(found.scale <= scale and found.precision - found.scale <= precision - scale)


def _readable_nested(found: pa.DataType, kind: Type) -> bool:
    types = pa.types
    if kind.name == "array":
        return (types.is_list(found) or types.is_large_list(found)) and _readable(found.value_type, kind.args[0])
    if kind.name == "map":
        return bool(
            types.is_map(found) and _readable(found.key_type, kind.args[0]) and _readable(found.item_type, kind.args[1])
        )
    if not types.is_struct(found):
        return False
    fields = [found.field(i) for i in range(found.num_fields)]
    if [field.name.lower() for field in fields] != [str(name).lower() for name in kind.names]:
        raise UnsupportedError("row type whose fields differ between table and Parquet file")
    return all(_readable(field.type, argument) for field, argument in zip(fields, kind.args, strict=True))
