"""Raw files as rows of text: one row per line or record, with its place, its fields and what its request said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.raw.raw_file import RawFile
from estrela.etl.readers.dialect import Dialect, Refusal
from estrela.etl.tuning import settings
from estrela.frame import frame_of
from estrela.model.source import ApiSource, CsvSource, Source

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

LINE_BITS = (1 << 33) - 1
"""The bits of monotonically_increasing_id that count rows inside one partition."""
RAW_LIMIT = 1000
ANSWER_COST = "65536"
"""Bytes that opening a small answer is deemed to cost; Spark's own 4 MB would give each its own task."""


@dataclass(frozen=True)
class TakenFile:
    """A raw file about to be read. ``requested`` holds the columns that its request tells, as text."""

    file: RawFile
    uri: str
    requested: Mapping[str, str]
    dialect: Dialect | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Content:
    """What a file holds: rows (None: no records can be found), and the lines before each of its blocks."""

    rows: int | None
    offsets: Mapping[int, int] = field(default_factory=dict)


@contextmanager
def reading(spark: SparkSession, source: Source) -> Iterator[None]:
    """While this holds, a task reads one block of one CSV file, so that rows can be numbered, or many answers."""
    block = spark.conf.get("spark.sql.files.maxPartitionBytes")
    with settings(spark, {"spark.sql.files.openCostInBytes": block if isinstance(source, CsvSource) else ANSWER_COST}):
        yield


def csv_contents(spark: SparkSession, files: Sequence[TakenFile]) -> dict[str, Content]:
    """The contents of CSV files, by sha256: one pass that only counts lines. Call inside reading."""
    counted = (
        _text(spark, files)
        .groupBy("name", "start")
        .agg(F.count(F.lit(1)).alias("lines"), F.count_if(F.trim("value") != "").alias("filled"))
        .collect()
    )
    found: dict[str, Content] = {taken.file.sha256: Content(0) for taken in files}
    for name in {row["name"] for row in counted}:
        blocks = sorted((row for row in counted if row["name"] == name), key=lambda row: int(row["start"]))
        ends = [sum(block["lines"] for block in blocks[:place]) for place in range(len(blocks))]
        offsets = {int(block["start"]): end for block, end in zip(blocks, ends, strict=True)}
        found[name] = Content(max(sum(block["filled"] for block in blocks) - 1, 0), offsets)
    return found


def csv_rows(
    spark: SparkSession,
    source: CsvSource,
    dialect: Dialect,
    files: Sequence[TakenFile],
    contents: Mapping[str, Content],
) -> DataFrame:
    """Rows of CSV files of one dialect: name, source_line, raw_line, fields, fault, and those of _with_file."""
    filled = _text(spark, files).withColumn("at", F.monotonically_increasing_id().bitwiseAND(F.lit(LINE_BITS)))
    raw = F.decode(F.col("value").cast("binary"), "ISO-8859-1") if dialect.latin else F.col("value")
    filled = filled.where(F.trim("value") != "")
    read = filled.select("name", "start", "at", raw.alias("raw_line"), *_fields(dialect, raw, source.null_words))
    joined = _with_file(read, source, files, contents)
    return joined.withColumn("source_line", F.col("offset") + F.col("at") + 1).where("source_line > 1")


def json_contents(spark: SparkSession, source: ApiSource, files: Sequence[TakenFile]) -> dict[str, Content]:
    """The contents of JSON answers, by sha256."""
    records = F.get_json_object("value", f"$.{source.records}")
    counted = _text(spark, files, whole=True).select("name", F.json_array_length(records).alias("rows")).collect()
    return {row["name"]: Content(row["rows"], {0: 0}) for row in counted}


def json_rows(
    spark: SparkSession, source: ApiSource, files: Sequence[TakenFile], contents: Mapping[str, Content]
) -> DataFrame:
    """Records of JSON answers, in the columns of :func:`csv_rows`."""
    headers = [one.header for one in source.layouts[0].fields]
    record = ", ".join(f"`{header}`: string" for header in headers)
    parsed = F.from_json("value", f"`{source.records}` array<struct<{record}>>")[source.records]
    records = _text(spark, files, whole=True).select("name", "start", F.posexplode(parsed).alias("at", "record"))
    rows = records.select(
        "name",
        "start",
        (F.col("at") + 1).cast("bigint").alias("source_line"),
        F.to_json("record").alias("raw_line"),
        F.array(*[F.col("record")[header] for header in headers]).alias("fields"),
        F.lit(None).cast("string").alias("fault"),
    )
    return _with_file(rows, source, files, contents)


