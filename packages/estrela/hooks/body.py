"""The content of one answer, of any size, in bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO

IN_MEMORY = 1 << 20
CHUNK = 1 << 20


class Body:
    """Bytes that are stored in memory up to 1 MiB and in a temporary file above that, with their size and sha256.

    Append first; then read as often as needed, in one thread at a time.
    """

    def __init__(self) -> None:
        self._file: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        self._digest = hashlib.sha256()
        self.size = 0

    @classmethod
    def of(cls, content: bytes) -> Body:
        """Return a body with ``content``."""
        body = cls()
        body.append(content)
        return body

    @property
    def sha256(self) -> str:
        """The hexadecimal sha256 of the content."""
        return self._digest.hexdigest()

    def append(self, part: bytes) -> None:
        """Add ``part`` at the end."""
        self._file.seek(self.size)
        self._file.write(part)
        self._digest.update(part)
        self.size += len(part)

    def read(self) -> bytes:
        """Return the whole content."""
        return self.head(self.size)

    def head(self, size: int) -> bytes:
        """Return the first ``size`` bytes."""
        self._file.seek(0)
        return self._file.read(size)

    def chunks(self) -> Iterator[bytes]:
        """Yield the content in parts of at most 1 MiB."""
        for start in range(0, self.size, CHUNK):
            self._file.seek(start)
            yield self._file.read(CHUNK)

    def file(self) -> IO[bytes]:
        """Return the content as a readable file at its start."""
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Free the memory or the temporary file."""
        self._file.close()
