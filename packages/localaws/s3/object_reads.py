"""GetObject, HeadObject, GetObjectAttributes, GetObjectTagging, GetObjectAcl."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import IO

from localaws.s3.checksums import COMPOSITE, PREFIX
from localaws.s3.documents import Node, document, http_time, tag_nodes
from localaws.s3.errors import S3Error
from localaws.s3.facts_of import META
from localaws.s3.info import ObjectInfo
from localaws.s3.request import Request, Response
from localaws.s3.store import ObjectStore

BLOCK = 1 << 18
OWNER: list[Node] = [
    ("ID", "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a"),
    ("DisplayName", "localaws"),
]
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_OVERRIDES = ("cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires")
_LISTED = ("ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize")


class FileBlocks:
    """A part of a file in blocks; the file is closed at the end, or when the server gives up."""

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
    """GetObject: all of it, a range, or a part."""
    info, file = store.open(request.bucket, request.key, request.query.get("versionId", ""))
    try:
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
    info, file = store.open(request.bucket, request.key, request.query.get("versionId", ""))
    file.close()
    response = _answer(store, request, info)
    response.headers.pop("start", None)
    return response


def _answer(store: ObjectStore, request: Request, info: ObjectInfo) -> Response:
    """Status and headers; ``start`` is the offset of the first byte."""
    headers = _headers(store, request, info)
    if _not_modified(request.headers, info):
        return Response(304, {name: value for name, value in headers.items() if name != "Content-Length"})
    wanted = _wanted(request, info)
    if wanted is None:
        return Response(200, {**headers, "start": "0", "Content-Length": str(info.size)})
    start, length = wanted
    if "partNumber" in request.query:
        headers["x-amz-mp-parts-count"] = str(len(info.facts.parts) or 1)
        if not info.facts.parts:
            headers.pop("x-amz-mp-parts-count")
    headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{info.size}"
    return Response(206, {**headers, "start": str(start), "Content-Length": str(length)})


def _headers(store: ObjectStore, request: Request, info: ObjectInfo) -> dict[str, str]:
    facts = info.facts
    headers = {"ETag": f'"{info.etag}"', "Last-Modified": http_time(info.mtime), "Accept-Ranges": "bytes"}
    headers |= {"content-type": "binary/octet-stream", **facts.headers}
    headers |= {META + name: value for name, value in facts.metadata.items()}
    headers |= version_header(store, info)
    if facts.storage_class != "STANDARD":
        headers["x-amz-storage-class"] = facts.storage_class
    if facts.tags:
        headers["x-amz-tagging-count"] = str(len(facts.tags))
    if request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED" and not _is_part(request):
        headers |= checksum_headers(info)
    for name in _OVERRIDES:
        if value := request.query.get(f"response-{name}"):
            headers[name] = value.replace("\r", "").replace("\n", "")
    return headers


def version_header(store: ObjectStore, info: ObjectInfo) -> dict[str, str]:
    """The version id, in a bucket that has or had versions."""
    versioning = store.bucket_registry.versioning(info.bucket)
    return {"x-amz-version-id": info.version} if versioning else {}


def checksum_headers(info: ObjectInfo) -> dict[str, str]:
    """The stored checksums and what they were computed over."""
    if not info.facts.checksums:
        return {}
    named = {PREFIX + algorithm.lower(): value for algorithm, value in info.facts.checksums.items()}
    return {**named, "x-amz-checksum-type": info.facts.checksum_type}


def _is_part(request: Request) -> bool:
    return "range" in request.headers or "partNumber" in request.query


def _not_modified(headers: dict[str, str], info: ObjectInfo) -> bool:
    """Evaluate the conditions in the order of RFC 9110, 13.2.2; raises S3Error PreconditionFailed."""
    if "if-match" in headers:
        if not matches(headers["if-match"], info):
            raise S3Error("PreconditionFailed", elements={"Condition": "If-Match"})
    elif changed_since(headers.get("if-unmodified-since"), info) is True:
        raise S3Error("PreconditionFailed", elements={"Condition": "If-Unmodified-Since"})
    if "if-none-match" in headers:
        return matches(headers["if-none-match"], info)
    return changed_since(headers.get("if-modified-since"), info) is False


def matches(condition: str, info: ObjectInfo) -> bool:
    """Whether an ETag of the comma separated list, or ``*``, is the object's."""
    etags = [part.strip().removeprefix("W/").strip('"') for part in condition.split(",")]
    return "*" in etags or info.etag in etags


def changed_since(date: str | None, info: ObjectInfo) -> bool | None:
    """Whether the object is newer than an HTTP date; None without one that can be read: RFC 9110 says to ignore it."""
    if not date:
        return None
    try:
        return int(info.mtime) > parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None


def _wanted(request: Request, info: ObjectInfo) -> tuple[int, int] | None:
    """Offset and length of the part that is asked for; None for all of it."""
    if "partNumber" in request.query:
        if "range" in request.headers:
            raise S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
        return _part(request.number("partNumber", 1, 10_000), info)
    found = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if not found or not any(found.groups()):
        return None
    first, last = found.groups()
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


def get_object_attributes(store: ObjectStore, request: Request) -> Response:
    """GetObjectAttributes."""
    info, file = store.open(request.bucket, request.key, request.query.get("versionId", ""))
    file.close()
    asked = [name.strip() for name in request.headers.get("x-amz-object-attributes", "").split(",") if name.strip()]
    if not asked or any(name not in _LISTED for name in asked):
        raise S3Error(
            "InvalidArgument", "Invalid attribute name specified.", {"ArgumentName": "x-amz-object-attributes"}
        )
    nodes = [node for name in _LISTED if name in asked for node in _attribute(name, info)]
    headers = {"Last-Modified": http_time(info.mtime), **version_header(store, info)}
    return Response(200, headers, document("GetObjectAttributesResponse", nodes))


def _attribute(name: str, info: ObjectInfo) -> list[Node]:
    facts = info.facts
    if name == "ETag":
        return [("ETag", info.etag or "")]
    if name == "StorageClass":
        return [("StorageClass", facts.storage_class)]
    if name == "ObjectSize":
        return [("ObjectSize", str(info.size))]
    if name == "ObjectParts":
        return [("ObjectParts", [("PartsCount", str(len(facts.parts)))])] if facts.parts else []
    values: list[Node] = [(f"Checksum{algorithm}", value) for algorithm, value in facts.checksums.items()]
    return [("Checksum", [*values, ("ChecksumType", facts.checksum_type or COMPOSITE)])] if values else []


def get_object_tagging(store: ObjectStore, request: Request) -> Response:
    """GetObjectTagging."""
    info, file = store.open(request.bucket, request.key, request.query.get("versionId", ""))
    file.close()
    return Response(200, version_header(store, info), document("Tagging", tag_nodes(info.facts.tags)))


def get_object_acl(store: ObjectStore, request: Request) -> Response:
    """The owner has full control: the ACL of every object in a bucket that takes no ACLs."""
    info, file = store.open(request.bucket, request.key, request.query.get("versionId", ""))
    file.close()
    body = document("AccessControlPolicy", [("Owner", OWNER), ("AccessControlList", [])])
    grant = (
        '<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">'
        f"<ID>{OWNER[0][1]}</ID><DisplayName>{OWNER[1][1]}</DisplayName></Grantee>"
        "<Permission>FULL_CONTROL</Permission></Grant>"
    )
    granted = body.replace(
        b"<AccessControlList></AccessControlList>", f"<AccessControlList>{grant}</AccessControlList>".encode()
    )
    return Response(200, version_header(store, info), granted)
