"""Adds the file, request and line number to lines that were read in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.readers.lines import Offsets
from estrela.etl.readers.taken_file import TakenFile
from estrela.frame import frame_of
from estrela.model.source import Source

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

LINE = ("text", "line", "damage")
"""Columns that the reader of a format replaces."""
ONE_BLOCK: Mapping[int, int] = {0: 0}
UNKNOWN = (
    "%s: Spark read rows of the file %s from byte %d on, but the raw log does not list that file. Raw files are named "
    "by their sha256: restore the name of the renamed file, or extract it again"
)


def with_files(rows: DataFrame, source: Source, files: Sequence[TakenFile], offsets: Offsets) -> DataFrame:
    """Return ``rows`` (with name, start and at) joined with ``files`` by content: once per file with the same content.

    Adds ``file`` int (the file's number), ``source_line`` bigint, ``request`` string, ``fetched_at`` timestamp and, for
    each column that the request fills, a column with the prefix ``requested_``. A row of an unknown file or block
    raises TransformError when it is read, because no account would notice if it were missing.
    """
    # Joining by a hash is cheaper than by two columns. If two hashes collided, rows would be doubled and the accounts
    # would fail.
    block = F.xxhash64("name", "start")
    known = _blocks(rows.sparkSession, source, files, offsets).withColumn("block", block).drop("name", "start")
    joined = rows.withColumn("block", block).join(F.broadcast(known), "block", "left")
    unknown = F.format_string(UNKNOWN, F.lit(source.name), "name", "start")
    offset = F.coalesce("offset", F.raise_error(unknown).cast("bigint"))
    return joined.withColumn("source_line", offset + F.col("at") + 1).drop("block", "offset", "start", "at")


def _blocks(spark: SparkSession, source: Source, files: Sequence[TakenFile], offsets: Offsets) -> DataFrame:
    schema = (
        "file int, name string, start bigint, offset bigint, request string, fetched_at timestamp, "
        "requested map<string, string>"
    )
    types = {column.name: column.type for column in source.columns}
    filled = [
        F.expr(f"try_cast(requested['{request_column.key}'] AS {types[request_column.column]})").alias(
            f"requested_{request_column.column}"
        )
        for request_column in source.from_request
    ]
    rows = frame_of(spark, _entries(files, offsets), schema)
    return rows.select("file", "name", "start", "offset", "request", "fetched_at", *filled)


def _entries(files: Sequence[TakenFile], offsets: Offsets) -> Iterator[dict[str, object]]:
    for taken_file in files:
        for start, offset in offsets.get(taken_file.file.sha256, ONE_BLOCK).items():
            yield {
                "file": taken_file.number,
                "name": taken_file.file.sha256,
                "start": start,
                "offset": offset,
                "request": taken_file.file.request_id,
                "fetched_at": taken_file.file.fetched_at,
                "requested": taken_file.requested,
            }
