"""PutObject, CopyObject, DeleteObject, DeleteObjects, and the tagging of objects."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from urllib.parse import unquote_to_bytes

from localaws.s3.checksums import ALGORITHMS, FULL_OBJECT, PREFIX, encoded, new_checksum
from localaws.s3.documents import Node, document, iso_time, parse, parse_tags, text_of
from localaws.s3.errors import PreconditionFailedError, S3Error
from localaws.s3.facts_of import check_write_headers, facts_of, metadata_of, storage_class_of, stored_headers, tags_of
from localaws.s3.info import NULL_VERSION, Facts, Identity, ObjectInfo
from localaws.s3.layout import Draft
from localaws.s3.object_reads import BLOCK, changed_since, checksum_headers, matches, version_header
from localaws.s3.request import Request, Response
from localaws.s3.store import ALWAYS, Condition, ObjectStore

MAX_PUT = 5 << 30
MAX_DELETES = 1000


def condition_of(request: Request) -> Condition:
    """``If-Match`` and ``If-None-Match`` of a write; raises S3Error NotImplemented for what S3 does not take there."""
    none_match = request.headers.get("if-none-match")
    if none_match not in (None, "*"):
        raise S3Error("NotImplemented", elements={"Header": "If-None-Match"})
    match = request.headers.get("if-match")
    return Condition(match.strip().strip('"') if match is not None else None, none_match == "*")


def receive(request: Request, draft: Draft) -> None:
    """Write the payload into a draft; raises S3Error where it is not what the client said."""
    if not request.body.is_sized:
        raise S3Error("MissingContentLength")
    if (request.body.announced or 0) > MAX_PUT:
        raise S3Error("EntityTooLarge", elements={"MaxSizeAllowed": str(MAX_PUT)})
    for block in request.body.blocks():
        draft.write(block)


def put_object(store: ObjectStore, request: Request) -> Response:
    """PutObject."""
    condition = condition_of(request)
    facts = facts_of(request.headers, {})
    with store.draft() as draft:
        receive(request, draft)
        facts = replace(facts, checksums=dict(request.body.checksums))
        info = store.put(request.bucket, request.key, draft, request.body.etag, facts, condition)
    return Response(200, written_headers(store, info), events=[("s3:ObjectCreated:Put", info)])


def written_headers(store: ObjectStore, info: ObjectInfo) -> dict[str, str]:
    """What the answer to a write says of the object."""
    encryption = {name: value for name, value in info.facts.headers.items() if "server-side-encryption" in name}
    return {"ETag": f'"{info.etag}"', **version_header(store, info), **checksum_headers(info), **encryption}


def copy_source(request: Request) -> tuple[str, str, str]:
    """Bucket, key and version of ``x-amz-copy-source``."""
    path, _, query = request.headers["x-amz-copy-source"].partition("?versionId=")
    try:
        bucket, _, key = unquote_to_bytes(path).decode().removeprefix("/").partition("/")
    except UnicodeDecodeError as error:
        raise S3Error("InvalidURI") from error
    if not bucket or not key:
        raise S3Error("InvalidArgument", "Invalid copy source object key", {"ArgumentName": "x-amz-copy-source"})
    return bucket, key, query


def check_copy_conditions(request: Request, source: ObjectInfo) -> None:
    """Raise PreconditionFailedError where an ``x-amz-copy-source-if-*`` does not hold."""
    given = {name: request.headers.get(f"x-amz-copy-source-if-{name}") for name in _COPY_CONDITIONS}
    match, none_match = given["match"], given["none-match"]
    failed = (
        ("match", match is not None and not matches(match, source)),
        ("none-match", none_match is not None and matches(none_match, source)),
        ("unmodified-since", match is None and changed_since(given["unmodified-since"], source) is True),
        ("modified-since", none_match is None and changed_since(given["modified-since"], source) is False),
    )
    for name, is_failed in failed:
        if is_failed:
            raise PreconditionFailedError(f"x-amz-copy-source-If-{name.title()}")


_COPY_CONDITIONS = ("match", "none-match", "modified-since", "unmodified-since")


def copy_object(store: ObjectStore, request: Request) -> Response:
    """CopyObject: the bytes pass through this process in blocks."""
    bucket, key, version = copy_source(request)
    check_write_headers(request.headers)
    request.body.discard()
    source, file = store.open(bucket, key, version)
    with file, store.draft() as draft:
        check_copy_conditions(request, source)
        _refuse_idle_copy(request, source, version)
        checksum = _copied_checksum(request, source)
        running = new_checksum(checksum) if checksum else None
        md5 = hashlib.md5(usedforsecurity=False)
        while block := file.read(BLOCK):
            md5.update(block)
            if running:
                running.update(block)
            draft.write(block)
        checksums = {checksum: encoded(running)} if checksum and running else {}
        facts = _copied_facts(request, source.facts, checksums)
        info = store.put(request.bucket, request.key, draft, md5.hexdigest(), facts, condition_of(request))
    return _copied(store, request, info, source, "CopyObjectResult")


def _copied(store: ObjectStore, request: Request, info: ObjectInfo, source: ObjectInfo, name: str) -> Response:
    sums: list[Node] = [(f"Checksum{algorithm}", value) for algorithm, value in info.facts.checksums.items()]
    nodes: list[Node] = [("LastModified", iso_time(info.mtime)), ("ETag", f'"{info.etag}"'), *sums]
    headers = version_header(store, info)
    if store.bucket_registry.versioning(source.bucket):
        headers["x-amz-copy-source-version-id"] = source.version
    return Response(200, headers, document(name, nodes), [("s3:ObjectCreated:Copy", info)])


def _copied_checksum(request: Request, source: ObjectInfo) -> str:
    """The algorithm that the copy gets: the one asked for, or the source's."""
    asked = request.headers.get(f"{PREFIX}algorithm", "").upper()
    if asked and asked not in ALGORITHMS:
        raise S3Error("InvalidRequest", f"Checksum algorithm {asked[:50]!r} is not one of {', '.join(ALGORITHMS)}")
    return asked or next(iter(source.facts.checksums), "")


