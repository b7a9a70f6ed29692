"""Compressed files as streams of their uncompressed content."""

from __future__ import annotations

import bz2
import gzip
import io
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import IO, TYPE_CHECKING, cast

from estrela.etl.readers.stored_file import open_file

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

COPY_BYTES = 1 << 20
MOST_MEMBERS = 1000


class DamagedFileError(Exception):
    """A file cannot be unpacked; the message gives the reason and is shown in the rejects. Never leaves the readers."""


class Source(io.RawIOBase):
    """The bytes of a packed file. Distinguishes connection errors, which may be transient, from a damaged file.

    ``is_sound`` becomes False when a read fails. Closing it leaves ``stream`` open.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream, self.is_sound = stream, True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        try:
            chunk = self._stream.read(len(view))
        except Exception:
            self.is_sound = False
            raise
        view[: len(chunk)] = chunk
        return len(chunk)


@contextmanager
def open_unpacked(uri: str, compression: str) -> Iterator[IO[bytes]]:
    """Open the uncompressed content at ``uri``, ``s3://`` or ``file://``. Raises DamagedFileError, also on reads."""
    with open_file(uri) as packed, unpacked(packed, compression) as content:
        yield content


@contextmanager
def unpacked(packed: IO[bytes], compression: str) -> Iterator[IO[bytes]]:
    """Yield the uncompressed content of a stream with ``compression``. Raises DamagedFileError, also on reads."""
    source = Source(packed)
    with ExitStack() as stack:
        try:
            yield stack.enter_context(_unpacked(cast(IO[bytes], source) if compression else packed, compression, stack))
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
            if compression and source.is_sound and _is_of_content(error):
                raise DamagedFileError(f"it is not a valid {compression} file: {error}") from error
            raise


def _is_of_content(error: Exception) -> bool:
    """Return whether ``error`` is about the content. Errors of the system, such as a full disk, have an errno."""
    return not (isinstance(error, OSError) and error.errno is not None)


def _unpacked(packed: IO[bytes], compression: str, stack: ExitStack) -> IO[bytes]:
    match compression:
        case "gzip":
            return cast(IO[bytes], gzip.open(packed, "rb"))
        case "bz2":
            return bz2.open(packed, "rb")
        case "zstd":
            import pyarrow as pa

            return cast(IO[bytes], pa.CompressedInputStream(pa.PythonFile(packed, "r"), "zstd"))
        case "zip":
            return _only_member(packed, stack)
        case _:
            return packed


@contextmanager
def zip_members(
    packed: IO[bytes], pattern: re.Pattern[str], most: int
) -> Iterator[list[tuple[str, Callable[[], IO[bytes]]]]]:
    """Yield the files of a zip archive that match ``pattern``, sorted by name, each with a function that opens it.

    Raises DamagedFileError, also on reads, if the files exceed ``most`` bytes in total, or if there are none or too
    many.
    """
    source = Source(packed)
    with ExitStack() as stack:
        try:
            archive = _archive(cast(IO[bytes], source), stack)
            members = sorted(
                (member for member in archive.infolist() if not member.is_dir() and pattern.fullmatch(member.filename)),
                key=lambda member: member.filename,
            )
            if not 1 <= len(members) <= MOST_MEMBERS:
                allowed = f"1 to {MOST_MEMBERS} are allowed"
                raise DamagedFileError(f"{len(members)} files of the zip archive match {pattern.pattern!r}; {allowed}")
            # Reading a member never returns more than its declared size.
            total = sum(member.file_size for member in members)
            if total > most:
                raise DamagedFileError(f"its files have {total} bytes, more than the declared max_bytes={most}")
            yield [(member.filename, partial(_opened, archive, member.filename)) for member in members]
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
            if source.is_sound and _is_of_content(error):
                raise DamagedFileError(f"it is not a valid zip file: {error}") from error
            raise


def _archive(packed: IO[bytes], stack: ExitStack) -> zipfile.ZipFile:
    """Open a zip archive from a copy on disk, because its directory is at the end of the stream."""
    copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 the stack closes it
    while chunk := packed.read(COPY_BYTES):
        copy.write(chunk)
    return stack.enter_context(zipfile.ZipFile(copy))


def _only_member(packed: IO[bytes], stack: ExitStack) -> IO[bytes]:
    """Open the only file of a zip archive."""
    archive = _archive(packed, stack)
    names = [member.filename for member in archive.infolist() if not member.is_dir()]
    if len(names) != 1:
        shown = f": {', '.join(names[:5])}" if names else ""
        raise DamagedFileError(f"the zip archive must contain exactly 1 file, but contains {len(names)}{shown}")
    return _opened(archive, names[0])


def _opened(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    try:
        return archive.open(name)
    except (NotImplementedError, RuntimeError) as error:
        raise DamagedFileError(f"the zip archive cannot be read: {error}") from error
