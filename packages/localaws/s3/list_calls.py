"""ListObjects, ListObjectsV2 and ListObjectVersions."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from urllib.parse import quote

from localaws.s3.checksums import COMPOSITE
from localaws.s3.documents import Node, document, iso_time
from localaws.s3.errors import S3Error
from localaws.s3.info import ObjectInfo
from localaws.s3.listing import Page
from localaws.s3.object_reads import OWNER
from localaws.s3.request import Request, Response
from localaws.s3.store import ObjectStore
from localaws.s3.version_listing import VersionPage, version_page

PAGE = 1000
_UNRESERVED = re.compile(r"[A-Za-z0-9_.~/-]*")


def list_objects(store: ObjectStore, request: Request) -> Response:
    """ListObjects."""
    marker = request.query.get("marker", "")
    found = _page(store, request, marker)
    encode = _encoder(request)
    nodes: list[Node] = [
        ("Name", request.bucket),
        ("Prefix", encode(request.query.get("prefix", ""))),
        ("Marker", encode(marker)),
    ]
    if found.truncated and request.query.get("delimiter"):
        nodes.append(("NextMarker", encode(found.last)))
    return _listed(store, request, found, nodes, True)


def list_objects_v2(store: ObjectStore, request: Request) -> Response:
    """ListObjectsV2."""
    token, start = request.query.get("continuation-token", ""), request.query.get("start-after", "")
    found = _page(store, request, _from_token(token) if token else start)
    encode = _encoder(request)
    nodes: list[Node] = [("Name", request.bucket), ("Prefix", encode(request.query.get("prefix", "")))]
    nodes += [("ContinuationToken", token)] if token else []
    nodes += [("StartAfter", encode(start))] if start else []
    nodes += [("KeyCount", str(len(found.objects) + len(found.prefixes)))]
    nodes += [("NextContinuationToken", _to_token(found.last))] if found.truncated else []
    return _listed(store, request, found, nodes, request.query.get("fetch-owner") == "true")


def list_object_versions(store: ObjectStore, request: Request) -> Response:
    """ListObjectVersions."""
    store.bucket_path(request.bucket)
    query, encode = request.query, _encoder(request)
    limit = request.number("max-keys", PAGE, PAGE)
    marker = (query.get("key-marker", ""), query.get("version-id-marker", ""))
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    found = version_page(store, request.bucket, prefix, delimiter, marker, limit)
    nodes: list[Node] = [
        ("Name", request.bucket),
        ("Prefix", encode(prefix)),
        ("KeyMarker", encode(marker[0])),
        ("VersionIdMarker", marker[1]),
        *_common(request, limit, found.truncated),
    ]
    if found.truncated:
        nodes += [("NextKeyMarker", encode(found.last[0]))]
        nodes += [("NextVersionIdMarker", found.last[1])] if found.last[1] else []
    nodes += _version_nodes(store, found, encode)
    nodes += [("CommonPrefixes", [("Prefix", encode(common))]) for common in found.prefixes]
    return Response(200, {}, document("ListVersionsResult", nodes))


def _page(store: ObjectStore, request: Request, after: str) -> Page:
    limit = request.number("max-keys", PAGE, PAGE)
    return store.page(request.bucket, request.query.get("prefix", ""), request.query.get("delimiter", ""), after, limit)


def _listed(store: ObjectStore, request: Request, found: Page, nodes: list[Node], owner: bool) -> Response:
    encode = _encoder(request)
    nodes += _common(request, request.number("max-keys", PAGE, PAGE), found.truncated)
    known = [with_etag for info in found.objects if (with_etag := store.with_etag(info))]
    nodes += [("Contents", _object(info, encode, owner)) for info in known]
    nodes += [("CommonPrefixes", [("Prefix", encode(common))]) for common in found.prefixes]
    return Response(200, {}, document("ListBucketResult", nodes))


def _common(request: Request, limit: int, truncated: bool) -> list[Node]:
    delimiter = request.query.get("delimiter", "")
    nodes: list[Node] = [("MaxKeys", str(limit)), ("IsTruncated", str(truncated).lower())]
    nodes += [("Delimiter", _encoder(request)(delimiter))] if delimiter else []
    return nodes + ([("EncodingType", "url")] if "encoding-type" in request.query else [])


def _object(info: ObjectInfo, encode: Callable[[str], str], owner: bool) -> list[Node]:
    nodes: list[Node] = [
        ("Key", encode(info.key)),
        ("LastModified", iso_time(info.mtime)),
        ("ETag", f'"{info.etag}"'),
        ("Size", str(info.size)),
        ("StorageClass", info.facts.storage_class),
    ]
    if info.facts.checksums:
        nodes += [("ChecksumAlgorithm", name) for name in info.facts.checksums]
        nodes += [("ChecksumType", info.facts.checksum_type or COMPOSITE)]
    return nodes + ([("Owner", OWNER)] if owner else [])


def _version_nodes(store: ObjectStore, found: VersionPage, encode: Callable[[str], str]) -> list[Node]:
    nodes: list[Node] = []
    for info, latest in found.versions:
        which: list[Node] = [("VersionId", info.version), ("IsLatest", str(latest).lower())]
        if info.marker:
            nodes += [
                (
                    "DeleteMarker",
                    [("Key", encode(info.key)), *which, ("LastModified", iso_time(info.mtime)), ("Owner", OWNER)],
                )
            ]
        elif known := store.with_etag(info):
            nodes += [("Version", [*_object(known, encode, True), *which])]
    return nodes


def _encoder(request: Request) -> Callable[[str], str]:
    asked = request.query.get("encoding-type")
    if asked not in (None, "", "url"):
        raise S3Error(
            "InvalidArgument", "Invalid Encoding Method specified in Request", {"ArgumentName": "encoding-type"}
        )
    return _quoted if asked else str


def _quoted(text: str) -> str:
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe="/")


def _to_token(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _from_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise S3Error("InvalidArgument", "The continuation token provided is incorrect") from error
