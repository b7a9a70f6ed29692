"""ListMultipartUploads and ListParts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from localaws.s3.documents import Node, document, iso_time
from localaws.s3.errors import S3Error
from localaws.s3.list_calls import encoder_of
from localaws.s3.listing import common_prefix
from localaws.s3.object_reads import OWNER
from localaws.s3.request import Request, Response
from localaws.s3.store import ObjectStore
from localaws.s3.upload_parts import MAX_PART_NUMBER, Part, Upload
from localaws.s3.uploads import Uploads

PAGE = 1000
INITIATOR: list[Node] = [*OWNER, ("DisplayName", "localaws")]


def list_parts(uploads: Uploads, request: Request) -> Response:
    """ListParts."""
    upload = uploads.get(request.bucket, request.key, request.query.get("uploadId", ""))
    limit = request.number("max-parts", PAGE, PAGE)
    marker = request.number("part-number-marker", 0, MAX_PART_NUMBER)
    parts = [part for part in uploads.parts(upload) if part.number > marker]
    shown = parts[:limit]
    nodes: list[Node] = [
        ("Bucket", upload.bucket),
        ("Key", upload.key),
        ("UploadId", upload.id),
        ("PartNumberMarker", str(marker)),
        ("NextPartNumberMarker", str(shown[-1].number if shown else 0)),
        ("MaxParts", str(limit)),
        ("IsTruncated", str(len(parts) > len(shown)).lower()),
        ("Initiator", INITIATOR),
        ("Owner", OWNER),
        ("StorageClass", upload.facts.storage_class),
        *_checksum_nodes(upload),
    ]
    return Response(200, {}, document("ListPartsResult", [*nodes, *(_part_node(upload, part) for part in shown)]))


def _checksum_nodes(upload: Upload) -> list[Node]:
    if not upload.algorithm:
        return []
    return [("ChecksumAlgorithm", upload.algorithm), ("ChecksumType", upload.checksum_type)]


def _part_node(upload: Upload, part: Part) -> Node:
    """A part; its checksum is included only if the upload named an algorithm."""
    sums: list[Node] = [(f"Checksum{name}", value) for name, value in part.checksums.items() if upload.algorithm]
    facts: list[Node] = [("PartNumber", str(part.number)), ("LastModified", iso_time(part.mtime))]
    return ("Part", [*facts, ("ETag", f'"{part.etag}"'), ("Size", str(part.size)), *sums])


@dataclass
class _Page:
    uploads: list[Upload] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    truncated: bool = False


def list_uploads(store: ObjectStore, uploads: Uploads, request: Request) -> Response:
    """ListMultipartUploads."""
    store.buckets.folder(request.bucket)
    encode, query = encoder_of(request), request.query
    limit, prefix = request.number("max-uploads", PAGE, PAGE), query.get("prefix", "")
    marker = (query.get("key-marker", ""), query.get("upload-id-marker", "") if query.get("key-marker") else "")
    delimiter = query.get("delimiter", "")
    following = list(_after(uploads.active(request.bucket, prefix), *marker))
    page = _page(following, prefix, delimiter, marker[0], limit)
    last = page.uploads[-1] if page.uploads else None
    nodes: list[Node] = [
        ("Bucket", request.bucket),
        ("KeyMarker", encode(marker[0])),
        ("UploadIdMarker", marker[1]),
        ("NextKeyMarker", encode(last.key) if last else ""),
        ("NextUploadIdMarker", last.id if last else ""),
        *([("Delimiter", encode(delimiter))] if delimiter else []),
        *([("Prefix", encode(prefix))] if prefix else []),
        ("MaxUploads", str(limit)),
        ("IsTruncated", str(page.truncated).lower()),
        *([("EncodingType", "url")] if "encoding-type" in query else []),
        *(_upload_node(upload, encode(upload.key)) for upload in page.uploads),
        *(("CommonPrefixes", [("Prefix", encode(common))]) for common in page.prefixes),
    ]
    return Response(200, {}, document("ListMultipartUploadsResult", nodes))


def _page(uploads: list[Upload], prefix: str, delimiter: str, key_marker: str, limit: int) -> _Page:
    """Return at most ``limit`` uploads and common prefixes; the prefix that contains the marker was shown before."""
    page = _Page()
    shown = common_prefix(key_marker, prefix, delimiter) if key_marker.startswith(prefix) else ""
    for upload in uploads:
        common = common_prefix(upload.key, prefix, delimiter)
        if common and (common == shown or common in page.prefixes[-1:]):
            continue
        if len(page.uploads) + len(page.prefixes) == limit:
            page.truncated = True
            break
        if common:
            page.prefixes.append(common)
        else:
            page.uploads.append(upload)
    return page


def _after(uploads: list[Upload], key: str, upload_id: str) -> Iterator[Upload]:
    """Yield the uploads after a marker, sorted by key and start; raises S3Error InvalidArgument for a foreign ID."""
    ids = [upload.id for upload in uploads if upload.key == key]
    if upload_id and upload_id not in ids:
        elements = {"ArgumentName": "upload-id-marker", "ArgumentValue": upload_id[:200]}
        raise S3Error("InvalidArgument", "Invalid uploadId marker", elements)
    seen = set(ids[: ids.index(upload_id) + 1]) if upload_id else set(ids)
    for upload in uploads:
        if upload.key > key or (upload.key == key and upload.id not in seen):
            yield upload


def _upload_node(upload: Upload, key: str) -> Node:
    nodes: list[Node] = [("Key", key), ("UploadId", upload.id), ("Initiator", INITIATOR), ("Owner", OWNER)]
    nodes += [("StorageClass", upload.facts.storage_class), ("Initiated", iso_time(upload.started))]
    return ("Upload", [*nodes, *_checksum_nodes(upload)])
