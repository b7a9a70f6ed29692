"""Parquet files as rows of fields, each value as text for its parser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.readers.parquet_schemas import Schema
from estrela.etl.readers.refusal import Refusal
from estrela.etl.readers.taken_file import TakenFile
from estrela.model.formats import ParquetSource

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

SIMPLE = (
    "string",
    "boolean",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "float",
    "double",
    "date",
    "timestamp",
    "timestamp_ntz",
)


def schema_refusal(source: ParquetSource, schema: Schema) -> Refusal | None:
    """Return the refusal of a file with these columns, if one is missing, undeclared or not of a simple type."""
    types, declared = dict(schema), [field.header for field in source.layouts[0].fields]
    for header in declared:
        if header not in types:
            return Refusal(header, ", ".join(types)[:200], "the file lacks this column")
        if types[header] not in SIMPLE and not types[header].startswith("decimal"):
            return Refusal(header, types[header][:200], f"its type is not one of {', '.join(SIMPLE)}, decimal")
    extra = [name for name in types if name not in declared and name not in source.ignore]
    if extra and not source.ignore_undeclared:
        return Refusal(extra[0], f"{len(types)} columns", "the column is not declared; declare it or ignore it")
    return None


def parquet_rows(spark: SparkSession, source: ParquetSource, files: Sequence[TakenFile], schema: Schema) -> DataFrame:
    """Return the rows of files with the same columns: name, start, at, raw_line, fields and fault."""
    headers, types = [field.header for field in source.layouts[0].fields], dict(schema)
    values = {header: F.col(f"`{header}`") for header in headers}
    once = {taken_file.file.sha256: taken_file.uri for taken_file in files}
    return spark.read.parquet(*once.values()).select(
        F.col("_metadata.file_name").alias("name"),
        F.lit(0).cast("bigint").alias("start"),
        F.col("_metadata.row_index").alias("at"),
        F.to_json(F.struct(*values.values())).alias("raw_line"),
        F.array(*[_text(values[header], types[header]) for header in headers]).alias("fields"),
        F.lit(None).cast("string").alias("fault"),
    )


def _text(value: Column, type_: str) -> Column:
    """Return a value as text: timestamps with 6 decimals, doubles without exponent if 18 decimals suffice."""
    if type_.startswith("timestamp"):
        return F.date_format(value, "yyyy-MM-dd HH:mm:ss.SSSSSS")
    text = value.cast("string")
    if type_ not in ("float", "double"):
        return text
    # In ANSI mode an overflowing cast fails the job. So large numbers keep their exponent, and are rejected.
    is_held = (F.abs(value) < 1e19) & ~F.isnan(value)
    plain = F.when(is_held, F.when(is_held, text).cast("decimal(38,18)")).cast("string")
    return F.coalesce(F.regexp_replace(plain, "\\.?0+$", ""), text)
