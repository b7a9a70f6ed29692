"""Opens the content of a file as rows of its feed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Protocol

from estrela.etl.feed_rows.csv_rows import CsvRows, head_of
from estrela.etl.feed_rows.json_rows import JsonRows
from estrela.etl.feed_rows.judge import Judge, Piece
from estrela.etl.feed_rows.wire import Wire
from estrela.etl.readers.compression import DamagedFileError
from estrela.model.feed_format import Csv, Json

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

READ_BYTES = 1 << 20


class FeedRows(Protocol):
    """The rows of one file, read once."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns in the order in which rows hold them."""

    def wire(self, file: int, load: int) -> Wire:
        """Return how the rows of this file are written for COPY."""

    def pieces(self, wire: Wire) -> Iterator[Piece]:
        """Return the rows and rejects, some at a time."""


class Hashing(io.RawIOBase):
    """A stream that is hashed as it is read. Closing it leaves ``stream`` open."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream, self._digest = stream, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        found = self._stream.read(len(view))
        self._digest.update(found)
        view[: len(found)] = found
        return len(found)

    def drain(self) -> str:
        """Read what is left, and return the sha256 of the whole in hexadecimal digits."""
        while found := self._stream.read(READ_BYTES):
            self._digest.update(found)
        return self._digest.hexdigest()


def open_rows(content: IO[bytes], judge: Judge, address: str, only: frozenset[int] | None = None) -> FeedRows:
    """Return the rows of the unpacked ``content`` of the file at ``address``, or of the lines ``only``.

    Raises FileRefusedError if its columns are not those of the feed.
    """
    form = judge.feed.format
    chunks = _chunks(content, form.max_bytes)
    if isinstance(form, Csv):
        return CsvRows(head_of(chunks, judge.feed, form, address), form, judge, only)
    return JsonRows(chunks, form if isinstance(form, Json) else None, judge, address, only)


def _chunks(content: IO[bytes], most: int) -> Iterator[bytes]:
    """Return the content in pieces. Raises DamagedFileError if it is too large."""
    total = 0
    while chunk := content.read(READ_BYTES):
        total += len(chunk)
        if total > most:
            raise DamagedFileError(f"it holds more than {most:,} bytes, the declared max_bytes")
        yield chunk
