"""GetObjectAttributes."""

from __future__ import annotations

from localaws.s3.documents import Node, document, http_time
from localaws.s3.errors import S3Error
from localaws.s3.info import ObjectInfo
from localaws.s3.object_reads import version_header
from localaws.s3.request import Request, Response
from localaws.s3.store import ObjectStore

MAX_PARTS = 1000
MAX_PART_NUMBER = 10_000
_NAMES = ("ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize")


def get_object_attributes(store: ObjectStore, request: Request) -> Response:
    """GetObjectAttributes."""
    asked = [name.strip() for name in request.headers.get("x-amz-object-attributes", "").split(",") if name.strip()]
    if not asked or any(name not in _NAMES for name in asked):
        elements = {"ArgumentName": "x-amz-object-attributes"}
        raise S3Error("InvalidArgument", "Invalid attribute name specified.", elements)
    info, file = store.reads.open(request.bucket, request.key, request.query.get("versionId", ""))
    file.close()
    nodes = [node for name in _NAMES if name in asked for node in _attribute(name, info, request)]
    headers = {"Last-Modified": http_time(info.mtime), **version_header(store, info)}
    return Response(200, headers, document("GetObjectAttributesResponse", nodes))


def _attribute(name: str, info: ObjectInfo, request: Request) -> list[Node]:
    facts = info.facts
    if name == "ETag":
        return [("ETag", info.etag or "")]
    if name == "StorageClass":
        return [("StorageClass", facts.storage_class)]
    if name == "ObjectSize":
        return [("ObjectSize", str(info.size))]
    if name == "ObjectParts":
        return [("ObjectParts", _parts(info, request))] if facts.parts else []
    # Here S3 omits the number of parts with which a composite checksum ends elsewhere.
    sums: list[Node] = [(f"Checksum{name}", value.partition("-")[0]) for name, value in facts.checksums.items()]
    return [("Checksum", [*sums, ("ChecksumType", facts.checksum_type)])] if sums else []


def _parts(info: ObjectInfo, request: Request) -> list[Node]:
    """Return a page of the parts if each has its own checksum, else only the number of parts."""
    sizes, sums = info.facts.parts, info.facts.part_checksums
    total: Node = ("PartsCount", str(len(sizes)))
    if not sums:
        return [total]
    limit = _number(request, "x-amz-max-parts", MAX_PARTS, MAX_PARTS)
    marker = _number(request, "x-amz-part-number-marker", 0, MAX_PART_NUMBER)
    algorithm = next(iter(info.facts.checksums))
    numbered = list(enumerate(zip(sizes, sums, strict=True), start=1))[marker:]
    shown = numbered[:limit]
    return [
        total,
        ("PartNumberMarker", str(marker)),
        ("NextPartNumberMarker", str(shown[-1][0] if shown else 0)),
        ("MaxParts", str(limit)),
        ("IsTruncated", str(len(numbered) > len(shown)).lower()),
        *(_part(number, size, algorithm, value) for number, (size, value) in shown),
    ]


def _part(number: int, size: int, algorithm: str, value: str) -> Node:
    return ("Part", [(f"Checksum{algorithm}", value), ("PartNumber", str(number)), ("Size", str(size))])


def _number(request: Request, name: str, default: int, highest: int) -> int:
    """Return a header as a whole number, at most ``highest``; raises S3Error InvalidArgument."""
    text = request.headers.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        elements = {"ArgumentName": name, "ArgumentValue": text[:100]}
        raise S3Error("InvalidArgument", f"Provided {name} not an integer or within integer range", elements)
    return min(int(text), highest)
