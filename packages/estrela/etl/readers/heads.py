"""The first bytes of many CSV files, read by Python workers.

They determine the dialect of each file. A short file is read completely, so that it is opened only once.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from estrela.etl.readers.dialect import HEAD_BYTES, Dialect, dialect_of, first_line
from estrela.etl.readers.planned import planned
from estrela.etl.readers.refusal import Refusal
from estrela.etl.readers.taken_file import TakenFile, by_content
from estrela.etl.readers.unpacked import head_of
from estrela.etl.readers.worker_reads import read_by_workers, tasks_for
from estrela.model.source import CsvSource

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class Heads:
    """Results from the first bytes of many files.

    ``dialects`` maps the sha256 of each file to its dialect, or to the reason for its refusal; files with the same
    first line share the object. ``whole`` maps the sha256 of each file that fits into its head to its form, a pickled
    dialect. ``contents`` has their ``name`` string, ``form`` binary and ``content`` binary.
    """

    dialects: Mapping[str, Dialect | Refusal] = field(default_factory=dict)
    whole: Mapping[str, bytes] = field(default_factory=dict)
    contents: DataFrame | None = None

    def contents_of(self, files: Iterable[TakenFile]) -> DataFrame:
        """Return ``name`` and ``content`` of ``files``, which must be all ``whole`` files of their forms."""
        from pyspark.sql import functions as F

        assert self.contents is not None
        forms = {self.whole[taken_file.file.sha256] for taken_file in files}
        return self.contents.where(F.col("form").isin(sorted(forms))).select("name", "content")


NO_HEADS = Heads()


def heads_of(spark: SparkSession, source: CsvSource, files: Sequence[TakenFile]) -> Heads:
    """Read the first bytes of each of ``files``; files that fit into them are kept in Spark's shuffle."""
    from pyspark.sql import functions as F

    once = by_content(files)
    read = read_by_workers(spark, once, partial(_head, source), ("form", "content"))
    rows = planned(read.repartition(tasks_for(spark, once), "name"))
    is_whole = F.col("content").isNotNull()
    dialects: dict[str, Dialect | Refusal] = {}
    whole: dict[str, bytes] = {}
    for row in rows.groupBy("form", is_whole.alias("is_whole")).agg(F.collect_list("name").alias("names")).collect():
        dialects |= dict.fromkeys(row["names"], pickle.loads(row["form"]))
        if row["is_whole"]:
            whole |= dict.fromkeys(row["names"], bytes(row["form"]))
    return Heads(dialects, whole, rows.where(is_whole))


def _head(source: CsvSource, uri: str) -> tuple[bytes, bytes | None]:
    """Return the pickled dialect or refusal of a file, and its content if the head is all of it, as plain text."""
    head = head_of(uri, source.compression, HEAD_BYTES)
    if isinstance(head, Refusal):
        return pickle.dumps(head), None
    is_whole = len(head) < HEAD_BYTES and not (source.compression or source.multiline)
    return _form(first_line(head), source), head if is_whole else None


@lru_cache(maxsize=128)
def _form(line: bytes, source: CsvSource) -> bytes:
    """Return the pickled dialect or refusal of files with this first line."""
    return pickle.dumps(dialect_of(line, source))
