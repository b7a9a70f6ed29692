"""Typed rows of raw files: determines the readable files and their dialects, and reads them into one DataFrame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Protocol

from estrela.etl.raw.raw_file import RawFile
from estrela.etl.readers.csv_rows import csv_rows
from estrela.etl.readers.dialect import HEAD_BYTES, Dialect, dialect_of
from estrela.etl.readers.file_rows import with_files
from estrela.etl.readers.fixed_rows import fixed_rows
from estrela.etl.readers.heads import NO_HEADS, Heads, heads_of
from estrela.etl.readers.json_rows import document_rows, json_line_rows
from estrela.etl.readers.lines import Offsets, are_read_faster_by_workers, block_offsets, lines_of
from estrela.etl.readers.parquet_rows import parquet_rows, schema_refusal
from estrela.etl.readers.parquet_schemas import MAGIC, ParquetSchemas
from estrela.etl.readers.refusal import Refusal
from estrela.etl.readers.taken_file import TakenFile
from estrela.etl.readers.unpacked import head_of
from estrela.etl.transformers.conform import REJECT, conform
from estrela.frame import frame_of
from estrela.model.formats import FixedWidthSource, JsonLinesSource, ParquetSource
from estrela.model.source import ApiSource, CsvSource, Source

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

READERS = 16


class RawReader(Protocol):
    """The methods of the raw layer that the transform uses."""

    def files(self, source: str) -> list[RawFile]:
        """Return every file ever received from a source."""

    def current(self, source: str) -> list[RawFile]:
        """Return the newest answer to each request of a source."""

    def uri(self, file: RawFile) -> str:
        """Return the URI from which Spark reads the file."""

    def head(self, file: RawFile, size: int) -> bytes:
        """Return the first ``size`` bytes of the file."""


@dataclass(frozen=True)
class TypedRows:
    """Readable files, refused files, and the typed rows of the readable files.

    ``rows`` has the trusted columns, ``_reject`` and ``_file``, the number of the file: see :func:`conform`.
    """

    good: list[TakenFile]
    refused: list[TakenFile]
    rows: DataFrame


def typed_rows(spark: SparkSession, source: Source, raw: RawReader, taken: Sequence[TakenFile]) -> TypedRows:
    """Return the rows of the files ``taken``. Call inside :func:`estrela.etl.readers.lines.reading`."""
    heads = _heads(spark, source, taken)
    judged = _all_judged(spark, source, raw, taken, heads)
    good = [taken_file for taken_file in judged if not taken_file.refusal]
    frames = _frames(spark, source, good, heads) or [frame_of(spark, [], _conformed_schema(source))]
    rows = reduce(lambda left, right: left.unionByName(right), frames)
    return TypedRows(good, [taken_file for taken_file in judged if taken_file.refusal], rows)


def _heads(spark: SparkSession, source: Source, taken: Sequence[TakenFile]) -> Heads:
    """Return the heads of CSV files read by Python workers if the files are many, else no heads."""
    if not isinstance(source, CsvSource) or not are_read_faster_by_workers(taken):
        return NO_HEADS
    return heads_of(spark, source, [taken_file for taken_file in taken if taken_file.file.size <= source.max_bytes])


def _all_judged(
    spark: SparkSession, source: Source, raw: RawReader, taken: Sequence[TakenFile], heads: Heads
) -> list[TakenFile]:
    """Return each file with its dialect or schema, or with the reason for its refusal."""
    schemas = ParquetSchemas(spark)
    if heads.dialects:
        return [_judged(schemas, source, raw, taken_file, heads.dialects) for taken_file in taken]
    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(lambda taken_file: _judged(schemas, source, raw, taken_file, heads.dialects), taken))


def _judged(
    schemas: ParquetSchemas,
    source: Source,
    raw: RawReader,
    taken_file: TakenFile,
    known: Mapping[str, Dialect | Refusal],
) -> TakenFile:
    """Return the file with its schema or dialect, which may be ``known``, or with the reason for its refusal."""
    if taken_file.file.size > source.max_bytes:
        reason = f"the file is larger than the declared max_bytes={source.max_bytes}"
        return replace(taken_file, refusal=Refusal("", f"{taken_file.file.size:,} bytes", reason))
    if isinstance(source, CsvSource):
        dialect = known.get(taken_file.file.sha256) or _dialect(source, raw, taken_file)
        return replace(taken_file, refusal=dialect) if isinstance(dialect, Refusal) else taken_file.in_dialect(dialect)
    if not taken_file.file.size:
        return replace(taken_file, refusal=Refusal("", "", "the file is empty"))
    if isinstance(source, ParquetSource):
        if raw.head(taken_file.file, len(MAGIC)) != MAGIC:
            return replace(taken_file, refusal=Refusal("", "", "it is not a Parquet file"))
        schema = schemas.of(taken_file.uri, taken_file.file.size)
        if isinstance(schema, Refusal):
            return replace(taken_file, refusal=schema)
        return replace(taken_file, schema=schema, refusal=schema_refusal(source, schema))
    return taken_file


def _dialect(source: CsvSource, raw: RawReader, taken_file: TakenFile) -> Dialect | Refusal:
    packed = bool(source.compression)
    head = head_of(taken_file.uri, source.compression, HEAD_BYTES) if packed else raw.head(taken_file.file, HEAD_BYTES)
    return head if isinstance(head, Refusal) else dialect_of(head, source)


def _frames(spark: SparkSession, source: Source, files: Sequence[TakenFile], heads: Heads) -> list[DataFrame]:
    """Return a DataFrame of typed rows per group of ``files`` that are read in the same way."""
    if not files:
        return []
    if isinstance(source, CsvSource):
        offsets = block_offsets(spark, source, files)
        return [_dialect_frame(spark, source, group, offsets, heads) for group in grouped(files, _dialect_key)]
    layout = source.layouts[0]
    return [conform(rows, source, layout, range(len(layout.fields))) for rows in _rows(spark, source, files)]


def _rows(spark: SparkSession, source: Source, files: Sequence[TakenFile]) -> list[DataFrame]:
    """Return the untyped rows of a source whose format has a single layout."""
    if isinstance(source, ApiSource):
        return [with_files(document_rows(spark, source, files), source, files, {})]
    if isinstance(source, ParquetSource):
        groups = grouped(files, lambda taken_file: taken_file.schema)
        grouped_rows = [(group, parquet_rows(spark, source, group, group[0].schema or ())) for group in groups]
        return [with_files(rows, source, group, {}) for group, rows in grouped_rows]
    lines = with_files(lines_of(spark, source, files), source, files, block_offsets(spark, source, files))
    if isinstance(source, FixedWidthSource):
        return [fixed_rows(lines, source)]
    assert isinstance(source, JsonLinesSource)
    return [json_line_rows(lines, source.layouts[0])]


def _dialect_frame(
    spark: SparkSession, source: CsvSource, group: Sequence[TakenFile], offsets: Offsets, heads: Heads
) -> DataFrame:
    dialect = group[0].dialect
    assert dialect is not None
    lines = with_files(lines_of(spark, source, group, heads), source, group, offsets)
    return conform(csv_rows(lines, source, dialect), source, dialect.layout, dialect.positions)


def _dialect_key(taken_file: TakenFile) -> object:
    """Return the properties that decide how Spark reads a file.

    Without quotes, blank columns after the first do not matter.
    """
    dialect = taken_file.dialect
    assert dialect is not None
    width = dialect.width if dialect.quote else min(dialect.width, dialect.used + 1)
    return (dialect.delimiter, dialect.quote, dialect.layout.name, dialect.positions, dialect.used, width)


def grouped(files: Iterable[TakenFile], key: Callable[[TakenFile], object]) -> list[list[TakenFile]]:
    """Return ``files`` grouped by ``key``."""
    groups: dict[object, list[TakenFile]] = {}
    for taken_file in files:
        groups.setdefault(key(taken_file), []).append(taken_file)
    return list(groups.values())


def _conformed_schema(source: Source) -> str:
    columns = ", ".join(f"`{column.name}` {column.type}" for column in source.all_columns)
    reject = ", ".join(f"{name}: string" for name in REJECT)
    return f"{columns}, _file int, _reject struct<{reject}>"
