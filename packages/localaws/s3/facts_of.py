"""What the headers of a write say of the object."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from localaws.s3.documents import checked_tags
from localaws.s3.errors import S3Error
from localaws.s3.info import Facts

META = "x-amz-meta-"
MAX_METADATA = 2048
STORED_HEADERS = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-website-redirect-location",
)
STORAGE_CLASSES = frozenset((
    "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE",
    "GLACIER_IR", "OUTPOSTS", "SNOW", "EXPRESS_ONEZONE",
))  # fmt: skip
# What a bucket without ACLs, S3's default, takes:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
_ACLS = frozenset(("private", "bucket-owner-full-control"))
_UNSUPPORTED = (
    "x-amz-object-lock-mode",
    "x-amz-object-lock-legal-hold",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-write-offset-bytes",
)


def facts_of(headers: Mapping[str, str], checksums: Mapping[str, str]) -> Facts:
    """Facts of a put, a copy with REPLACE, or a new multipart upload; raises S3Error for what S3 would refuse."""
    check_write_headers(headers)
    return Facts(
        headers=stored_headers(headers),
        metadata=metadata_of(headers),
        tags=tags_of(headers),
        checksums=dict(checksums),
        storage_class=storage_class_of(headers),
    )


def check_write_headers(headers: Mapping[str, str]) -> None:
    """Raise S3Error for what is not supported rather than drop it."""
    for name in _UNSUPPORTED:
        if name in headers:
            raise S3Error("NotImplemented", f"The header {name} is not supported", {"Header": name})
    if headers.get("x-amz-acl", "private") not in _ACLS or any(name.startswith("x-amz-grant-") for name in headers):
        raise S3Error("AccessControlListNotSupported")


def stored_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that come back with the object."""
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
    """Tags of the ``x-amz-tagging`` header: a URL's query."""
    return checked_tags(parse_qsl(headers.get("x-amz-tagging", ""), keep_blank_values=True))


def storage_class_of(headers: Mapping[str, str]) -> str:
    """The storage class, STANDARD by default."""
    name = headers.get("x-amz-storage-class") or "STANDARD"
    if name not in STORAGE_CLASSES:
        raise S3Error("InvalidStorageClass", elements={"StorageClassRequested": name[:100]})
    return name
