"""Objects that others put into S3, each read in exactly the registered version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import LoadError, bounded
from estrela.hooks.aws_fault import is_transient, status_of
from estrela.hooks.parallel import threads

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

READERS = 8
"""Number of small files that are read in parallel."""
GONE = (404, 412)
"""HTTP statuses if the object was deleted or replaced."""


@dataclass(frozen=True)
class Landed:
    """One version of an object. ``version`` is its version ID, or its ETag if the bucket is not versioned.

    ``etag`` is "" for an archived file, as a copy may have a different ETag.
    """

    bucket: str
    key: str
    version: str
    etag: str
    size: int

    @property
    def address(self) -> str:
        """The address without the version."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def selected(self) -> dict[str, Any]:
        """Request arguments that select exactly this version."""
        return {} if self.version == self.etag else {"VersionId": self.version}


class GoneError(LoadError):
    """The version of the file is no longer in S3."""

    def __init__(self, file: Landed) -> None:
        super().__init__(file.address, "this version no longer exists: it was overwritten or deleted", retriable=False)


@dataclass(frozen=True)
class LandedFiles:
    """Reads, copies and deletes landed files. Raises GoneError, or LoadError, retriable if the fault is transient."""

    s3: S3Client

    @contextmanager
    def open(self, file: Landed) -> Iterator[IO[bytes]]:
        """Return the content as a stream; a truncated one raises an error when it is read."""
        match: dict[str, Any] = {"IfMatch": f'"{file.etag}"'} if file.etag else {}
        try:
            answer = self.s3.get_object(Bucket=file.bucket, Key=file.key, **match, **file.selected)
            with closing(answer["Body"]) as body:
                yield cast(IO[bytes], body)
        except (ClientError, BotoCoreError) as error:
            raise _fault(file, error) from error

    def read_all(self, files: Sequence[Landed]) -> Iterator[bytes | LoadError]:
        """Yield the whole content of each of these small files, in order, or the error of reading it."""
        with threads(READERS, "landed files") as pool:
            yield from pool.map(self._content, files)

    def _content(self, file: Landed) -> bytes | LoadError:
        try:
            with self.open(file) as body:
                return body.read()
        except LoadError as error:
            return error

    def move(self, file: Landed, bucket: str, key: str) -> None:
        """Copy the file to ``bucket``/``key``, verify the copy, then delete the file. A repeated call continues where
        it stopped.

        Only this version is deleted: a newer file with the same name is kept.
        """
        try:
            if not self._is_copied(file, bucket, key):
                source = {"Bucket": file.bucket, "Key": file.key, **file.selected}
                # The managed transfer copies objects that are too large for one copy request in parts.
                self.s3.copy(source, bucket, key, ExtraArgs={"CopySourceIfMatch": f'"{file.etag}"'})  # type: ignore[arg-type]
                if not self._is_copied(file, bucket, key):
                    raise LoadError(
                        file.address, f"the size of the copy s3://{bucket}/{key} differs from that of the file"
                    )
            self._delete(file)
        except (ClientError, BotoCoreError) as error:
            raise _fault(file, error) from error

    def _is_copied(self, file: Landed, bucket: str, key: str) -> bool:
        """Return whether the copy exists with the size of the file, and its ETag if neither was uploaded in parts."""
        try:
            copy = self.s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if status_of(error) in GONE:
                return False
            raise
        etag = copy["ETag"].strip('"')
        return copy["ContentLength"] == file.size and ("-" in etag + file.etag or etag == file.etag)

    def _delete(self, file: Landed) -> None:
        """Delete the file; do nothing if another file has replaced it."""
        if file.selected:
            self.s3.delete_object(Bucket=file.bucket, Key=file.key, **file.selected)
            return
        try:
            self.s3.delete_object(Bucket=file.bucket, Key=file.key, IfMatch=f'"{file.etag}"')
        except ClientError as error:
            if status_of(error) not in GONE:
                raise


def _fault(file: Landed, error: ClientError | BotoCoreError) -> LoadError:
    if isinstance(error, ClientError) and status_of(error) in GONE:
        return GoneError(file)
    return LoadError(file.address, bounded(error), retriable=is_transient(error))
