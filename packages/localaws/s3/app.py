"""The S3 API as a WSGI application: objects from the store, bucket settings from moto."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

from localaws.moto_state import MotoState, StateNotSavedError
from localaws.s3 import (
    bucket_calls,
    list_calls,
    object_attributes,
    object_copy,
    object_lock,
    object_reads,
    object_tagging,
    object_writes,
    post_object,
    upload_lists,
)
from localaws.s3.announcement import Announcement, Notifier
from localaws.s3.bucket_owner import check_expected_owner
from localaws.s3.cors import cors_headers, preflight
from localaws.s3.documents import document
from localaws.s3.errors import S3Error, is_disk_full
from localaws.s3.request import Request, Response, request_of
from localaws.s3.settings_app import SELECTORS, BucketSettings
from localaws.s3.store import ObjectStore
from localaws.s3.subresources import check_subresources, operations_outside
from localaws.s3.upload_calls import UploadCalls
from localaws.s3.uploads import Uploads

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Operation: TypeAlias = Callable[[Request], Response]
# The method, the presence of a key and the first of these names in the query decide which operation answers a request.
OBJECT_SELECTORS = ("uploads", "uploadId", "tagging", "acl", "attributes", "retention", "legal-hold")
BUCKET_SELECTORS = ("versioning", "versions", "uploads", "delete", "list-type")
_SETTINGS = frozenset(SELECTORS)
_BUCKET_SUBRESOURCES = _SETTINGS.union(BUCKET_SELECTORS)
_OBJECT_SUBRESOURCES = frozenset(OBJECT_SELECTORS)
_log = logging.getLogger(__name__)


def refused_operations() -> list[str]:
    """Return the operations that localaws refuses by name, sorted."""
    of_buckets = operations_outside(_BUCKET_SUBRESOURCES, has_key=False)
    return sorted(of_buckets | operations_outside(_OBJECT_SUBRESOURCES, has_key=True))


class S3Application:
    """Routes each S3 request to its operation."""

    def __init__(self, store: ObjectStore, moto: WSGIApplication, state: MotoState, notifier: Notifier) -> None:
        self._store = store
        self._settings = BucketSettings(store, moto, state, notifier)
        self._notifier = notifier
        uploads = Uploads(store)
        self._object_operations = _object_operations(store, uploads)
        self._bucket_operations = _bucket_operations(store, uploads)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request: Request | None = None
        ids = _request_ids()
        source_ip = str(environ.get("REMOTE_ADDR", ""))
        try:
            request = request_of(environ)
            check_expected_owner(request)
            check_subresources(request, _OBJECT_SUBRESOURCES if request.key else _BUCKET_SUBRESOURCES)
            is_setting = self._is_setting(request)
            response = self._settings.answer(environ, request) if is_setting else self._operation(request)(request)
            for event, info in response.events:
                announcement = Announcement(event, info, ids["x-amz-request-id"], ids["x-amz-id-2"], source_ip)
                self._notifier.announce(announcement)
        except Exception as error:  # noqa: BLE001
            response = _error_response(error, request, ids)
            if request:
                with suppress(S3Error, OSError):
                    request.body.discard()
        if request and "origin" in request.headers and request.method != "OPTIONS":
            response.headers |= cors_headers(request)
        response.headers = {**ids, **response.headers}
        return _send(response, request, start_response)

    @staticmethod
    def _is_setting(request: Request) -> bool:
        if not request.bucket or request.key or request.method == "OPTIONS":
            return False
        if not _SETTINGS.isdisjoint(request.query):
            return True
        is_bare = not any(name in request.query for name in BUCKET_SELECTORS)
        return request.method in ("PUT", "DELETE") and is_bare

    def _operation(self, request: Request) -> Operation:
        if request.method == "OPTIONS":
            return preflight
        if not request.bucket:
            return self._bucket_operations[request.method, "service"] if request.method == "GET" else _not_allowed
        if not request.key:
            selector = next((name for name in BUCKET_SELECTORS if name in request.query), "")
            return self._bucket_operations.get((request.method, selector), _not_allowed)
        selector = next((name for name in OBJECT_SELECTORS if name in request.query), "")
        if "x-amz-copy-source" in request.headers and selector in ("", "uploadId"):
            selector += "copy"
        return self._object_operations.get((request.method, selector), _not_allowed)


def _object_operations(store: ObjectStore, uploads: Uploads) -> Mapping[tuple[str, str], Operation]:
    calls = UploadCalls(store, uploads)
    return {
        ("GET", ""): partial(object_reads.get_object, store),
        ("GET", "attributes"): partial(object_attributes.get_object_attributes, store),
        ("GET", "tagging"): partial(object_tagging.get_object_tagging, store),
        ("GET", "acl"): partial(object_tagging.get_object_acl, store),
        ("GET", "uploadId"): partial(upload_lists.list_parts, uploads),
        ("GET", "retention"): partial(object_lock.get_object_retention, store),
        ("GET", "legal-hold"): partial(object_lock.get_object_legal_hold, store),
        ("HEAD", ""): partial(object_reads.head_object, store),
        ("PUT", ""): partial(object_writes.put_object, store),
        ("PUT", "copy"): partial(object_copy.copy_object, store),
        ("PUT", "tagging"): partial(object_tagging.put_object_tagging, store),
        ("PUT", "acl"): partial(object_tagging.put_object_acl, store),
        ("PUT", "retention"): partial(object_lock.put_object_retention, store),
        ("PUT", "legal-hold"): partial(object_lock.put_object_legal_hold, store),
        ("PUT", "uploadId"): calls.put_part,
        ("PUT", "uploadIdcopy"): calls.copy_part,
        ("POST", "uploads"): calls.create,
        ("POST", "uploadId"): calls.complete,
        ("DELETE", ""): partial(object_writes.delete_object, store),
        ("DELETE", "tagging"): partial(object_tagging.delete_object_tagging, store),
        ("DELETE", "uploadId"): calls.abort,
    }


def _bucket_operations(store: ObjectStore, uploads: Uploads) -> Mapping[tuple[str, str], Operation]:
    return {
        ("GET", "service"): partial(bucket_calls.list_buckets, store),
        ("GET", ""): partial(list_calls.list_objects, store),
        ("GET", "list-type"): partial(list_calls.list_objects_v2, store),
        ("GET", "versions"): partial(list_calls.list_object_versions, store),
        ("GET", "uploads"): partial(upload_lists.list_uploads, store, uploads),
        ("GET", "versioning"): partial(bucket_calls.get_bucket_versioning, store),
        ("HEAD", ""): partial(bucket_calls.head_bucket, store),
        ("PUT", "versioning"): partial(bucket_calls.put_bucket_versioning, store),
        ("POST", "delete"): partial(object_writes.delete_objects, store),
        ("POST", ""): partial(post_object.post_object, store),
    }


def _not_allowed(request: Request) -> Response:
    raise S3Error("MethodNotAllowed", elements={"Method": request.method})


def _error_response(error: Exception, request: Request | None, ids: dict[str, str]) -> Response:
    known = _s3_error(error)
    elements = known.elements
    if request and known.code == "MethodNotAllowed":
        elements = {"Method": request.method, **elements}
    named = [("RequestId", ids["x-amz-request-id"]), ("HostId", ids["x-amz-id-2"])]
    nodes = [("Code", known.code), ("Message", known.message), *elements.items(), *named]
    return Response(known.status, known.headers, document("Error", nodes, namespace=""))


def _request_ids() -> dict[str, str]:
    """Return the two request IDs that every answer of S3 has."""
    return {"x-amz-request-id": secrets.token_hex(8).upper(), "x-amz-id-2": secrets.token_urlsafe(56)}


def _s3_error(error: Exception) -> S3Error:
    if isinstance(error, S3Error):
        return error
    if is_disk_full(error):
        return S3Error("InsufficientStorage")
    if isinstance(error, TimeoutError):
        return S3Error("RequestTimeout")
    if isinstance(error, NotImplementedError | StateNotSavedError):
        return S3Error("NotImplemented", str(error))
    _log.error("an S3 request failed", exc_info=error)
    return S3Error("InternalError", f"{type(error).__name__}: {error}"[:500])


def _send(response: Response, request: Request | None, start_response: StartResponse) -> Iterable[bytes]:
    headers = {"Server": "AmazonS3", **response.headers}
    body = response.body
    if isinstance(body, bytes):
        is_head = request is not None and request.method == "HEAD"
        has_body = not is_head and response.status not in (204, 304)
        if "Content-Length" not in headers and response.status not in (204, 304):
            headers["Content-Length"] = str(len(body) if has_body else 0)
        if body and has_body:
            headers.setdefault("Content-Type", "application/xml")
        body = [body] if body and has_body else []
    start_response(f"{response.status} {HTTPStatus(response.status).phrase}", list(headers.items()))
    return body
