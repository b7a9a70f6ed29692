"""CopyObject."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from localaws.s3.bucket_settings import DEFAULT_ENCRYPTION, settings_of
from localaws.s3.checksums import DEFAULT, FULL_OBJECT, PREFIX, checked_algorithm, encoded, new_checksum
from localaws.s3.conditions import check_copy_conditions, condition_of_write
from localaws.s3.documents import Node, document, iso_time
from localaws.s3.encryption import ALGORITHM, encryption_headers, encryption_of
from localaws.s3.errors import S3Error
from localaws.s3.info import NULL_VERSION, Facts, ObjectInfo
from localaws.s3.object_lock import lock_of
from localaws.s3.object_reads import BLOCK, check_not_archived, version_header
from localaws.s3.request import Request, Response, hosted_bucket
from localaws.s3.store import ObjectStore
from localaws.s3.write_headers import check_write_headers, metadata_of, storage_class_of, stored_headers, tags_of

_SOURCE = "x-amz-copy-source"
_URL = re.compile(r"https?://(?P<host>[^/]+)/(?P<path>.*)")


def copy_source(request: Request) -> tuple[str, str, str]:
    """Bucket, key and version of ``x-amz-copy-source``: a path or an URL, in which ``+`` is a space."""
    path, _, query = request.headers[_SOURCE].partition("?versionId=")
    if match := _URL.fullmatch(path):
        hosted = hosted_bucket(match["host"])
        path = f"{hosted}/{match['path']}" if hosted else match["path"]
    try:
        bucket, _, key = unquote_to_bytes(path.replace("+", " ")).decode().removeprefix("/").partition("/")
    except UnicodeDecodeError as error:
        raise S3Error("InvalidURI") from error
    if not bucket or not key:
        elements = {"ArgumentName": _SOURCE, "ArgumentValue": _SOURCE}
        raise S3Error("InvalidArgument", "Invalid copy source object key", elements)
    return bucket, key, query


def check_readable(source: ObjectInfo) -> None:
    """Raise S3Error InvalidObjectState for the source of a copy in an archive."""
    check_not_archived(source, "Operation is not valid for the source object's storage class")


def copy_object(store: ObjectStore, request: Request) -> Response:
    """CopyObject; the bytes are copied in blocks through this process."""
    bucket, key, version = copy_source(request)
    check_write_headers(request.headers)
    request.body.discard()
    condition = condition_of_write(request)
    source, file = store.reads.open(bucket, key, version)
    with file, store.writes.draft() as draft:
        check_copy_conditions(request, source)
        check_readable(source)
        store.writes.check_condition(request.bucket, request.key, condition)
        _refuse_idle_copy(request, source, version)
        checksum = _copied_checksum(request, source)
        running = new_checksum(checksum)
        md5 = hashlib.md5(usedforsecurity=False)
        while block := file.read(BLOCK):
            md5.update(block)
            running.update(block)
            draft.write(block)
        facts = _copied_facts(request, source.facts, {checksum: encoded(running)})
        info = store.writes.put(request.bucket, request.key, draft, md5.hexdigest(), facts, condition)
    return _copied(store, info, source)


def _copied(store: ObjectStore, info: ObjectInfo, source: ObjectInfo) -> Response:
    sums: list[Node] = [(f"Checksum{algorithm}", value) for algorithm, value in info.facts.checksums.items()]
    nodes: list[Node] = [("LastModified", iso_time(info.mtime)), ("ETag", f'"{info.etag}"'), *sums]
    nodes += [("ChecksumType", info.facts.checksum_type)]
    headers = {**version_header(store, info), **encryption_headers(info.facts)}
    if source.version != NULL_VERSION:
        headers["x-amz-copy-source-version-id"] = source.version
    return Response(200, headers, document("CopyObjectResult", nodes), [("s3:ObjectCreated:Copy", info)])


def _copied_checksum(request: Request, source: ObjectInfo) -> str:
    """The checksum algorithm of the copy: the requested one, or else the source's."""
    asked = checked_algorithm(request.headers.get(f"{PREFIX}algorithm", ""))
    return asked or next(iter(source.facts.checksums), DEFAULT)


def _replaces(request: Request, name: str) -> bool:
    directive = request.headers.get(name, "COPY").upper()
    if directive not in ("COPY", "REPLACE"):
        raise S3Error("InvalidArgument", f"Unknown {name}: {directive[:50]}", {"ArgumentName": name})
    return directive == "REPLACE"


def _copied_facts(request: Request, source: Facts, checksums: dict[str, str]) -> Facts:
    headers = request.headers
    replaced = _replaces(request, "x-amz-metadata-directive")
    return Facts(
        headers={
            **(stored_headers(headers) if replaced else _not_encryption(source.headers)),
            **encryption_of(headers, request.bucket),
        },
        metadata=metadata_of(headers) if replaced else source.metadata,
        tags=tags_of(headers) if _replaces(request, "x-amz-tagging-directive") else source.tags,
        checksums=checksums,
        checksum_type=FULL_OBJECT,
        storage_class=storage_class_of(headers),
        lock=lock_of(headers, request.bucket),
    )


def _not_encryption(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers without those of encryption: a copy's encryption is the target's, not the source's."""
    return {name: value for name, value in headers.items() if not name.startswith(ALGORITHM)}


def _refuse_idle_copy(request: Request, source: ObjectInfo, version: str) -> None:
    changes = (
        _replaces(request, "x-amz-metadata-directive"),
        version,
        "x-amz-storage-class" in request.headers,
        "x-amz-website-redirect-location" in request.headers,
        ALGORITHM in request.headers,
        ALGORITHM in source.facts.headers,
        settings_of(request.bucket).encryption != DEFAULT_ENCRYPTION,
    )
    if (request.bucket, request.key) == (source.bucket, source.key) and not any(changes):
        raise S3Error(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes.",
        )
