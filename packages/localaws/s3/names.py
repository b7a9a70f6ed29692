"""Names of buckets and keys: which names S3 accepts, and which keys can be file paths."""

from __future__ import annotations

import re

from localaws.s3.errors import NoSuchBucketError, S3Error

MAX_KEY_BYTES = 1024
MAX_FILE_NAME_BYTES = 255
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"(?!xn--|\d+\.\d+\.\d+\.\d+$)[a-z0-9](?!.*\.\.)[a-z0-9.-]{1,61}[a-z0-9]")


def split_uri(uri: str) -> tuple[str, str]:
    """``s3://bucket/key`` (or ``s3a``, ``s3n``) as ``("bucket", "key")``; raises ValueError for another scheme."""
    scheme, separator, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if not separator or scheme.lower() not in ("s3", "s3a", "s3n") or not bucket:
        raise ValueError(f"{uri[:200]!r} is not an S3 location; expected: s3://bucket/key")
    return bucket, key


def is_bucket_name(name: str) -> bool:
    """Return whether S3 accepts the name; such a name is also a safe folder name."""
    return bool(_BUCKET.fullmatch(name))


def check_bucket(name: str) -> None:
    """Raise NoSuchBucketError for a name that no bucket can have, such as ``..``."""
    if not is_bucket_name(name):
        raise NoSuchBucketError(name)


def check_key(key: str) -> None:
    """Raise KeyTooLongError over 1,024 bytes of UTF-8, InvalidURI for a key that UTF-8 cannot encode."""
    try:
        size = len(key.encode())
    except UnicodeEncodeError as error:
        raise S3Error("InvalidURI") from error
    if size > MAX_KEY_BYTES:
        raise S3Error("KeyTooLongError", elements={"Size": str(size), "MaxSizeAllowed": str(MAX_KEY_BYTES)})


def is_plain(key: str) -> bool:
    """Return whether the key can be a path below its bucket's folder, with each segment as a file name."""
    segments = key.split("/")
    return "\0" not in key and all(map(_is_file_name, segments)) and not is_side_file(segments[-1])


def is_plain_folder(prefix: str) -> bool:
    """Return whether ``prefix``, empty or with a trailing slash, can be a folder below its bucket's folder."""
    return "\0" not in prefix and all(map(_is_file_name, prefix.split("/")[:-1]))


def is_side_file(name: str) -> bool:
    """Return whether a file is Hadoop's checksum ``.name.crc`` of the file ``name``, which is not an object."""
    return name.startswith(".") and name.endswith(".crc")


def is_utf8(name: str) -> bool:
    """Return whether a file name, as the file system gives it, is UTF-8 and so can be a key."""
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _is_file_name(segment: str) -> bool:
    return segment not in ("", ".", "..") and len(segment.encode()) <= MAX_FILE_NAME_BYTES
