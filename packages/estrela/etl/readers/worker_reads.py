"""Reading of many small files by Python workers.

Spark looks up and opens files one after the other, which takes longer than reading a few lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from estrela.etl.readers.stored_file import is_local, open_file
from estrela.etl.readers.taken_file import TakenFile
from estrela.frame import frame_of
from estrela.hooks.parallel import threads

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

THREADS = 16
TASK_FILES, TASK_BYTES = 25_000, 128 << 20
"""Maximum number and size of files per task. Each task writes a file per partition of the following shuffle."""
BATCH_FILES, BATCH_BYTES = 1_000, 16 << 20
"""Maximum number and size of files that a task holds in memory and returns in one batch."""
Values = tuple[bytes | None, ...]
READS = 6
"""Maximum number of reads of a file, within about a minute, while S3 raises transient errors."""


def contents(spark: SparkSession, files: Sequence[TakenFile]) -> DataFrame:
    """Return ``name`` string and ``content`` binary of ``files``."""
    return read_by_workers(spark, files, _content, ("content",))


def read_by_workers(
    spark: SparkSession, files: Sequence[TakenFile], read: Callable[[str], Values], columns: Sequence[str]
) -> DataFrame:
    """Return ``name`` string of ``files`` and the binary ``columns``: the result of ``read`` for the URI of each file.

    The worker retries transient errors of AWS itself, because Spark does not retry after a Python exception.
    """
    rows = [
        {"name": taken_file.file.sha256, "uri": taken_file.uri, "size": taken_file.file.size} for taken_file in files
    ]
    named = frame_of(spark, rows, "name string, uri string, size bigint")
    schema = ", ".join(["name string", *[f"{column} binary" for column in columns]])
    return named.repartition(tasks_for(spark, files), "name").mapInArrow(partial(_batches, read, columns), schema)


def tasks_for(spark: SparkSession, files: Sequence[TakenFile]) -> int:
    """Return the number of tasks that read ``files``: one per core, or more for many or large files."""
    needed = 1 + max(len(files) // TASK_FILES, sum(taken_file.file.size for taken_file in files) // TASK_BYTES)
    cores: int = spark.sparkContext.defaultParallelism
    return max(needed, cores)


def _batches(
    read: Callable[[str], Values], columns: Sequence[str], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    with threads(THREADS, "reads") as pool:
        for batch in batches:
            for part in _parts(batch):
                uris = part["uri"].to_pylist()
                # Threads help only while waiting for S3. For local files, passing a file to a thread takes longer than
                # reading it.
                over = map if all(map(is_local, uris)) else pool.map
                transposed = zip(*over(partial(_read_with_retries, read), uris), strict=True)
                arrays = [pa.array(values, pa.binary()) for values in transposed]
                yield pa.RecordBatch.from_arrays([part["name"], *arrays], ["name", *columns])


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Split ``batch`` into parts of files that fit into memory together, at least one file each."""
    first, held = 0, 0
    for at, size in enumerate(batch["size"].to_pylist()):
        if at > first and (at - first == BATCH_FILES or held + size > BATCH_BYTES):
            yield batch.slice(first, at - first)
            first, held = at, 0
        held += size
    yield batch.slice(first)


def _read_with_retries(read: Callable[[str], Values], uri: str) -> Values:
    try:
        return read(uri)
    except Exception as error:
        if not _may_pass(error):
            raise
    again = Retrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(READS - 1),
        wait=wait_random_exponential(max=20),
        reraise=True,
    )
    return again(read, uri)


def _may_pass(error: BaseException) -> bool:
    from botocore.exceptions import BotoCoreError, ClientError

    from estrela.hooks.aws_fault import is_transient

    return isinstance(error, ClientError | BotoCoreError) and is_transient(error)


def _content(uri: str) -> Values:
    with open_file(uri) as file:
        return (file.read(),)
