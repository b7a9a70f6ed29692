"""Rows of several files in one zip archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import IO

from estrela.errors import FileRefusedError
from estrela.etl.feed_rows.file_rows import FeedRows
from estrela.etl.feed_rows.judge import Piece
from estrela.etl.feed_rows.wire import Wire

LINES_OF_A_MEMBER = 1_000_000_000
"""Line ``n`` of member ``m``, both from 1, has the number ``(m - 1) * LINES_OF_A_MEMBER + n`` in the archive."""
Open = Callable[[IO[bytes], frozenset[int] | None], FeedRows]


@dataclass(frozen=True)
class MemberRows:
    """The rows of ``members``, each read by ``open``. All members must have the columns and dialect of the first one.

    ``only`` limits the rows to these lines of the archive.
    """

    feed: str
    address: str
    members: Sequence[tuple[str, Callable[[], IO[bytes]]]]
    open: Open
    only: frozenset[int] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in the order of the values of a row."""
        return self._first().columns

    def wire(self, file: int, load: int) -> Wire:
        """Return the writer that formats rows for COPY."""
        return self._first().wire(file, load)

    def pieces(self, wire: Wire) -> Iterator[Piece]:
        """Yield the rows of all members."""
        columns = self.columns
        for place, (name, content) in enumerate(self.members):
            before = place * LINES_OF_A_MEMBER
            with content() as stream:
                rows = self.open(stream, self._lines(before))
                if (rows.columns, rows.wire(wire.file, wire.load)) != (columns, wire):
                    files = f"{self.members[0][0]} and {name}"
                    reason = f"{files} differ in the order of their columns, their delimiter or their quote"
                    raise FileRefusedError(self.feed, self.address, reason, is_of_columns=True)
                for piece in rows.pieces(replace(wire, before=before)):
                    rejects = tuple(replace(reject, line=reject.line + before) for reject in piece.rejects)
                    yield replace(piece, rejects=rejects)

    def _first(self) -> FeedRows:
        with self.members[0][1]() as stream:
            return self.open(stream, None)

    def _lines(self, before: int) -> frozenset[int] | None:
        if self.only is None:
            return None
        return frozenset(line - before for line in self.only if before < line <= before + LINES_OF_A_MEMBER)
