"""GetObject and HeadObject."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from localaws.s3.checksums import PREFIX
from localaws.s3.conditions import is_not_modified
from localaws.s3.documents import Node, http_time
from localaws.s3.encryption import check_encryption, encryption_headers
from localaws.s3.errors import S3Error
from localaws.s3.info import NULL_VERSION, ObjectInfo
from localaws.s3.request import Request, Response
from localaws.s3.store import ObjectStore
from localaws.s3.write_headers import META

BLOCK = 1 << 18
# S3 no longer returns the owner's display name: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Owner.html
OWNER: list[Node] = [("ID", "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a")]
_ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_OVERRIDES = ("cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires")


class FileBlocks:
    """A range of a file in blocks; the file is closed at the end, or when the server gives up."""

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        self._file = file
        self._start = start
        self._left = length

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self._start)
        while self._left and (block := self._file.read(min(BLOCK, self._left))):
            self._left -= len(block)
            yield block

    def close(self) -> None:
        self._file.close()


def get_object(store: ObjectStore, request: Request) -> Response:
    """GetObject: the whole object, a range, or a part."""
    check_encryption(request.headers)
    info, file = store.reads.open(request.bucket, request.key, request.query.get("versionId", ""))
    try:
        check_not_archived(info)
        response = _answer(store, request, info)
        if response.status == 304:
            file.close()
            return response
        start = int(response.headers.pop("start"))
        response.body = FileBlocks(file, start, int(response.headers["Content-Length"]))
        return response
    except BaseException:
        file.close()
        raise


def head_object(store: ObjectStore, request: Request) -> Response:
    """HeadObject."""
    check_encryption(request.headers)
    info, file = store.reads.open(request.bucket, request.key, request.query.get("versionId", ""))
    file.close()
    response = _answer(store, request, info)
    response.headers.pop("start", None)
    return response


def check_not_archived(info: ObjectInfo, text: str = "") -> None:
    """Raise S3Error InvalidObjectState for an object in an archive: its bytes cannot be read before RestoreObject."""
    if info.facts.storage_class in _ARCHIVES:
        raise S3Error("InvalidObjectState", text, {"StorageClass": info.facts.storage_class})


def _answer(store: ObjectStore, request: Request, info: ObjectInfo) -> Response:
    """Build status and headers; ``start`` is the offset of the first byte."""
    if is_not_modified(request.headers, info):
        return Response(304, {**_identity(store, info), **_overrides(request)})
    wanted = _wanted(request, info)
    start, length = wanted or (0, info.size)
    headers = _headers(store, request, info)
    if length == info.size:
        headers |= _asked_checksums(request, info)
    if wanted is None:
        return Response(200, {**headers, "start": "0", "Content-Length": str(info.size)})
    if "partNumber" in request.query:
        headers["x-amz-mp-parts-count"] = str(len(info.facts.parts) or 1)
        if not info.facts.parts:
            headers.pop("x-amz-mp-parts-count")
        headers |= _part_checksum(request, info)
    headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{info.size}"
    return Response(206, {**headers, "start": str(start), "Content-Length": str(length)})


def _identity(store: ObjectStore, info: ObjectInfo) -> dict[str, str]:
    return {"ETag": f'"{info.etag}"', "Last-Modified": http_time(info.mtime), **version_header(store, info)}


def _headers(store: ObjectStore, request: Request, info: ObjectInfo) -> dict[str, str]:
    facts = info.facts
    headers = {**_identity(store, info), "Accept-Ranges": "bytes"}
    headers |= {"content-type": "binary/octet-stream", **facts.headers, **encryption_headers(facts)}
    headers |= {META + name: value for name, value in facts.metadata.items()}
    if facts.storage_class != "STANDARD":
        headers["x-amz-storage-class"] = facts.storage_class
    if facts.tags:
        headers["x-amz-tagging-count"] = str(len(facts.tags))
    return headers | facts.lock | _overrides(request)


def _asked_checksums(request: Request, info: ObjectInfo) -> dict[str, str]:
    return checksum_headers(info) if request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED" else {}


def _part_checksum(request: Request, info: ObjectInfo) -> dict[str, str]:
    """Return the checksum of the requested part, if checksums are requested and each part has its own."""
    if not info.facts.part_checksums or not _asked_checksums(request, info):
        return {}
    algorithm = next(iter(info.facts.checksums))
    value = info.facts.part_checksums[int(request.query["partNumber"]) - 1]
    return {PREFIX + algorithm.lower(): value, "x-amz-checksum-type": info.facts.checksum_type}


def _overrides(request: Request) -> dict[str, str]:
    """Return the headers that the query overrides: ``response-content-type`` and similar."""
    given = {name: request.query.get(f"response-{name}", "") for name in _OVERRIDES}
    for name, value in given.items():
        if not _is_latin(value):
            elements = {"ArgumentName": f"response-{name}", "ArgumentValue": value[:200]}
            raise S3Error("InvalidArgument", "Header value cannot be represented using ISO-8859-1.", elements)
    return {name: value.replace("\r", "").replace("\n", "") for name, value in given.items() if value}


def _is_latin(text: str) -> bool:
    return all(letter <= "\xff" for letter in text)


def version_header(store: ObjectStore, info: ObjectInfo) -> dict[str, str]:
    """The version ID, if the bucket's versioning is or was enabled."""
    versioning = store.buckets.versioning(info.bucket)
    return {"x-amz-version-id": info.version} if versioning else {}


def written_version_header(info: ObjectInfo) -> dict[str, str]:
    """The version ID that a write created; none if versioning is off or suspended."""
    return {} if info.version == NULL_VERSION else {"x-amz-version-id": info.version}


def checksum_headers(info: ObjectInfo) -> dict[str, str]:
    """The stored checksums and their type."""
    if not info.facts.checksums:
        return {}
    named = {PREFIX + algorithm.lower(): value for algorithm, value in info.facts.checksums.items()}
    return {**named, "x-amz-checksum-type": info.facts.checksum_type}


def _wanted(request: Request, info: ObjectInfo) -> tuple[int, int] | None:
    """Offset and length of the requested part or range; None for the whole object."""
    if "partNumber" in request.query:
        if "range" in request.headers:
            raise S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
        return _part(request.number("partNumber", 1, 10_000), info)
    match = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if not match or not any(match.groups()):
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, info.size - int(last))
    end = min(int(last), info.size - 1) if first and last else info.size - 1
    if start >= info.size or (not first and int(last) == 0):
        raise S3Error(
            "InvalidRange",
            elements={"RangeRequested": request.headers["range"][:100], "ActualObjectSize": str(info.size)},
        )
    return start, end - start + 1


def _part(number: int, info: ObjectInfo) -> tuple[int, int] | None:
    parts = info.facts.parts or (info.size,)
    if not 1 <= number <= len(parts):
        raise S3Error(
            "InvalidPartNumber", elements={"ActualPartCount": str(len(parts)), "PartNumberRequested": str(number)}
        )
    return (sum(parts[: number - 1]), parts[number - 1]) if info.size else None
