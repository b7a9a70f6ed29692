"""A raw file that a run reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from estrela.etl.raw.raw_file import RawFile
from estrela.etl.readers.dialect import Dialect
from estrela.etl.readers.refusal import Refusal


@dataclass(frozen=True)
class TakenFile:
    """A raw file about to be read. ``requested`` holds the columns that its request fills, as text.

    ``number`` identifies it within the run: the same content may answer several requests. ``dialect`` is that of a CSV
    file, ``schema`` holds the names and types of a Parquet file's columns.
    """

    number: int
    file: RawFile
    uri: str
    requested: Mapping[str, str]
    dialect: Dialect | None = None
    schema: tuple[tuple[str, str], ...] | None = None
    refusal: Refusal | None = None

    def in_dialect(self, dialect: Dialect) -> TakenFile:
        """Return the file as one that is written in ``dialect``; of many files, dataclasses.replace takes seconds."""
        return TakenFile(self.number, self.file, self.uri, self.requested, dialect)


def by_content(files: Iterable[TakenFile]) -> list[TakenFile]:
    """Return ``files``, of those with the same content one."""
    return list({taken_file.file.sha256: taken_file for taken_file in files}.values())
