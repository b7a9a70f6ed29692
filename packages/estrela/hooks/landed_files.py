"""Objects in S3 that others put there, each version exactly as it was registered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import LoadError, bounded
from estrela.hooks.aws_fault import is_transient, status_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

READERS = 8
"""Small files that are read at a time."""
GONE = (404, 412)
"""HTTP statuses of an object that is gone, or is another one by now."""


@dataclass(frozen=True)
class Landed:
    """One version of an object. ``version`` is its version ID, or equals ``etag`` where the bucket keeps none.

    ``etag`` is "" for an archived file: that of a copy may be another one.
    """

    bucket: str
    key: str
    version: str
    etag: str
    size: int

    @property
    def address(self) -> str:
        """Address without the version."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def selected(self) -> dict[str, Any]:
        """Arguments of a request for exactly this version."""
        return {} if self.version == self.etag else {"VersionId": self.version}


class GoneError(LoadError):
    """The version of the file is no longer in S3."""

    def __init__(self, file: Landed) -> None:
        super().__init__(
            file.address, "this version is no longer there: it was overwritten or deleted", retriable=False
        )


@dataclass(frozen=True)
class LandedFiles:
    """Reads, copies and deletes landed files. Raises GoneError, or LoadError, retriable where the fault may pass."""

    s3: S3Client

    @contextmanager
    def open(self, file: Landed) -> Iterator[IO[bytes]]:
        """Return the content as a stream; it is complete, or a read of it raises."""
        match: dict[str, Any] = {"IfMatch": f'"{file.etag}"'} if file.etag else {}
        try:
            answer = self.s3.get_object(Bucket=file.bucket, Key=file.key, **match, **file.selected)
            with closing(answer["Body"]) as body:
                yield cast(IO[bytes], body)
        except (ClientError, BotoCoreError) as error:
            raise _fault(file, error) from error

    def read_all(self, files: Sequence[Landed]) -> Iterator[bytes | LoadError]:
        """Return the whole content of each of these small files in their order, or why it cannot be read."""
        with ThreadPoolExecutor(READERS, thread_name_prefix="landed files") as pool:
            yield from pool.map(self._content, files)

    def _content(self, file: Landed) -> bytes | LoadError:
        try:
            with self.open(file) as body:
                return body.read()
        except LoadError as error:
            return error

    def move(self, file: Landed, bucket: str, key: str) -> None:
        """Copy the file to ``bucket``/``key``, verify the copy, then delete the file. Repeated, it does what is left.

        The version alone is deleted: a newer file under its name stays.
        """
        try:
            if not self._is_copied(file, bucket, key):
                source = {"Bucket": file.bucket, "Key": file.key, **file.selected}
                # The managed transfer copies in parts what is larger than one request may copy.
                self.s3.copy(source, bucket, key, ExtraArgs={"CopySourceIfMatch": f'"{file.etag}"'})  # type: ignore[arg-type]
                if not self._is_copied(file, bucket, key):
                    raise LoadError(file.address, f"the copy s3://{bucket}/{key} is not as large as the file")
            self._delete(file)
        except (ClientError, BotoCoreError) as error:
            raise _fault(file, error) from error

    def _is_copied(self, file: Landed, bucket: str, key: str) -> bool:
        """Return whether the copy is there, with the size and, where both are of one part, the ETag of the file."""
        try:
            copy = self.s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if status_of(error) in GONE:
                return False
            raise
        etag = copy["ETag"].strip('"')
        return copy["ContentLength"] == file.size and ("-" in etag + file.etag or etag == file.etag)

    def _delete(self, file: Landed) -> None:
        """Delete the file; do nothing if its place holds another one by now."""
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
