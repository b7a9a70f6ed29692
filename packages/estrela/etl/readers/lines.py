"""Text files as lines of text, or of bytes, with their positions; each file is read once.

Columns: ``name`` string (of the file, its sha256), ``start`` bigint (offset of the block in the file), ``at`` bigint
(index of the line in the block, from 0), ``text`` string (NULL if the lines of the file must be decoded one by one),
``line`` binary (only if ``text`` is NULL), ``damage`` string (NULL, or the reason to refuse the file).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.etl.readers.encoding import UTF_8
from estrela.etl.readers.heads import NO_HEADS, Heads
from estrela.etl.readers.planned import planned
from estrela.etl.readers.taken_file import TakenFile, by_content
from estrela.etl.readers.text_lines import with_text
from estrela.etl.readers.unpacked import Unpacking, unpacked_lines
from estrela.etl.readers.worker_reads import contents
from estrela.etl.tuning import settings
from estrela.model.formats import FixedWidthSource
from estrela.model.source import CsvSource, Source

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

LINE_BITS = (1 << 33) - 1
"""The bits of monotonically_increasing_id that count the rows of a partition."""
WHOLE_BYTES = 4 << 20
"""Files up to this size are read whole, many per task. Larger files are read in blocks, one block per task."""
MANY_FILES = 2_000
"""From this number of files, starting Python workers is faster than letting Spark look up and open each file."""
OPEN_COST = "65536"
"""Assumed cost of opening a small file, in bytes. Spark's default of 4 MB would give every few files a task."""
TASK_BYTES = "16m"
"""Small files per task, in bytes: enough tasks to keep all cores busy to the end."""
LISTING_TASKS = "32"
"""Maximum number of tasks that look up file sizes. Spark's default of 10,000 tasks take longer to start than to run."""
BLOCK_SETTING = "spark.sql.files.maxPartitionBytes"
OPEN_SETTING = "spark.sql.files.openCostInBytes"
LISTING_SETTING = "spark.sql.sources.parallelPartitionDiscovery.parallelism"
Offsets = Mapping[str, Mapping[int, int]]
"""Number of lines before each block, by file name and start of the block. Files with one block are omitted."""


@dataclass(frozen=True)
class Sized:
    """Files grouped by the way they are read."""

    packed: list[TakenFile]
    small: list[TakenFile]
    large: list[TakenFile]


@contextmanager
def reading(spark: SparkSession) -> Iterator[None]:
    """Within the context, a task reads a single block of a large file, so that lines can be numbered."""
    block = spark.conf.get(BLOCK_SETTING)
    with settings(spark, {OPEN_SETTING: block, LISTING_SETTING: LISTING_TASKS}):
        yield


def lines_of(spark: SparkSession, source: Source, files: Sequence[TakenFile], heads: Heads = NO_HEADS) -> DataFrame:
    """Return the lines of ``files``, at least one; ``heads`` may already have some. Call within :func:`reading`."""
    read = [taken_file for taken_file in files if taken_file.file.sha256 in heads.whole]
    sized = _by_size(source, [taken_file for taken_file in files if taken_file.file.sha256 not in heads.whole])
    encodings = source.encodings if isinstance(source, CsvSource | FixedWidthSource) else (UTF_8,)
    frames = []
    if read:
        frames.append(_split(heads.contents_of(read), encodings))
    if sized.packed:
        frames.append(unpacked_lines(spark, sized.packed, _unpacking(source)))
    if sized.small:
        frames.append(_split(whole_texts(spark, sized.small), encodings))
    if sized.large:
        frames.append(_blocks(spark, sized.large))
    return reduce(lambda left, right: left.union(right), frames)


def block_offsets(spark: SparkSession, source: Source, files: Sequence[TakenFile]) -> Offsets:
    """Return the number of lines before each block of files with several blocks. These files are read twice."""
    most = _block_bytes(spark)
    divided = [taken_file for taken_file in _by_size(source, files).large if taken_file.file.size > most]
    if not divided:
        return {}
    counted = _text(spark, divided).groupBy("name", "start").count().collect()
    blocks: dict[str, dict[int, int]] = {}
    for row in sorted(counted, key=lambda row: (row["name"], row["start"])):
        blocks.setdefault(row["name"], {})[row["start"]] = row["count"]
    return {name: _running_totals(counts) for name, counts in blocks.items()}


