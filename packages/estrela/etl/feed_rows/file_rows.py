"""Rows of a file, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from estrela.etl.feed_rows.judge import Piece
from estrela.etl.feed_rows.wire import Wire


class FeedRows(Protocol):
    """The rows of one file, read once."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns in the order in which rows hold them."""

    def wire(self, file: int, load: int) -> Wire:
        """Return how the rows of this file are written for COPY."""

    def pieces(self, wire: Wire) -> Iterator[Piece]:
        """Return the rows and rejects, some at a time."""
