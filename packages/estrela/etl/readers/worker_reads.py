"""Many small files, read by Python workers.

Spark looks up and opens each file by itself, one after the other; that takes longer than to read a few lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from estrela.etl.readers.stored_file import open_file
from estrela.etl.readers.taken_file import TakenFile
from estrela.frame import frame_of

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

THREADS = 16
TASK_FILES, TASK_BYTES = 8_000, 128 << 20
"""Most that one task fetches; each task writes a file for each partition of the shuffle that follows."""
BATCH_FILES = 32
"""Files that a task holds at a time; each is small."""
SCHEMA = "name string, content binary"
READS = 6
"""Times that a file is read at most, over about a minute, where a fault of S3 may pass."""


def contents(spark: SparkSession, files: Sequence[TakenFile]) -> DataFrame:
    """Return ``name`` string and ``content`` binary of ``files``."""
    return read_by_workers(spark, files, _content)


def read_by_workers(spark: SparkSession, files: Sequence[TakenFile], read: Callable[[str], bytes]) -> DataFrame:
    """Return ``name`` string of ``files``, and ``content`` binary: what ``read`` returns for the URI of each.

    A fault of AWS that may pass is waited out by the worker: to Spark, whatever Python raises is final.
    """
    named = frame_of(spark, [{"name": one.file.sha256, "uri": one.uri} for one in files], "name string, uri string")
    tasks = 1 + max(len(files) // TASK_FILES, sum(one.file.size for one in files) // TASK_BYTES)
    return named.repartition(tasks, "name").mapInArrow(partial(_batches, read), SCHEMA)


def _batches(read: Callable[[str], bytes], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    with ThreadPoolExecutor(THREADS) as pool:
        for batch in batches:
            for first in range(0, batch.num_rows, BATCH_FILES):
                part = batch.slice(first, BATCH_FILES)
                content = pa.array(list(pool.map(partial(_patiently, read), part["uri"].to_pylist())), pa.binary())
                yield pa.RecordBatch.from_arrays([part["name"], content], ["name", "content"])


def _patiently(read: Callable[[str], bytes], uri: str) -> bytes:
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


def _content(uri: str) -> bytes:
    with open_file(uri) as file:
        return file.read()
