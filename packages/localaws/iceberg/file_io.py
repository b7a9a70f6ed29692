"""PyIceberg's FileIO over the files of the object store."""

from __future__ import annotations

from pathlib import Path

from pyarrow.fs import LocalFileSystem
from pyiceberg.io import FileIO, InputFile, OutputFile, OutputStream
from pyiceberg.io.pyarrow import PyArrowFile

from localaws.s3.errors import S3Error
from localaws.s3.store import ObjectStore

SCHEMES = ("s3", "s3a", "s3n")


class StoreFile(PyArrowFile):
    """A file in a bucket's folder, known by its ``s3://`` location."""

    def create(self, overwrite: bool = False) -> OutputStream:
        Path(self._path).parent.mkdir(parents=True, exist_ok=True)
        return super().create(overwrite)


class StoreFileIO(FileIO):
    """Reads and writes ``s3://bucket/key`` in process, in the same files that Spark and the S3 API use."""

    def __init__(self, store: ObjectStore) -> None:
        super().__init__()
        self._store = store
        self._files = LocalFileSystem()

    def local_path(self, location: str) -> Path:
        """The local file of a location; raise ValueError for a location that is not in a bucket of this store."""
        bucket, key = self.bucket_and_key(location)
        try:
            return self._store.reads.local_path(bucket, key)
        except S3Error as error:
            raise ValueError(f"location {location[:500]!r}: {error}") from error

    def bucket_and_key(self, location: str) -> tuple[str, str]:
        scheme, separator, rest = location.partition("://")
        bucket, _, key = rest.partition("/")
        if not separator or scheme not in SCHEMES or not bucket or not key:
            raise ValueError(f"location {location[:500]!r} is not an object on S3; s3://bucket/key was expected")
        return bucket, key

    def put(self, location: str, data: bytes) -> None:
        """Write a new object atomically; raise ValueError if the object exists."""
        try:
            self._store.writes.put_bytes(*self.bucket_and_key(location), data, if_none_match=True)
        except S3Error as error:
            raise ValueError(f"location {location[:500]!r}: {error}") from error

    def new_input(self, location: str) -> InputFile:
        return self._file(location)

    def new_output(self, location: str) -> OutputFile:
        return self._file(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Delete an object; a missing object is no error, as on S3."""
        name = location if isinstance(location, str) else location.location
        self._store.writes.delete(*self.bucket_and_key(name))

    def _file(self, location: str) -> StoreFile:
        return StoreFile(location, str(self.local_path(location)), self._files)
