"""Rows of files, read by the declaration of a source: without a lake or requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import Row, SparkSession
from raw_folder import FolderRaw

from estrela.etl.raw.deliveries import requested
from estrela.etl.readers.lines import reading
from estrela.etl.readers.taken_file import TakenFile
from estrela.etl.transformers.typed_rows import TypedRows, typed_rows
from estrela.model import Column, CsvSource, Download, Field, Layout
from estrela.model.parse import Parser, Text
from estrela.model.source import Source


@dataclass(frozen=True)
class Read:
    """Rows and rejects in order of files and lines, and the reasons for refused files."""

    rows: list[Row]
    rejects: list[Row]
    refused: list[str]

    def values(self, *names: str) -> list[object]:
        """Return the loaded values: of one column, or tuples of several."""
        return [row[names[0]] if len(names) == 1 else tuple(row[name] for name in names) for row in self.rows]

    def reasons(self) -> list[tuple[int, str, str, str]]:
        """Return line, column, value and reason of each reject."""
        return [
            (row["source_line"], row["_reject"]["column_name"], row["_reject"]["value"], row["_reject"]["reason"])
            for row in self.rejects
        ]


def fields(**parsers: Parser) -> dict[str, object]:
    """Return the columns and the layout of a source whose headers are the columns' names."""
    types = {"Whole": "bigint", "Number": "decimal(18,2)", "Date": "date", "Timestamp": "timestamp"}
    types |= {"Boolean": "boolean", "Ordinal": "int"}
    return {
        "columns": tuple(
            Column(name, types.get(type(parser).__name__, "string"), "A column") for name, parser in parsers.items()
        ),
        "layouts": (Layout("v1", tuple(Field(name, name, parser) for name, parser in parsers.items())),),
    }


def csv_source(**options: object) -> CsvSource:
    """Return a source with a code and a name, unless ``options`` override that."""
    described = {"name": "shops", "doc": "Shops", "entity": "shops", "origin": Download("https://x/shops.csv")}
    return CsvSource(**(described | fields(code=Text(), name=Text()) | options))  # type: ignore[arg-type]


def typed(spark: SparkSession, folder: Path, source: Source, *bodies: bytes) -> TypedRows:
    """Return the typed rows of files with these contents."""
    raw = FolderRaw(folder)
    for number, body in enumerate(bodies):
        raw.put(source.name, {"part": str(number)}, body)
    files = raw.files(source.name)
    taken = [TakenFile(number, file, raw.uri(file), requested(source, file)) for number, file in enumerate(files)]
    with reading(spark):
        return typed_rows(spark, source, raw, taken)


def read(spark: SparkSession, folder: Path, source: Source, *bodies: bytes) -> Read:
    """Return the rows and rejects that ``source`` reads from files with these contents."""
    rows = typed(spark, folder, source, *bodies)
    with reading(spark):
        collected: Sequence[Row] = rows.rows.orderBy("_file", "source_line").collect()
    return Read(
        [row for row in collected if row["_reject"] is None],
        [row for row in collected if row["_reject"] is not None],
        [file.refusal.reason for file in rows.refused if file.refusal],
    )
