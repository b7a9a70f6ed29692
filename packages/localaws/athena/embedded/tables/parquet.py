"""Hive tables of Parquet files."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from localaws.athena.embedded.sql.duckdb_types import duckdb_type
from localaws.athena.embedded.sql.typed import name_literal
from localaws.athena.embedded.tables.parquet_files import FileColumn, columns_of_file
from localaws.athena.errors import BadDataError, UnsupportedError
from localaws.athena.files.data_files import DataFile
from localaws.athena.types.trino import BITS, INTEGERS, Columns, Type


def parquet_expressions(files: Sequence[DataFile], columns: Columns) -> dict[str, str]:
    """The SQL expression of each column over files with equal columns.

    Columns are matched by name, ignoring case; a column that the files lack is NULL. Raises BadDataError for a file
    with a column whose type cannot be read as the table's.
    """
    file_columns = {column.name.lower(): column for column in columns_of_file(files[0])}
    return {name: _expression(files[0], name, kind, file_columns.get(name)) for name, kind in columns}


def _expression(file: DataFile, name: str, kind: Type, file_column: FileColumn | None) -> str:
    if file_column is None:
        return f"CAST(NULL AS {duckdb_type(kind)})"
    check_readable(file, "Parquet", (name, file_column.type), kind)
    column = name_literal(file_column.name)
    if kind.name in ("varchar", "char"):
        return _text(f"trino_text_of_bytes({column})" if _is_binary(file_column.type) else column, kind)
    return rounded_to_millis(column) if _is_finer(file_column.type, kind) else f"CAST({column} AS {duckdb_type(kind)})"


def _text(text: str, kind: Type) -> str:
    """A string truncated to the type's length; DuckDB values of char have no trailing spaces."""
    cut = f"substring(CAST({text} AS VARCHAR), 1, {kind.size[0]})" if kind.size else f"CAST({text} AS VARCHAR)"
    return cut if kind.name == "varchar" else f"rtrim({cut}, ' ')"


def rounded_to_millis(column: str) -> str:
    """Round to Hive's three digits of a second, halves away from zero, as Athena does."""
    micros = f"epoch_us({column})"
    half = f"CASE WHEN {micros} < 0 THEN -500 ELSE 500 END"
    return f"make_timestamp((({micros} + {half}) // 1000 + 0) * 1000)"


def _is_finer(source: pa.DataType, kind: Type) -> bool:
    return (
        kind.name == "timestamp" and kind.size == (3,) and pa.types.is_timestamp(source) and source.unit in ("us", "ns")
    )


def check_readable(file: DataFile, form: str, field: tuple[str, pa.DataType], kind: Type) -> None:
    """Raise BadDataError if a field of a file, given by name and type, cannot be read as a column of type ``kind``."""
    name, source = field
    if not _readable(source, kind):
        raise BadDataError(
            f"Malformed {form} file. Field '{name}' of type {source} in {form.lower()} file {file.uri} is incompatible "
            f"with type {kind} defined in table schema"
        )


def _readable(source: pa.DataType, kind: Type) -> bool:
    types = pa.types
    if kind in INTEGERS:
        # a value out of the column's range stops the query when it is read
        return bool(types.is_signed_integer(source)) or (
            types.is_unsigned_integer(source) and source.bit_width < BITS["bigint"]
        )
    if kind.name == "decimal":
        return types.is_decimal(source) and _fits(source, kind)
    if kind.name in ("varchar", "char"):
        return _is_text(source) or _is_binary(source)
    if kind.name in ("array", "map", "row"):
        return _readable_nested(source, kind)
    if kind.name == "double":
        return types.is_float64(source) or types.is_float32(source)
    plain = {
        "boolean": types.is_boolean,
        "real": types.is_float32,
        "varbinary": _is_binary,
        "date": types.is_date32,
        "timestamp": types.is_timestamp,
    }
    return kind.name in plain and bool(plain[kind.name](source))


def _is_binary(source: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_binary(source) or types.is_large_binary(source) or types.is_fixed_size_binary(source))


def _is_text(source: pa.DataType) -> bool:
    if pa.types.is_dictionary(source):
        return _is_text(source.value_type)
    return bool(pa.types.is_string(source) or pa.types.is_large_string(source))


def _fits(source: pa.Decimal128Type, kind: Type) -> bool:
    precision, scale = kind.size
    return bool(source.scale <= scale and source.precision - source.scale <= precision - scale)


def _part(source: pa.DataType, kind: Type) -> bool:
    """Return whether DuckDB's own cast reads a part of a nested value."""
    if kind.name in ("varchar", "char") and _is_binary(source):
        raise UnsupportedError(f"{kind} within a nested column over {source}")
    return _readable(source, kind)


def _readable_nested(source: pa.DataType, kind: Type) -> bool:
    types = pa.types
    if kind.name == "array":
        return (types.is_list(source) or types.is_large_list(source)) and _part(source.value_type, kind.args[0])
    if kind.name == "map":
        return bool(
            types.is_map(source) and _part(source.key_type, kind.args[0]) and _part(source.item_type, kind.args[1])
        )
    if not types.is_struct(source):
        return False
    fields = [source.field(i) for i in range(source.num_fields)]
    if [field.name.lower() for field in fields] != [str(name).lower() for name in kind.names]:
        raise UnsupportedError("row type whose fields differ between table and Parquet file")
    return all(_part(field.type, argument) for field, argument in zip(fields, kind.args, strict=True))
