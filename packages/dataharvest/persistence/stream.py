"""The bytes of an object as a stream, and the header at its start."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError

from dataharvest.model.chunk import Chunk, ChunkTask
from dataharvest.model.column import Column
from dataharvest.model.delivery import DeliveredObject
from dataharvest.model.kind import Kind

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK = 1 << 20
LONGEST_HEADER = 1 << 16
_BOM = b"\xef\xbb\xbf"
NOT_PLAIN_MARKS = (b'"', b"\\", b"\r")
"""Bytes that PostgreSQL's COPY and Python's csv module read differently."""
_GONE = {"NoSuchKey", "NoSuchVersion", "PreconditionFailed", "404", "412"}


class Readable(Protocol):
    """A source of bytes."""

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes; b"" at the end."""


class ReplacedError(Exception):
    """The content of an event no longer exists; its successor has a newer event."""


class RefusedError(Exception):
    """The file cannot be read at all; the message gives the reason."""


def open_object(s3: S3Client, delivered: DeliveredObject, chunk: Chunk | None = None) -> Readable:
    """Open exactly the content that an event reported, or a chunk of it.

    Raises ReplacedError, or botocore's errors.
    """
    if chunk and chunk.start == chunk.end:
        return io.BytesIO()
    which: dict[str, str] = (
        {"VersionId": delivered.version_id} if delivered.version_id else {"IfMatch": f'"{delivered.etag}"'}
    )
    if chunk:
        which["Range"] = f"bytes={chunk.start}-{chunk.end - 1}"
    try:
        return s3.get_object(Bucket=delivered.bucket, Key=delivered.key, **which)["Body"]  # type: ignore[arg-type]
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            raise ReplacedError from None
        raise


@dataclass(frozen=True)
class Opened:
    """A file whose header was read: its ``columns`` in order, and a stream of the bytes after it.

    ``lines`` is the number of records before those bytes, ``offset`` their position in the file. If this is only a
    chunk (``is_part``), the table may already contain other rows of the file.
    """

    columns: tuple[Column, ...]
    rest: bytes
    source: Readable
    lines: int = 1
    offset: int = 0
    is_part: bool = False

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes after the header."""
        if self.rest:
            yield self.rest
        while chunk := self.source.read(CHUNK):
            yield chunk

    def read_ahead(self) -> Opened:
        """Return the file with its first megabytes in ``rest``, or all of its bytes if there are fewer."""
        rest = bytearray(self.rest)
        while len(rest) < CHUNK and (chunk := self.source.read(CHUNK)):
            rest += chunk
        return replace(self, rest=bytes(rest))


def read_header(kind: Kind, source: Readable) -> Opened:
    """Read the header. Raises RefusedError unless it names the columns of ``kind``, in any order."""
    start = b""
    while b"\n" not in start and len(start) < LONGEST_HEADER:
        chunk = source.read(CHUNK)
        if not chunk:
            break
        start += chunk
    line, _, rest = start.removeprefix(_BOM).partition(b"\n")
    columns = kind.columns_of(_fields(line))
    if columns is None:
        expected = ",".join(column.name for column in kind.columns)
        raise RefusedError(f"its first line must name the columns {expected}")
    return Opened(columns, rest, source, offset=len(start) - len(rest))


def open_chunk(kind: Kind, task: ChunkTask, source: Readable) -> Opened:
    """Return a chunk as an opened file; the header was read when the file was split."""
    columns = kind.columns_of(task.columns)
    assert columns is not None  # the splitter read the names
    return Opened(columns, b"", source, lines=task.chunk.lines, offset=task.chunk.start, is_part=True)


def _fields(line: bytes) -> list[str]:
    try:
        return next(csv.reader([line.decode().rstrip("\r")]), [])
    except (UnicodeDecodeError, csv.Error):
        return []
