"""PutObject, DeleteObject and DeleteObjects."""

from __future__ import annotations

from dataclasses import dataclass, replace

from localaws.s3.checksums import DEFAULT
from localaws.s3.conditions import condition_of_delete, condition_of_write
from localaws.s3.documents import Node, document, parse, text_of
from localaws.s3.encryption import encryption_headers
from localaws.s3.errors import S3Error
from localaws.s3.info import NULL_VERSION, Identity, ObjectInfo
from localaws.s3.layout import Draft
from localaws.s3.object_lock import is_bypassing
from localaws.s3.object_reads import checksum_headers, written_version_header
from localaws.s3.request import Request, Response
from localaws.s3.store import ObjectStore
from localaws.s3.write_condition import ALWAYS, Condition
from localaws.s3.write_headers import facts_of

MAX_PUT = 5 << 30
MAX_DELETES = 1000
_ETAG_OF_NOTHING = "d41d8cd98f00b204e9800998ecf8427e"


def receive(request: Request, draft: Draft) -> None:
    """Write the payload into a draft; raises S3Error if it differs from the size or checksums that the client sent."""
    if not request.body.is_sized:
        raise S3Error("MissingContentLength")
    if (request.body.announced or 0) > MAX_PUT:
        raise S3Error("EntityTooLarge", elements={"MaxSizeAllowed": str(MAX_PUT)})
    for block in request.body.blocks():
        draft.write(block)


def put_object(store: ObjectStore, request: Request) -> Response:
    """PutObject."""
    condition = condition_of_write(request)
    facts = facts_of(request.headers, request.bucket)
    if not request.body.sent:
        request.body.compute(DEFAULT)
    with store.writes.draft() as draft:
        receive(request, draft)
        facts = replace(facts, checksums=dict(request.body.checksums))
        info = store.writes.put(request.bucket, request.key, draft, request.body.etag, facts, condition)
    return Response(200, written_headers(info), events=[("s3:ObjectCreated:Put", info)])


def written_headers(info: ObjectInfo) -> dict[str, str]:
    """Return the headers about the object in the response to a write."""
    etag = {"ETag": f'"{info.etag}"'}
    return {**etag, **written_version_header(info), **checksum_headers(info), **encryption_headers(info.facts)}


def delete_object(store: ObjectStore, request: Request) -> Response:
    """DeleteObject."""
    version = request.query.get("versionId", "")
    target = _Target(request.bucket, request.key, version, is_bypassing(request))
    deleted = _delete(store, target, condition_of_delete(request))
    return Response(204, deleted, events=[_deletion(target, deleted)])


@dataclass(frozen=True)
class _Target:
    """The target of a deletion: a version if given, else the object; ``bypass`` lifts a GOVERNANCE retention."""

    bucket: str
    key: str
    version: str
    bypass: bool


def _deletion(target: _Target, said: dict[str, str]) -> tuple[str, ObjectInfo]:
    """The event of a deletion: without a size; the event of a new delete marker has the ETag of an empty object."""
    made_marker = "x-amz-delete-marker" in said and not target.version
    name = "s3:ObjectRemoved:DeleteMarkerCreated" if made_marker else "s3:ObjectRemoved:Delete"
    etag, version = _ETAG_OF_NOTHING if made_marker else "", said.get("x-amz-version-id", NULL_VERSION)
    return name, ObjectInfo(target.bucket, target.key, Identity(0, 0, 0), etag=etag, version=version)


def _delete(store: ObjectStore, target: _Target, condition: Condition) -> dict[str, str]:
    """Delete, and return the headers that describe the result."""
    bucket, key, version = target.bucket, target.key, target.version
    if version:
        removed = store.writes.delete_version(bucket, key, version, condition, bypass=target.bypass)
        marker = {"x-amz-delete-marker": "true"} if removed and removed.marker else {}
        return {"x-amz-version-id": version, **marker}
    created = store.writes.delete(bucket, key, condition)
    return {"x-amz-version-id": created.version, "x-amz-delete-marker": "true"} if created else {}


def delete_objects(store: ObjectStore, request: Request) -> Response:
    """DeleteObjects: each key is deleted separately and has its own error."""
    store.buckets.folder(request.bucket)
    root = parse(request.body.document(), "Delete")
    wanted = root.findall("Object")
    if not 1 <= len(wanted) <= MAX_DELETES:
        raise S3Error("MalformedXML")
    quiet, bypass = text_of(root, "Quiet") == "true", is_bypassing(request)
    answer = Response()
    nodes: list[Node] = []
    for item in wanted:
        key, version, etag = text_of(item, "Key"), text_of(item, "VersionId"), text_of(item, "ETag")
        condition = Condition(etag.strip('"')) if etag else ALWAYS
        target = _Target(request.bucket, key, version, bypass)
        try:
            said = _delete(store, target, condition)
        except S3Error as error:
            known = S3Error("NoSuchVersion") if error.elements.get("ArgumentName") == "versionId" else error
            nodes.append(("Error", [*_named(key, version), ("Code", known.code), ("Message", known.message)]))
            continue
        answer.events.append(_deletion(target, said))
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
