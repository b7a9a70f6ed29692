"""The dialects of many CSV files, found out by Python workers."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from estrela.etl.readers.dialect import HEAD_BYTES, Dialect, dialect_of
from estrela.etl.readers.refusal import Refusal
from estrela.etl.readers.taken_file import TakenFile
from estrela.etl.readers.unpacked import head_of
from estrela.etl.readers.worker_reads import read_by_workers
from estrela.model.source import CsvSource

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def dialects_of(spark: SparkSession, source: CsvSource, files: Sequence[TakenFile]) -> Mapping[str, Dialect | Refusal]:
    """Return the dialect of each of ``files``, or why it is refused, by sha256; files of one form share the object."""
    unpickled = lru_cache(maxsize=1024)(pickle.loads)
    rows = read_by_workers(spark, files, partial(_pickled, source)).collect()
    return {row["name"]: unpickled(bytes(row["content"])) for row in rows}


def _pickled(source: CsvSource, uri: str) -> bytes:
    head = head_of(uri, source.compression, HEAD_BYTES)
    return pickle.dumps(head if isinstance(head, Refusal) else dialect_of(head, source))
