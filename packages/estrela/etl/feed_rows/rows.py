"""Opens the content of a file as the rows of its feed."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from estrela.etl.feed_rows.csv_rows import CsvRows, head_of
from estrela.etl.feed_rows.file_rows import FeedRows
from estrela.etl.feed_rows.json_rows import JsonRows
from estrela.etl.feed_rows.judge import Judge
from estrela.etl.feed_rows.member_rows import MemberRows
from estrela.etl.feed_rows.parquet_rows import ParquetRows
from estrela.etl.readers.compression import DamagedFileError, unpacked, zip_members
from estrela.model.feed_format import Csv, Json, Parquet

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

READ_BYTES = 1 << 20


class Hashing(io.RawIOBase):
    """A stream whose content is hashed while it is read. Closing it leaves ``stream`` open."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream, self._digest = stream, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        chunk = self._stream.read(len(view))
        self._digest.update(chunk)
        view[: len(chunk)] = chunk
        return len(chunk)

    def drain(self) -> str:
        """Read the rest of the stream and return the sha256 of the whole content as hexadecimal digits."""
        while chunk := self._stream.read(READ_BYTES):
            self._digest.update(chunk)
        return self._digest.hexdigest()


@contextmanager
def unpacked_rows(
    packed: IO[bytes], judge: Judge, address: str, only: frozenset[int] | None = None
) -> Iterator[FeedRows]:
    """Yield the rows, or the rows at the lines ``only``, of the file at ``address``, unpacked as the feed declares.

    Raises FileRefusedError if its columns differ from those of the feed, and DamagedFileError, also on reads.
    """
    form = judge.feed.format
    if not form.members:
        with unpacked(packed, form.compression) as content:
            yield open_rows(content, judge, address, only)
        return
    with zip_members(packed, re.compile(form.members), form.max_bytes) as members:

        def member(content: IO[bytes], lines: frozenset[int] | None) -> FeedRows:
            return open_rows(content, judge, address, lines)

        yield MemberRows(judge.feed.name, address, members, member, only)


def open_rows(content: IO[bytes], judge: Judge, address: str, only: frozenset[int] | None = None) -> FeedRows:
    """Return the rows, or the rows at the lines ``only``, of the unpacked ``content`` of the file at ``address``.

    Raises FileRefusedError if its columns differ from those of the feed.
    """
    form = judge.feed.format
    chunks = _chunks(content, form.max_bytes)
    if isinstance(form, Csv):
        return CsvRows(head_of(chunks, judge.feed, form, address), form, judge, only)
    if isinstance(form, Parquet):
        return ParquetRows(chunks=chunks, judge=judge, address=address, only=only)
    document = form if isinstance(form, Json) else None
    return JsonRows(chunks=chunks, form=document, judge=judge, address=address, only=only)


def _chunks(content: IO[bytes], most: int) -> Iterator[bytes]:
    """Yield the content in chunks. Raises DamagedFileError if it is too large."""
    total = 0
    while chunk := content.read(READ_BYTES):
        total += len(chunk)
        if total > most:
            raise DamagedFileError(f"its content is larger than the declared max_bytes={most}")
        yield chunk
