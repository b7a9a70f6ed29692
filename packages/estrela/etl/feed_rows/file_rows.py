"""Interface of the rows of a file, independent of its format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from estrela.etl.feed_rows.judge import Piece
from estrela.etl.feed_rows.wire import Wire


class FeedRows(Protocol):
    """The rows of one file, which can be read once."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in the order of the values of a row."""

    def wire(self, file: int, load: int) -> Wire:
        """Return the writer that formats the rows of this file for COPY."""

    def pieces(self, wire: Wire) -> Iterator[Piece]:
        """Yield the rows and rejects in pieces."""
