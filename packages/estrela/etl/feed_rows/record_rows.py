"""Rows of files that consist of records with named values instead of lines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from estrela.etl.feed_rows.judge import BadRowError, Judge, Piece
from estrela.etl.feed_rows.wire import Wire

ROWS_OF_A_PIECE = 1000


@dataclass(frozen=True, kw_only=True)
class RecordRows(ABC):
    """The records of the file at ``address``, numbered from 1; ``only`` limits them to these numbers."""

    judge: Judge
    address: str
    only: frozenset[int] | None = None

    @abstractmethod
    def records(self) -> Iterator[tuple[int, object]]:
        """Yield each record with its number. Raises FileRefusedError and DamagedFileError."""

    @abstractmethod
    def fields(self, record: object) -> list[str]:
        """Return the texts of the declared fields. Raises BadRowError."""

    @abstractmethod
    def line(self, record: object) -> str:
        """Return the record as text for a reject."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in the order of the values of a row."""
        return tuple(field.column for field in self.judge.feed.fields)

    def wire(self, file: int, load: int) -> Wire:
        """Return the writer that formats rows for COPY."""
        return Wire(file, load)

    def pieces(self, wire: Wire) -> Iterator[Piece]:
        """Yield the rows in pieces. Raises FileRefusedError if the file differs from the declaration."""
        text, count, rejects = [], 0, []
        for number, record in self.records():
            if self.only is not None and number not in self.only:
                continue
            try:
                text.append(wire.row(number, self.judge.values(self.fields(record))))
            except BadRowError as error:
                rejects.append(error.reject(number, self.judge.shown(self.line(record))))
            count += 1
            if count % ROWS_OF_A_PIECE == 0:
                yield Piece("".join(text), len(text), tuple(rejects))
                text, rejects = [], []
        yield Piece("".join(text), len(text), tuple(rejects))
