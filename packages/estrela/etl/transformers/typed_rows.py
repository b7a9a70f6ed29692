"""The rows of raw files, conformed: which files can be read, in which dialects, as one DataFrame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Protocol

from estrela.etl.raw.raw_file import RawFile
from estrela.etl.readers.csv_rows import csv_rows
from estrela.etl.readers.dialect import HEAD_BYTES, Dialect, dialect_of
from estrela.etl.readers.file_rows import with_files
from estrela.etl.readers.json_rows import document_rows
from estrela.etl.readers.lines import Offsets, block_offsets, lines_of
from estrela.etl.readers.refusal import Refusal
from estrela.etl.readers.taken_file import TakenFile
from estrela.etl.readers.unpacked import head_of
from estrela.etl.transformers.conform import REJECT, conform
from estrela.frame import frame_of
from estrela.model.source import ApiSource, CsvSource, Source

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

READERS = 16


class RawReader(Protocol):
    """What the transform needs of the raw layer."""

    def files(self, source: str) -> list[RawFile]:
        """Return everything ever received from a source."""

    def current(self, source: str) -> list[RawFile]:
        """The newest answer to each request of a source."""

    def uri(self, file: RawFile) -> str:
        """Return where Spark reads the file."""

    def head(self, file: RawFile, size: int) -> bytes:
        """Return the first bytes of the file."""


@dataclass(frozen=True)
class TypedRows:
    """Files that can be read and files that are refused, and the conformed rows of the former.

    ``rows`` holds the trusted columns, ``_reject`` and ``_file``, the number of the file: see :func:`conform`.
    """

    good: list[TakenFile]
    refused: list[TakenFile]
    rows: DataFrame


def typed_rows(spark: SparkSession, source: Source, raw: RawReader, taken: Sequence[TakenFile]) -> TypedRows:
    """Return the rows of the files ``taken``. Call inside :func:`estrela.etl.readers.lines.reading`."""
    judged = _judged(source, raw, taken)
    good = [one for one in judged if not one.refusal]
    frames = _frames(spark, source, good) or [frame_of(spark, [], _conformed_schema(source))]
    rows = reduce(lambda left, right: left.unionByName(right), frames)
    return TypedRows(good, [one for one in judged if one.refusal], rows)


def _judged(source: Source, raw: RawReader, taken: Sequence[TakenFile]) -> list[TakenFile]:
    """Return ``taken``, each with its dialect or the reason why it is refused."""

    def judged(one: TakenFile) -> TakenFile:
        found = _refusal(source, one.file) or (_dialect(source, raw, one) if isinstance(source, CsvSource) else None)
        return replace(one, refusal=found) if isinstance(found, Refusal) else replace(one, dialect=found)

    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(judged, taken))


def _refusal(source: Source, file: RawFile) -> Refusal | None:
    """Return why the file is refused by its size alone."""
    if file.size > source.max_bytes:
        return Refusal("", f"{file.size:,} bytes", f"more than {source.max_bytes:,} bytes, the declared max_bytes")
    return None if file.size else Refusal("", "", "the file is empty")


def _dialect(source: CsvSource, raw: RawReader, one: TakenFile) -> Dialect | Refusal:
    packed = bool(source.compression)
    head = head_of(one.uri, source.compression, HEAD_BYTES) if packed else raw.head(one.file, HEAD_BYTES)
    return head if isinstance(head, Refusal) else dialect_of(head, source)


def _frames(spark: SparkSession, source: Source, files: Sequence[TakenFile]) -> list[DataFrame]:
    if not files:
        return []
    if isinstance(source, ApiSource):
        layout = source.layouts[0]
        rows = with_files(document_rows(spark, source, files), source, files, {})
        return [conform(rows, source, layout, range(len(layout.fields)))]
    assert isinstance(source, CsvSource)
    offsets = block_offsets(spark, source, files)
    return [_dialect_frame(spark, source, group, offsets) for group in _by_dialect(files)]


def _dialect_frame(spark: SparkSession, source: CsvSource, group: Sequence[TakenFile], offsets: Offsets) -> DataFrame:
    dialect = group[0].dialect
    assert dialect is not None
    lines = with_files(lines_of(spark, source, group), source, group, offsets)
    return conform(csv_rows(lines, source, dialect), source, dialect.layout, dialect.positions)


def _by_dialect(files: Iterable[TakenFile]) -> list[list[TakenFile]]:
    """Group files by what decides how Spark reads them; without quotes the second blank column does not matter."""

    def key(one: TakenFile) -> object:
        dialect = one.dialect
        assert dialect is not None
        width = dialect.width if dialect.quote else min(dialect.width, dialect.used + 1)
        return (dialect.delimiter, dialect.quote, dialect.layout.name, dialect.positions, dialect.used, width)

    groups: dict[object, list[TakenFile]] = {}
    for one in files:
        groups.setdefault(key(one), []).append(one)
    return list(groups.values())


def _conformed_schema(source: Source) -> str:
    columns = ", ".join(f"`{column.name}` {column.type}" for column in source.all_columns)
    reject = ", ".join(f"{name}: string" for name in REJECT)
    return f"{columns}, _file int, _reject struct<{reject}>"
