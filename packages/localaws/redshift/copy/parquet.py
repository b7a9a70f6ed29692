"""Rows of Parquet files: columns are matched by position, and their types must fit the table's.

https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from localaws.redshift.copy.columns import INTEGERS, Column, CopyTarget
from localaws.redshift.errors import SqlError, UnsupportedError

FORM = "FORMAT csv, NULL '', ENCODING 'UTF8'"
_ROWS = 65_536
_INTEGER_TYPES = {"int2": pa.int16(), "int4": pa.int32(), "int8": pa.int64()}


def blocks(path: Path, uri: str, target: CopyTarget) -> Iterator[tuple[bytes, int]]:
    """Yield CSV in PostgreSQL's form, and the number of its rows; raises SqlError for a file that does not fit."""
    try:
        file = parquet.ParquetFile(path)
    except (pa.ArrowInvalid, OSError):
        raise SqlError(f"Spectrum Scan Error: File '{uri}' is not a valid Parquet file") from None
    with file:
        schema = file.schema_arrow
        if len(schema) != len(target.columns):
            raise SqlError(
                f"Unmatched number of columns between table and file. Table columns: {len(target.columns)}, "
                f"Data columns: {len(schema)}, File name: {uri}"
            )
        for batch in file.iter_batches(_ROWS):
            columns = [
                _fitted(batch.column(place), column, f"{uri}.{schema.field(place).name}")
                for place, column in enumerate(target.columns)
            ]
            table = pa.table(columns, names=[str(place) for place in range(len(columns))])
            sink = pa.BufferOutputStream()
            csv.write_csv(table, sink, csv.WriteOptions(include_header=False))
            yield sink.getvalue().to_pybytes(), batch.num_rows


def _fitted(values: pa.Array, column: Column, place: str) -> pa.Array:
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
        kind = values.type
    if column.not_null and values.null_count:
        raise SqlError(f"Cannot insert a NULL value into column {column.name}")
    if column.is_text and (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return _short_enough(values, column)
    if column.kind in INTEGERS and pa.types.is_integer(kind) and kind.bit_width <= 8 * INTEGERS[column.kind]:
        return values.cast(_INTEGER_TYPES[column.kind])
    if column.kind == "numeric" and pa.types.is_decimal(kind):
        if kind.scale == column.scale and kind.precision <= column.size:
            return values
        raise UnsupportedError(f"COPY of {kind} into DECIMAL({column.size},{column.scale}) column {column.name}")
    same = {
        "float4": pa.types.is_float32(kind),
        "float8": pa.types.is_float64(kind) or pa.types.is_float32(kind),
        "bool": pa.types.is_boolean(kind),
        "date": pa.types.is_date32(kind),
    }
    if same.get(column.kind):
        return values
    if column.kind in ("timestamp", "timestamptz") and pa.types.is_timestamp(kind):
        return _microseconds(values, column)
    raise SqlError(
        f"Spectrum Scan Error: File '{place.rpartition('.')[0]}' has an incompatible Parquet schema for column "
        f"'{place}'. Column type: {column.kind.upper()}, Parquet schema: {kind}"
    )


def _short_enough(values: pa.Array, column: Column) -> pa.Array:
    longest = pc.max(pc.binary_length(values)).as_py() or 0
    if longest > column.size:
        raise SqlError(
            f"The length of the data column {column.name} is longer than the length defined in the table. "
            f"Table: {column.size}, Data: {longest}"
        )
    if pc.any(pc.match_substring(values, "\0")).as_py():
        raise UnsupportedError(f"COPY of a NUL character into column {column.name}")
    return values


def _microseconds(values: pa.Array, column: Column) -> pa.Array:
    if values.type.unit == "ns" and pc.any(pc.not_equal(pc.nanosecond(values), 0)).as_py():
        raise UnsupportedError(f"COPY of nanoseconds into column {column.name}")
    if values.type.tz and column.kind == "timestamp":
        return values.cast(pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us"))
    return values.cast(pa.timestamp("us", tz="UTC") if column.kind == "timestamptz" else pa.timestamp("us"))