def _replaces(request: Request, name: str) -> bool:
    directive = request.headers.get(name, "COPY").upper()
    if directive not in ("COPY", "REPLACE"):
        raise S3Error("InvalidArgument", f"Unknown {name}: {directive[:50]}", {"ArgumentName": name})
    return directive == "REPLACE"


def _copied_facts(request: Request, source: Facts, checksums: dict[str, str]) -> Facts:
    headers = request.headers
    replaced = _replaces(request, "x-amz-metadata-directive")
    return Facts(
        headers=stored_headers(headers) if replaced else source.headers,
        metadata=metadata_of(headers) if replaced else source.metadata,
        tags=tags_of(headers) if _replaces(request, "x-amz-tagging-directive") else source.tags,
        checksums=checksums,
        checksum_type=FULL_OBJECT,
        storage_class=storage_class_of(headers),
    )


def _refuse_idle_copy(request: Request, source: ObjectInfo, version: str) -> None:
    changes = (
        _replaces(request, "x-amz-metadata-directive"),
        version,
        request.headers.get("x-amz-storage-class", source.facts.storage_class) != source.facts.storage_class,
        "x-amz-website-redirect-location" in request.headers,
        "x-amz-server-side-encryption" in request.headers,
    )
    if (request.bucket, request.key) == (source.bucket, source.key) and not any(changes):
        raise S3Error(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes.",
        )


def delete_object(store: ObjectStore, request: Request) -> Response:
    """DeleteObject."""
    deleted = _delete(store, request.bucket, request.key, request.query.get("versionId", ""), condition_of(request))
    return Response(204, deleted, events=[_deletion(request.bucket, request.key, deleted)])


def _deletion(bucket: str, key: str, said: dict[str, str]) -> tuple[str, ObjectInfo]:
    """The event of a deletion; S3 gives it no size and no ETag."""
    made_marker = "x-amz-delete-marker" in said
    name = "s3:ObjectRemoved:DeleteMarkerCreated" if made_marker else "s3:ObjectRemoved:Delete"
    return name, ObjectInfo(bucket, key, Identity(0, 0, 0), etag="", version=said.get("x-amz-version-id", NULL_VERSION))


def _delete(store: ObjectStore, bucket: str, key: str, version: str, condition: Condition) -> dict[str, str]:
    """Delete, and give the headers that say what it did."""
    if version:
        removed = store.delete_version(bucket, key, version, condition)
        marker = {"x-amz-delete-marker": "true"} if removed and removed.marker else {}
        return {"x-amz-version-id": version, **marker}
    created = store.delete(bucket, key, condition)
    return {"x-amz-version-id": created.version, "x-amz-delete-marker": "true"} if created else {}


def delete_objects(store: ObjectStore, request: Request) -> Response:
    """DeleteObjects: each key by itself, with its own error."""
    store.bucket_path(request.bucket)
    root = parse(request.body.document(), "Delete")
    wanted = root.findall("Object")
    if not 1 <= len(wanted) <= MAX_DELETES:
        raise S3Error("MalformedXML")
    quiet = text_of(root, "Quiet") == "true"
    answer = Response()
    nodes: list[Node] = []
    for item in wanted:
        key, version, etag = text_of(item, "Key"), text_of(item, "VersionId"), text_of(item, "ETag")
        condition = Condition(etag.strip('"')) if etag else ALWAYS
        try:
            said = _delete(store, request.bucket, key, version, condition)
        except S3Error as error:
            nodes.append(("Error", [*_named(key, version), ("Code", error.code), ("Message", error.message)]))
            continue
        answer.events.append(_deletion(request.bucket, key, said))
        nodes += [] if quiet else [("Deleted", _deleted(key, version, said))]
    answer.body = document("DeleteResult", nodes)
    return answer


def _named(key: str, version: str) -> list[Node]:
    return [("Key", key), ("VersionId", version)] if version else [("Key", key)]


def _deleted(key: str, version: str, said: dict[str, str]) -> list[Node]:
    if "x-amz-delete-marker" not in said:
        return _named(key, version)
    marker: list[Node] = [("DeleteMarker", "true"), ("DeleteMarkerVersionId", said["x-amz-version-id"])]
    return [*_named(key, version), *marker]


def put_object_tagging(store: ObjectStore, request: Request) -> Response:
    """PutObjectTagging."""
    tags = parse_tags(request.body.document())
    info = store.set_tags(request.bucket, request.key, request.query.get("versionId", ""), tags)
    return Response(200, version_header(store, info), events=[("s3:ObjectTagging:Put", info)])


def delete_object_tagging(store: ObjectStore, request: Request) -> Response:
    """DeleteObjectTagging."""
    info = store.set_tags(request.bucket, request.key, request.query.get("versionId", ""), {})
    return Response(204, version_header(store, info), events=[("s3:ObjectTagging:Delete", info)])


def put_object_acl(store: ObjectStore, request: Request) -> Response:
    """A bucket that takes no ACLs, S3's default, takes only what changes nothing."""
    store.open(request.bucket, request.key, request.query.get("versionId", ""))[1].close()
    if request.headers.get("x-amz-acl", "") not in ("private", "bucket-owner-full-control"):
        raise S3Error("AccessControlListNotSupported")
    return Response(200)