def _text(spark: SparkSession, files: Sequence[TakenFile], whole: bool = False) -> DataFrame:
    uris = sorted({taken.uri for taken in files})
    return spark.read.text(uris, wholetext=whole).select(
        F.col("_metadata.file_name").alias("name"), F.col("_metadata.file_block_start").alias("start"), "value"
    )


def _fields(dialect: Dialect, raw: Column, null_words: Sequence[str]) -> list[Column]:
    """The row's fields, and its fault: NULL, or what is wrong with their number."""
    if dialect.quoted:
        names = [f"c{place}" for place in range(dialect.width)]
        schema = ", ".join(f"{name} string" for name in (*names, "broken"))
        options = {"sep": dialect.delimiter, "mode": "PERMISSIVE", "columnNameOfCorruptRecord": "broken"}
        row = F.from_csv(raw, schema, options)
        wrong = F.lit(f"the row does not have the {dialect.width} fields of the header")
        read = F.array(*[row[name] for name in names])
        return [read.alias("fields"), F.when(row["broken"].isNotNull(), wrong).alias("fault")]
    # One plain or escaped character: Java splits by it without compiling a pattern for each row.
    pattern = (
        dialect.delimiter if dialect.delimiter.isalnum() or dialect.delimiter in ";,\t" else f"\\{dialect.delimiter}"
    )
    fields, least = F.split(raw, pattern, -1), max(dialect.positions) + 1
    size = F.size(fields)
    few = F.concat(size, F.lit(f" fields where {len(dialect.positions)} are declared"))
    many = F.concat(size, F.lit(f" fields, of which {least} are declared and the others should be blank"))
    # Where the header ends in an empty column, a row without one that ends in nothing has lost a field before it.
    ends_empty = F.get(fields, F.lit(least - 1)) == ""
    short = (size == least) & ends_empty if dialect.width > least else F.lit(False)
    lost = F.lit(f"a field is missing: {least} fields, the last of them empty, where the header has {dialect.width}")
    # Nearly every row ends here: no field too many, or one that is empty.
    usual = ((size == least) & ~short) | ((size == least + 1) & (F.get(fields, F.lit(least)) == ""))
    blank = "|".join([r"[\s,]", *map(re.escape, null_words)])
    filled = ~F.array_join(F.slice(fields, least + 1, 1000), ",").rlike(f"^({blank})*$")
    fault = F.when(usual, F.lit(None).cast("string")).when(size < least, few).when(short, lost).when(filled, many)
    return [fields.alias("fields"), fault.alias("fault")]


def _with_file(
    rows: DataFrame, source: Source, files: Sequence[TakenFile], contents: Mapping[str, Content]
) -> DataFrame:
    """``rows`` of blocks, each with what is known of its block, file and request.

    Adds offset, request, fetched_at and, as ``requested_`` and its name, each column that the request tells.
    """
    # To look up a number is cheaper than two columns; two blocks of one hash would double rows, which no account bears.
    block = F.xxhash64("name", "start")
    known = _blocks(rows.sparkSession, source, files, contents).withColumn("block", block).drop("name", "start")
    return rows.withColumn("block", block).join(F.broadcast(known), "block")


def _blocks(
    spark: SparkSession, source: Source, files: Sequence[TakenFile], contents: Mapping[str, Content]
) -> DataFrame:
    rows = [
        {
            "name": one.file.sha256,
            "start": start,
            "offset": offset,
            "request": one.file.request_id,
            "fetched_at": one.file.fetched_at,
            "requested": one.requested,
        }
        for one in files
        for start, offset in contents[one.file.sha256].offsets.items()
    ]
    schema = (
        "name string, start bigint, offset bigint, request string, fetched_at timestamp, requested map<string, string>"
    )
    types = {column.name: column.type for column in source.columns}
    told = [
        F.expr(f"try_cast(requested['{one.key}'] AS {types[one.column]})").alias(f"requested_{one.column}")
        for one in source.from_request
    ]
    return frame_of(spark, rows, schema).select("name", "start", "offset", "request", "fetched_at", *told)
