"""Stored files as streams, for the driver and for Python workers."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_creation = Lock()
"""Threads may share clients but must not create them concurrently."""


def open_file(uri: str) -> IO[bytes]:
    """Open the file at ``uri``, ``s3://`` or ``file://``. Raises OSError and the errors of botocore."""
    if is_local(uri):
        return _path(uri).open("rb")
    place = urlsplit(uri)
    return cast(IO[bytes], _client().get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"])


def is_local(uri: str) -> bool:
    """Return whether the file at ``uri`` is on a disk of this machine."""
    return uri.startswith("file:")


def last_bytes(uri: str, size: int) -> bytes:
    """Return the last ``size`` bytes of the file at ``uri``, or the whole file if it is shorter."""
    if is_local(uri):
        with _path(uri).open("rb") as file:
            file.seek(-min(size, file.seek(0, os.SEEK_END)), os.SEEK_END)
            return file.read()
    place = urlsplit(uri)
    key = place.path.lstrip("/")
    return _client().get_object(Bucket=place.netloc, Key=key, Range=f"bytes=-{size}")["Body"].read()


def _path(uri: str) -> Path:
    return Path(unquote(uri.removeprefix("file://")))


def _client() -> S3Client:
    with _creation:
        return _s3()


@lru_cache(maxsize=1)
def _s3() -> S3Client:
    import boto3

    return boto3.client("s3")
