"""The rows of raw files, conformed: which files can be read, in which dialects, as one DataFrame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Protocol

from estrela.etl.raw.raw_file import RawFile
from estrela.etl.readers import text_rows
from estrela.etl.readers.dialect import HEAD_BYTES, Refusal, dialect_of
from estrela.etl.readers.text_rows import Content, TakenFile
from estrela.etl.transformers.conform import REJECT, conform
from estrela.frame import frame_of
from estrela.model.source import ApiSource, CsvSource, Source

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

READERS = 8


class RawReader(Protocol):
    """What the transform needs of the raw layer."""

    def files(self, source: str) -> list[RawFile]:
        """Everything ever received from a source."""

    def current(self, source: str) -> list[RawFile]:
        """The newest answer to each request of a source."""

    def uri(self, file: RawFile) -> str:
        """Where Spark reads the file."""

    def head(self, file: RawFile, size: int) -> bytes:
        """The first bytes of the file."""


@dataclass(frozen=True)
class Readable:
    """Files sorted by whether they can be read."""

    good: list[TakenFile]
    refused: list[TakenFile]


def taken_rows(
    spark: SparkSession, source: Source, raw: RawReader, taken: Sequence[TakenFile]
) -> tuple[Readable, DataFrame, dict[str, Content]]:
    """The files that can be read and those refused, the conformed rows of the former, and what each file holds."""
    if isinstance(source, ApiSource):
        contents = text_rows.json_contents(spark, source, taken) if taken else {}
        readable = _split([_judged_json(one, contents, source) for one in taken])
        layout = source.layouts[0]
        rows = text_rows.json_rows(spark, source, readable.good, contents) if readable.good else None
        frames = [] if rows is None else [conform(rows, source, layout, range(len(layout.fields)))]
    else:
        assert isinstance(source, CsvSource)
        readable = _split(_heads(source, raw, taken))
        contents = text_rows.csv_contents(spark, taken) if taken else {}
        frames = [_dialect_frame(spark, source, group, contents) for group in _by_dialect(readable.good)]
    frames = frames or [frame_of(spark, [], _conformed_schema(source))]
    return readable, reduce(lambda left, right: left.unionByName(right), frames), contents


def _dialect_frame(
    spark: SparkSession, source: CsvSource, group: Sequence[TakenFile], contents: Mapping[str, Content]
) -> DataFrame:
    dialect = group[0].dialect
    assert dialect is not None
    rows = text_rows.csv_rows(spark, source, dialect, group, contents)
    return conform(rows, source, dialect.layout, dialect.positions, dialect.latin)


def _heads(source: CsvSource, raw: RawReader, taken: Sequence[TakenFile]) -> list[TakenFile]:
    """``taken``, each with its dialect or the reason why it is refused."""

    def judged(one: TakenFile) -> TakenFile:
        found = dialect_of(raw.head(one.file, HEAD_BYTES), source)
        dialect, refusal = (None, found) if isinstance(found, Refusal) else (found, None)
        return TakenFile(one.file, one.uri, one.requested, dialect, refusal)

    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(judged, taken))


def _split(files: Iterable[TakenFile]) -> Readable:
    listed = list(files)
    return Readable([one for one in listed if not one.refusal], [one for one in listed if one.refusal])


def _by_dialect(files: Sequence[TakenFile]) -> list[list[TakenFile]]:
    """Files by what decides how Spark reads them; without quotes the second filler column does not matter."""

    def key(one: TakenFile) -> object:
        dialect = one.dialect
        assert dialect is not None
        width = dialect.width if dialect.quoted else min(dialect.width, len(dialect.positions) + 1)
        return (dialect.latin, dialect.delimiter, dialect.quoted, dialect.layout.name, dialect.positions, width)

    groups: dict[object, list[TakenFile]] = {}
    for one in files:
        groups.setdefault(key(one), []).append(one)
    return list(groups.values())


def _judged_json(one: TakenFile, contents: Mapping[str, Content], source: ApiSource) -> TakenFile:
    if contents[one.file.sha256].rows is not None:
        return one
    refusal = Refusal(source.records, "", f"the answer is not JSON with an array {source.records!r}")
    return TakenFile(one.file, one.uri, one.requested, None, refusal)


def _conformed_schema(source: Source) -> str:
    columns = ", ".join(f"`{column.name}` {column.type}" for column in source.all_columns)
    reject = ", ".join(f"{name}: string" for name in REJECT)
    return f"{columns}, reject struct<{reject}>"