def _running_totals(counts: Mapping[int, int]) -> dict[int, int]:
    before, total = {}, 0
    for start, count in counts.items():
        before[start] = total
        total += count
    return before


def _by_size(source: Source, files: Sequence[TakenFile]) -> Sized:
    """Group ``files`` by the way they are read. Content that answers several requests is read once."""
    once = by_content(files)
    if source.compression or (isinstance(source, CsvSource) and source.multiline):
        return Sized(once, [], [])
    return Sized(
        [],
        [taken_file for taken_file in once if taken_file.file.size <= WHOLE_BYTES],
        [taken_file for taken_file in once if taken_file.file.size > WHOLE_BYTES],
    )


def _unpacking(source: Source) -> Unpacking:
    multiline = isinstance(source, CsvSource) and source.multiline
    delimiter, quote = (source.delimiter, source.quote) if isinstance(source, CsvSource) and multiline else ("", "")
    return Unpacking(source.compression, source.max_bytes, delimiter, quote)


def are_read_faster_by_workers(files: Sequence[TakenFile]) -> bool:
    """Return whether Python workers read ``files`` faster than the driver or Spark itself."""
    return len(files) >= MANY_FILES


def whole_texts(spark: SparkSession, files: Sequence[TakenFile]) -> DataFrame:
    """Return ``name`` and ``content``, the whole text, of small files; a task reads many of them."""
    once = by_content(files)
    if are_read_faster_by_workers(once):
        return contents(spark, once).select("name", F.col("content").cast("string").alias("content"))
    with settings(spark, {OPEN_SETTING: OPEN_COST, BLOCK_SETTING: TASK_BYTES}):
        texts = spark.read.text([taken_file.uri for taken_file in once], wholetext=True)
        return planned(texts.select(F.col("_metadata.file_name").alias("name"), F.col("value").alias("content")))


def _split(contents: DataFrame, encodings: Sequence[str]) -> DataFrame:
    """Return the lines of whole files, given as ``name`` and ``content``, as text or bytes."""
    decoded = with_text(contents, encodings)
    # In ISO-8859-1 each byte is one character, so lines in any encoding can be split.
    characters = F.coalesce("text", F.decode("content", "ISO-8859-1")).alias("characters")
    whole = decoded.select("name", F.col("text").isNotNull().alias("is_text"), characters)
    # Java splits by a single character, and replaces a text, much faster than by a regular expression.
    ended = F.replace(F.replace("characters", F.lit("\r\n"), F.lit("\n")), F.lit("\r"), F.lit("\n"))
    ended = F.when(F.contains("characters", F.lit("\r")), ended).otherwise(F.col("characters"))
    split = whole.select("name", "is_text", F.split(ended, "\n", -1).alias("split"))
    # Without "outer", Spark would split once more, to filter out empty arrays; there are none.
    lines = split.select("name", "is_text", F.posexplode_outer("split").alias("at", "line"))
    return lines.select(
        "name",
        F.lit(0).cast("bigint").alias("start"),
        F.col("at").cast("bigint").alias("at"),
        F.when(F.col("is_text"), F.col("line")).alias("text"),
        F.when(~F.col("is_text"), F.encode("line", "ISO-8859-1")).alias("line"),
        F.lit(None).cast("string").alias("damage"),
    )


def _blocks(spark: SparkSession, files: Sequence[TakenFile]) -> DataFrame:
    numbered = _text(spark, files)
    return numbered.select(
        "name",
        "start",
        F.monotonically_increasing_id().bitwiseAND(F.lit(LINE_BITS)).alias("at"),
        F.lit(None).cast("string").alias("text"),
        F.col("value").cast("binary").alias("line"),
        F.lit(None).cast("string").alias("damage"),
    )


def _text(spark: SparkSession, files: Sequence[TakenFile]) -> DataFrame:
    return spark.read.text([taken_file.uri for taken_file in files]).select(
        F.col("_metadata.file_name").alias("name"), F.col("_metadata.file_block_start").alias("start"), "value"
    )


def _block_bytes(spark: SparkSession) -> int:
    """Return the block size of large files in bytes."""
    text = spark.conf.get(BLOCK_SETTING)
    return int(spark._jvm.org.apache.spark.network.util.JavaUtils.byteStringAsBytes(text))
