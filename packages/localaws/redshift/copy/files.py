"""The objects that a COPY reads: all below a prefix, or those in a manifest; their bytes are decompressed."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, cast

from localaws.redshift.copy.options import BZIP2, GZIP, ZSTD, CopyOptions
from localaws.redshift.errors import SqlError
from localaws.s3.errors import NoSuchBucketError, NoSuchKeyError, S3Error
from localaws.s3.store import ObjectStore, split_uri

UNREADABLE = (OSError, EOFError, zlib.error)


@dataclass(frozen=True)
class SourceFile:
    """One object; ``size`` is its stored size in bytes."""

    bucket: str
    key: str
    size: int

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def source_files(store: ObjectStore, options: CopyOptions) -> list[SourceFile]:
    """List the objects of a COPY; raises SqlError if there are none, or a mandatory object of a manifest is missing."""
    bucket, key = split_uri(options.source)
    if options.manifest:
        return _of_manifest(store, bucket, key)
    try:
        files = [SourceFile(bucket, info.key, info.size) for info in store.reads.list(bucket, key)]
    except NoSuchBucketError:
        raise _s3_error(
            "S3ServiceException:The specified bucket does not exist,Status 404,Error NoSuchBucket"
        ) from None
    files = [file for file in files if not (file.key.endswith("/") and not file.size)]
    if not files:
        raise _s3_error(f"The specified S3 prefix '{key}' does not exist")
    return files


def read_object(store: ObjectStore, uri: str) -> bytes:
    """Read a small object: a manifest or a JSONPaths file; raises SqlError if it does not exist."""
    try:
        return store.reads.get_bytes(*split_uri(uri))
    except (NoSuchKeyError, NoSuchBucketError):
        raise _s3_error(f"The specified S3 prefix '{split_uri(uri)[1]}' does not exist") from None


@contextmanager
def opened(store: ObjectStore, file: SourceFile, options: CopyOptions) -> Iterator[IO[bytes]]:
    """Open an object and decompress it; raises SqlError if it does not exist any more or is damaged."""
    try:
        _, raw = store.reads.open(file.bucket, file.key)
    except (NoSuchKeyError, NoSuchBucketError):
        raise _s3_error(f"The specified S3 prefix '{file.key}' does not exist") from None
    with raw:
        try:
            yield _plain(raw, options)
        except UNREADABLE as error:
            if not options.compression:
                raise
            raise _damaged(file.uri, options.compression, error) from None


def _plain(raw: IO[bytes], options: CopyOptions) -> IO[bytes]:
    if options.compression == GZIP:
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if options.compression == BZIP2:
        return bz2.BZ2File(raw)
    if options.compression == ZSTD:
        import pyarrow as pa

        return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd"))
    return raw


def _of_manifest(store: ObjectStore, bucket: str, key: str) -> list[SourceFile]:
    """The objects of a manifest.

    https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
    """
    uri = f"s3://{bucket}/{key}"
    files = []
    for entry in _entries(uri, read_object(store, uri)):
        url = str(entry.get("url", ""))
        if not url.startswith("s3://"):
            raise SqlError(f"Invalid manifest {uri}: the URL {url!r} is not an s3:// address")
        part_bucket, part_key = split_uri(url)
        info = _head(store, part_bucket, part_key)
        if info is not None:
            files.append(SourceFile(part_bucket, part_key, info.size))
        elif entry.get("mandatory"):
            raise SqlError(f"Problem reading manifest file - S3 file {url}: the specified key does not exist")
    if not files:
        raise SqlError(f"Problem reading manifest file - no file of {uri} exists")
    return files


def _entries(uri: str, data: bytes) -> list[dict[str, Any]]:
    try:
        document = json.loads(data)
    except ValueError:
        raise SqlError(f"Invalid manifest {uri}: it is not a JSON document") from None
    entries = document.get("entries") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SqlError(f"Invalid manifest {uri}: it has no list of entries")
    return entries


def _head(store: ObjectStore, bucket: str, key: str) -> Any:
    try:
        return store.reads.head(bucket, key)
    except S3Error:
        return None


def _s3_error(text: str) -> SqlError:
    """Return an error of S3 as COPY shows it; 8001 is the code of COPY's S3 utilities."""
    return _detailed(text, 8001, "")


def _damaged(uri: str, compression: str, error: Exception) -> SqlError:
    """The error of COPY for a file that it cannot decompress (snowplow/snowplow#1265 shows one for LZOP)."""
    # The text for Z_DATA_ERROR in zlib's own example, which it also gives for a truncated file.
    reason = "invalid or incomplete deflate data. zlib error code: -3" if compression == GZIP else str(error)
    return _detailed(f"failed to inflate with {compression}: {reason}", 9001, f"S3 key being read : {uri}")


def _detailed(text: str, code: int, context: str) -> SqlError:
    line = "-" * 47
    return SqlError(
        f"{text}\n  Detail: \n  {line}\n  error:  {text}\n  code:      {code}\n  context:   {context}\n  {line}"
    )
