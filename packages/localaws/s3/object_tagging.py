"""GetObjectTagging, PutObjectTagging, DeleteObjectTagging, and the ACL of an object."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from localaws.s3.documents import document
from localaws.s3.errors import NoSuchKeyError, S3Error
from localaws.s3.info import ObjectInfo
from localaws.s3.object_reads import OWNER, version_header
from localaws.s3.parts import deleted_error
from localaws.s3.request import Request, Response
from localaws.s3.store import ObjectStore
from localaws.s3.tags import parse_tags, tag_nodes


def get_object_tagging(store: ObjectStore, request: Request) -> Response:
    """GetObjectTagging."""
    try:
        with _refusing_markers():
            info, file = store.reads.open(request.bucket, request.key, request.query.get("versionId", ""))
    except NoSuchKeyError as error:
        raise NoSuchKeyError(f"{request.bucket}/{request.key}") from error  # S3 names the bucket too, only here
    file.close()
    return Response(200, version_header(store, info), document("Tagging", tag_nodes(info.facts.tags)))


def put_object_tagging(store: ObjectStore, request: Request) -> Response:
    """PutObjectTagging."""
    tags = parse_tags(request.body.document())
    with _refusing_markers():
        info = _set_tags(store, request, tags)
    return Response(200, version_header(store, info), events=[("s3:ObjectTagging:Put", info)])


def delete_object_tagging(store: ObjectStore, request: Request) -> Response:
    """DeleteObjectTagging."""
    with _refusing_markers():
        info = _set_tags(store, request, {})
    return Response(204, version_header(store, info), events=[("s3:ObjectTagging:Delete", info)])


def _set_tags(store: ObjectStore, request: Request, tags: dict[str, str]) -> ObjectInfo:
    version = request.query.get("versionId", "")
    return store.writes.change_facts(request.bucket, request.key, version, lambda facts: replace(facts, tags=tags))


@contextmanager
def _refusing_markers() -> Iterator[None]:
    """Convert the error for a delete marker from "no such key" to "not allowed", as S3 does for tags and ACLs."""
    try:
        yield
    except NoSuchKeyError as error:
        if version := error.headers.get("x-amz-version-id"):
            raise deleted_error(version) from error
        raise


def get_object_acl(store: ObjectStore, request: Request) -> Response:
    """GetObjectAcl: the owner has full control, as always in a bucket without ACLs."""
    info, file = store.reads.open(request.bucket, request.key, request.query.get("versionId", ""))
    file.close()
    body = document("AccessControlPolicy", [("Owner", OWNER), ("AccessControlList", [])])
    grant = (
        '<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">'
        f"<ID>{OWNER[0][1]}</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>"
    )
    granted = body.replace(
        b"<AccessControlList></AccessControlList>", f"<AccessControlList>{grant}</AccessControlList>".encode()
    )
    return Response(200, version_header(store, info), granted)


def put_object_acl(store: ObjectStore, request: Request) -> Response:
    """PutObjectAcl: a bucket without ACLs, S3's default, accepts only ACLs that change nothing."""
    with _refusing_markers():
        store.reads.open(request.bucket, request.key, request.query.get("versionId", ""))[1].close()
    if request.headers.get("x-amz-acl", "") not in ("private", "bucket-owner-full-control"):
        raise S3Error("AccessControlListNotSupported")
    return Response(200)
