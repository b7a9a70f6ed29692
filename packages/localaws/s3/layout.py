"""Layout of the bytes of buckets and objects below a home."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from localaws.home import Home
from localaws.s3.errors import NoSuchBucketError
from localaws.s3.info import Identity
from localaws.s3.names import check_bucket, is_plain


class Layout:
    """Paths of files, and moves between them.

    A key that is a valid file path is stored at ``s3/<bucket>/<key>``. The vault, ``meta/vault``, contains the bytes of
    other keys and of older versions, under random names; ``meta/uploads`` the parts of multipart uploads; ``tmp/s3``
    files that are still being written.
    """

    def __init__(self, home: Home) -> None:
        self.buckets = home.s3
        self.drafts = home.tmp / "s3"
        self._vault = home.meta / "vault"
        self.uploads = home.meta / "uploads"
        shutil.rmtree(self.drafts, ignore_errors=True)
        for folder in (self.buckets, self.drafts, self._vault, self.uploads):
            folder.mkdir(parents=True, exist_ok=True)

    def bucket(self, name: str) -> Path:
        """A bucket's folder, whether or not it exists; raises NoSuchBucketError for an invalid bucket name."""
        check_bucket(name)
        return self.buckets / name

    def plain(self, bucket: str, key: str) -> str | None:
        """The path of a key that can be a file path, else None.

        A str, because creating a Path costs as much as reading the file's metadata from the disk.
        """
        return f"{self.buckets}/{bucket}/{key}" if is_plain(key) else None

    def vault(self, name: str) -> Path:
        return self._vault / name[:2] / name

    def new_vault(self) -> str:
        """An unused name in the vault."""
        name = secrets.token_hex(16)
        self.vault(name).parent.mkdir(exist_ok=True)
        return name

    def vault_names(self) -> list[str]:
        return [name for _, _, names in os.walk(self._vault) for name in names]

    def place(self, source: str, bucket: str, key: str) -> bool:
        """Move a file to its key's own path; return False if another key is a folder there, or a file above it.

        A folder may vanish between its creation and the move, if the last other object in it is deleted: then try
        again.
        """
        target = self.plain(bucket, key)
        if target is None:
            return False
        while os.path.exists(source):  # noqa: PTH110
            try:
                os.replace(source, target)  # noqa: PTH105
                return True
            except FileNotFoundError:
                if not self._make_parents(bucket, key):
                    return False
            except NotADirectoryError:
                return False
            except IsADirectoryError:
                if not _remove_empty(target):
                    return False
        raise FileNotFoundError(source)

    def _make_parents(self, bucket: str, key: str) -> bool:
        folder = self.bucket(bucket)
        if not folder.is_dir():
            raise NoSuchBucketError(bucket)
        try:
            for segment in key.split("/")[:-1]:
                folder /= segment
                folder.mkdir(exist_ok=True)
        except FileNotFoundError:
            return True
        except (FileExistsError, NotADirectoryError):
            return False
        return True

    def prune(self, bucket: str, key: str) -> None:
        """Remove the folders that a deleted key leaves empty, but never the bucket's folder."""
        segments = key.split("/")[:-1] if is_plain(key) else []
        while segments and _remove_empty(f"{self.buckets}/{bucket}/{'/'.join(segments)}"):
            segments.pop()


def identity_at(path: str | Path | None) -> Identity | None:
    """Return the identity of the file at ``path``; None if it is missing, a folder, or a symbolic link."""
    if path is None:
        return None
    try:
        stat = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Identity.of(stat) if stat.st_mode & 0o170000 == 0o100000 else None


def open_regular(path: str | Path | None) -> IO[bytes] | None:
    """Open a regular file; None if it is missing, a folder, a pipe, or a symbolic link."""
    if path is None:
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        if os.path.islink(path):  # noqa: PTH114
            return None
        raise
    if os.fstat(descriptor).st_mode & 0o170000 != 0o100000:
        os.close(descriptor)
        return None
    return open(descriptor, "rb", buffering=0)  # noqa: PTH123


def _remove_empty(folder: str) -> bool:
    try:
        os.rmdir(folder)  # noqa: PTH106
    except OSError:
        return False
    return True


class Draft:
    """A file being written outside the buckets; removed at the end of the block unless it was moved away."""

    def __init__(self, layout: Layout) -> None:
        self.path = str(layout.drafts / secrets.token_hex(16))
        self._file = open(self.path, "wb", buffering=0)  # noqa: PTH123, SIM115

    def __enter__(self) -> Draft:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        with suppress(FileNotFoundError):
            os.unlink(self.path)  # noqa: PTH108

    def write(self, block: bytes | memoryview) -> None:
        view = memoryview(block)
        while view:
            view = view[self._file.write(view) :]

    def fileno(self) -> int:
        return self._file.fileno()

    def seal(self) -> Identity:
        """Close the file and return its identity, which a rename does not change."""
        self._file.close()
        now = time.time_ns()
        os.utime(self.path, ns=(now, now))  # the kernel's own stamps are too coarse to tell two quick rewrites apart
        return Identity.of(Path(self.path).stat())
