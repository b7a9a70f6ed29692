"""Hive tables of Parquet files."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from localaws.athena.embedded.sql.duckdb_types import duckdb_type
from localaws.athena.embedded.sql.typed import name_literal
from localaws.athena.embedded.tables.data_files import DataFile
from localaws.athena.embedded.tables.parquet_files import FileColumn, columns_of_file
from localaws.athena.errors import BadDataError, UnsupportedError
from localaws.athena.types.trino import BITS, INTEGERS, Columns, Type


def parquet_expressions(files: Sequence[DataFile], columns: Columns) -> dict[str, str]:
    """The expression of each column on files whose own columns are equal.

    Columns are found by name, whatever their case; one that the files lack is NULL.
    Raises BadDataError for a file whose column has a type that the table's cannot be read from.
    """
    found = {column.name.lower(): column for column in columns_of_file(files[0])}
    return {name: _expression(files[0], name, kind, found.get(name)) for name, kind in columns}


def _expression(file: DataFile, name: str, kind: Type, found: FileColumn | None) -> str:
    if found is None:
        return f"CAST(NULL AS {duckdb_type(kind)})"
    check_readable(file, "Parquet", (name, found.type), kind)
    column = name_literal(found.name)
    if kind.name in ("varchar", "char"):
        return _text(f"trino_text_of_bytes({column})" if _is_binary(found.type) else column, kind)
    return rounded_to_millis(column) if _is_finer(found.type, kind) else f"CAST({column} AS {duckdb_type(kind)})"


def _text(text: str, kind: Type) -> str:
    """A string of no more than the type's length; a char is carried without the spaces at its end."""
    cut = f"substring(CAST({text} AS VARCHAR), 1, {kind.size[0]})" if kind.size else f"CAST({text} AS VARCHAR)"
    return cut if kind.name == "varchar" else f"rtrim({cut}, ' ')"


def rounded_to_millis(column: str) -> str:
    """Hive's timestamps have three digits: Athena rounds finer ones, halves away from zero."""
    micros = f"epoch_us({column})"
    half = f"CASE WHEN {micros} < 0 THEN -500 ELSE 500 END"
    return f"make_timestamp((({micros} + {half}) // 1000 + 0) * 1000)"


def _is_finer(found: pa.DataType, kind: Type) -> bool:
    return (
        kind.name == "timestamp" and kind.size == (3,) and pa.types.is_timestamp(found) and found.unit in ("us", "ns")
    )


def check_readable(file: DataFile, form: str, field: tuple[str, pa.DataType], kind: Type) -> None:
    """Raise BadDataError for a field of a file, by name and type, that a column of some type cannot be read from."""
    name, found = field
    if not _readable(found, kind):
        raise BadDataError(
            f"Malformed {form} file. Field '{name}' of type {found} in {form.lower()} file {file.uri} is incompatible "
            f"with type {kind} defined in table schema"
        )


def _readable(found: pa.DataType, kind: Type) -> bool:
    types = pa.types
    if kind in INTEGERS:
        # a value that the column cannot hold stops the query when it is read
        return bool(types.is_signed_integer(found)) or (
            types.is_unsigned_integer(found) and found.bit_width < BITS["bigint"]
        )
    if kind.name == "decimal":
        return types.is_decimal(found) and _fits(found, kind)
    if kind.name in ("varchar", "char"):
        return _is_text(found) or _is_binary(found)
    if kind.name in ("array", "map", "row"):
        return _readable_nested(found, kind)
    if kind.name == "double":
        return types.is_float64(found) or types.is_float32(found)
    plain = {
        "boolean": types.is_boolean,
        "real": types.is_float32,
        "varbinary": _is_binary,
        "date": types.is_date32,
        "timestamp": types.is_timestamp,
    }
    return kind.name in plain and bool(plain[kind.name](found))


def _is_binary(found: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_binary(found) or types.is_large_binary(found) or types.is_fixed_size_binary(found))


def _is_text(found: pa.DataType) -> bool:
    if pa.types.is_dictionary(found):
        return _is_text(found.value_type)
    return bool(pa.types.is_string(found) or pa.types.is_large_string(found))


def _fits(found: pa.Decimal128Type, kind: Type) -> bool:
    precision, scale = kind.size
    return bool(found.scale <= scale and found.precision - found.scale <= precision - scale)


def _part(found: pa.DataType, kind: Type) -> bool:
    """Return whether DuckDB reads a part of a nested value by its own cast."""
    if kind.name in ("varchar", "char") and _is_binary(found):
        raise UnsupportedError(f"{kind} within a nested column over {found}")
    return _readable(found, kind)


def _readable_nested(found: pa.DataType, kind: Type) -> bool:
    types = pa.types
    if kind.name == "array":
        return (types.is_list(found) or types.is_large_list(found)) and _part(found.value_type, kind.args[0])
    if kind.name == "map":
        return bool(
            types.is_map(found) and _part(found.key_type, kind.args[0]) and _part(found.item_type, kind.args[1])
        )
    if not types.is_struct(found):
        return False
    fields = [found.field(i) for i in range(found.num_fields)]
    if [field.name.lower() for field in fields] != [str(name).lower() for name in kind.names]:
        raise UnsupportedError("row type whose fields differ between table and Parquet file")
    return all(_part(field.type, argument) for field, argument in zip(fields, kind.args, strict=True))
