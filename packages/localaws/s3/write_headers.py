"""Facts about an object, from the headers of its write."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from localaws.s3.encryption import encryption_of
from localaws.s3.errors import S3Error
from localaws.s3.info import Facts
from localaws.s3.object_lock import lock_of
from localaws.s3.tags import checked_tags

META = "x-amz-meta-"
MAX_METADATA = 2048
STORED_HEADERS = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-website-redirect-location",
)
# Without OUTPOSTS, SNOW and EXPRESS_ONEZONE: buckets of these kinds do not exist here.
STORAGE_CLASSES = frozenset((
    "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE",
    "GLACIER_IR",
))  # fmt: skip
# The ACLs that a bucket without ACLs, S3's default, accepts:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
_ACLS = frozenset(("private", "bucket-owner-full-control"))
_UNSUPPORTED = ("x-amz-write-offset-bytes",)


def facts_of(headers: Mapping[str, str], bucket: str) -> Facts:
    """Return the facts of a put or a new multipart upload, without checksums; raises S3Error if S3 refuses a header."""
    check_write_headers(headers)
    return Facts(
        headers={**stored_headers(headers), **encryption_of(headers, bucket)},
        metadata=metadata_of(headers),
        tags=tags_of(headers),
        storage_class=storage_class_of(headers),
        lock=lock_of(headers, bucket),
    )


def check_write_headers(headers: Mapping[str, str]) -> None:
    """Raise S3Error for headers that are not supported, so that they are not silently ignored."""
    for name in _UNSUPPORTED:
        if name in headers:
            raise S3Error("NotImplemented", f"The header {name} is not supported", {"Header": name})
    if headers.get("x-amz-acl", "private") not in _ACLS or any(name.startswith("x-amz-grant-") for name in headers):
        raise S3Error("AccessControlListNotSupported")


def stored_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that S3 stores and returns with the object."""
    stored = {name: headers[name] for name in STORED_HEADERS if name in headers}
    encodings = [part.strip() for part in stored.pop("content-encoding", "").split(",")]
    kept = ",".join(part for part in encodings if part and part != "aws-chunked")
    return {**stored, **({"content-encoding": kept} if kept else {})}


def metadata_of(headers: Mapping[str, str]) -> dict[str, str]:
    """User metadata; raises S3Error MetadataTooLarge over 2 KB."""
    metadata = {name.removeprefix(META): value for name, value in headers.items() if name.startswith(META)}
    size = sum(len(name) + len(value) for name, value in metadata.items())
    if size > MAX_METADATA:
        raise S3Error("MetadataTooLarge", elements={"Size": str(size), "MaxSizeAllowed": str(MAX_METADATA)})
    return metadata


def tags_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Tags in the ``x-amz-tagging`` header, a URL query; raises S3Error InvalidArgument or InvalidTag."""
    text = headers.get("x-amz-tagging", "")
    pairs = parse_qsl(text, keep_blank_values=True)
    if len(dict(pairs)) < len(pairs) or text.count("=") > len(pairs):
        message = (
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters "
            "without tag name duplicates."
        )
        raise S3Error("InvalidArgument", message, {"ArgumentName": "x-amz-tagging", "ArgumentValue": text[:200]})
    return checked_tags(pairs)


def storage_class_of(headers: Mapping[str, str]) -> str:
    """The storage class, STANDARD by default."""
    name = headers.get("x-amz-storage-class") or "STANDARD"
    if name not in STORAGE_CLASSES:
        raise S3Error("InvalidStorageClass", elements={"StorageClassRequested": name[:100]})
    return name
