"""Stored files as streams, in the driver and in Python workers."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_creation = Lock()
"""Clients may be shared by threads, but not created by several at a time."""


def open_file(uri: str) -> IO[bytes]:
    """Open the file at ``uri``, ``s3://`` or ``file://``. Raises OSError and botocore's errors."""
    place = urlsplit(uri)
    if place.scheme == "file":
        return Path(unquote(place.path)).open("rb")
    with _creation:
        client = _s3()
    return cast(IO[bytes], client.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"])


@lru_cache(maxsize=1)
def _s3() -> S3Client:
    import boto3

    return boto3.client("s3")
