"""A raw file that a run reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from estrela.etl.raw.raw_file import RawFile
from estrela.etl.readers.dialect import Dialect
from estrela.etl.readers.refusal import Refusal


@dataclass(frozen=True)
class TakenFile:
    """A raw file to be read. ``requested`` has the columns filled from its request, as text.

    ``number`` identifies it within the run, because the same content may answer several requests. ``dialect`` is set
    for CSV files, ``schema`` (names and types of the columns) for Parquet files.
    """

    number: int
    file: RawFile
    uri: str
    requested: Mapping[str, str]
    dialect: Dialect | None = None
    schema: tuple[tuple[str, str], ...] | None = None
    refusal: Refusal | None = None

    def in_dialect(self, dialect: Dialect) -> TakenFile:
        """Return a copy with ``dialect``. For many files, dataclasses.replace would take seconds."""
        return TakenFile(self.number, self.file, self.uri, self.requested, dialect)


def by_content(files: Iterable[TakenFile]) -> list[TakenFile]:
    """Return ``files`` without those whose content another one already has."""
    return list({taken_file.file.sha256: taken_file for taken_file in files}.values())
