"""ListObjects, ListObjectsV2 and ListObjectVersions."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from urllib.parse import quote

from localaws.s3.bucket_settings import settings_of
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
    page = _page(store, request, marker)
    encode = encoder_of(request)
    nodes: list[Node] = [
        ("Name", request.bucket),
        ("Prefix", encode(request.query.get("prefix", ""))),
        ("Marker", encode(marker)),
    ]
    if page.truncated and request.query.get("delimiter"):
        nodes.append(("NextMarker", encode(page.last)))
    return _listed(store, request, page, nodes, True)


def list_objects_v2(store: ObjectStore, request: Request) -> Response:
    """ListObjectsV2."""
    token, start = request.query.get("continuation-token", ""), request.query.get("start-after", "")
    encode = encoder_of(request)
    is_continued = "continuation-token" in request.query
    page = _page(store, request, key_of_token(token) if is_continued else start)
    nodes: list[Node] = [("Name", request.bucket), ("Prefix", encode(request.query.get("prefix", "")))]
    nodes += [("ContinuationToken", token)] if is_continued else []
    nodes += [("StartAfter", encode(start))] if start and not is_continued else []
    nodes += [("KeyCount", str(len(page.objects) + len(page.prefixes)))]
    nodes += [("NextContinuationToken", token_of_key(page.last))] if page.truncated else []
    return _listed(store, request, page, nodes, request.query.get("fetch-owner") == "true")


def list_object_versions(store: ObjectStore, request: Request) -> Response:
    """ListObjectVersions."""
    store.buckets.folder(request.bucket)
    query, encode = request.query, encoder_of(request)
    limit = request.number("max-keys", PAGE, PAGE)
    marker = (query.get("key-marker", ""), query.get("version-id-marker", ""))
    if marker[1] and not marker[0]:
        elements = {"ArgumentName": "version-id-marker", "ArgumentValue": marker[1][:100]}
        raise S3Error("InvalidArgument", "A version-id marker cannot be specified without a key marker.", elements)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    page = version_page(store, request.bucket, prefix, delimiter, marker, limit)
    nodes: list[Node] = [
        ("Name", request.bucket),
        ("Prefix", encode(prefix)),
        ("KeyMarker", encode(marker[0])),
        ("VersionIdMarker", marker[1]),
        *_common(request, limit, page.truncated),
    ]
    if page.truncated:
        nodes += [("NextKeyMarker", encode(page.last[0]))]
        nodes += [("NextVersionIdMarker", page.last[1])] if page.last[1] else []
    nodes += _version_nodes(store, page, encode)
    nodes += [("CommonPrefixes", [("Prefix", encode(common))]) for common in page.prefixes]
    return Response(200, {}, document("ListVersionsResult", nodes))


def _page(store: ObjectStore, request: Request, after: str) -> Page:
    limit = request.number("max-keys", PAGE, PAGE)
    return store.reads.page(
        request.bucket, request.query.get("prefix", ""), request.query.get("delimiter", ""), after, limit
    )


def _listed(store: ObjectStore, request: Request, page: Page, nodes: list[Node], owner: bool) -> Response:
    encode = encoder_of(request)
    nodes += _common(request, request.number("max-keys", PAGE, PAGE), page.truncated)
    known = [with_etag for info in page.objects if (with_etag := store.reads.with_etag(info))]
    nodes += [("Contents", _object(info, encode, owner)) for info in known]
    nodes += [("CommonPrefixes", [("Prefix", encode(common))]) for common in page.prefixes]
    region = settings_of(request.bucket).region_name
    return Response(200, {"x-amz-bucket-region": region}, document("ListBucketResult", nodes))


def _common(request: Request, limit: int, truncated: bool) -> list[Node]:
    delimiter = request.query.get("delimiter", "")
    nodes: list[Node] = [("MaxKeys", str(limit)), ("IsTruncated", str(truncated).lower())]
    nodes += [("Delimiter", encoder_of(request)(delimiter))] if delimiter else []
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
        nodes += [("ChecksumType", info.facts.checksum_type)]
    return nodes + ([("Owner", OWNER)] if owner else [])


def _version_nodes(store: ObjectStore, page: VersionPage, encode: Callable[[str], str]) -> list[Node]:
    nodes: list[Node] = []
    for info, latest in page.versions:
        which: list[Node] = [("VersionId", info.version), ("IsLatest", str(latest).lower())]
        if info.marker:
            nodes += [
                (
                    "DeleteMarker",
                    [("Key", encode(info.key)), *which, ("LastModified", iso_time(info.mtime)), ("Owner", OWNER)],
                )
            ]
        elif known := store.reads.with_etag(info):
            nodes += [("Version", [*_object(known, encode, True), *which])]
    return nodes


def encoder_of(request: Request) -> Callable[[str], str]:
    """Return the function that encodes keys as ``encoding-type`` requests; raises S3Error InvalidArgument."""
    asked = request.query.get("encoding-type")
    if asked not in (None, "url"):
        elements = {"ArgumentName": "encoding-type", "ArgumentValue": str(asked)[:100]}
        raise S3Error("InvalidArgument", "Invalid Encoding Method specified in Request", elements)
    return _quoted if asked else str


def _quoted(text: str) -> str:
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe="/")


def token_of_key(key: str) -> str:
    """Return the token that continues a listing after a key."""
    return base64.urlsafe_b64encode(key.encode()).decode()


def key_of_token(token: str) -> str:
    """Return the key that a token encodes; raises S3Error InvalidArgument."""
    try:
        key = base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        key = ""
    if not key:
        elements = {"ArgumentName": "continuation-token"}
        raise S3Error("InvalidArgument", "The continuation token provided is incorrect", elements)
    return key
