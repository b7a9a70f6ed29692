"""The S3 API as a WSGI application: objects from the store, bucket settings from moto."""

from __future__ import annotations

import io
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext, suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

from werkzeug.wrappers import Response as HttpResponse

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
    upload_lists,
)
from localaws.s3.buckets import ENABLED
from localaws.s3.documents import document
from localaws.s3.errors import S3Error, is_disk_full
from localaws.s3.info import ObjectInfo
from localaws.s3.request import Request, Response, request_of
from localaws.s3.store import ObjectStore
from localaws.s3.upload_calls import UploadCalls
from localaws.s3.uploads import Uploads

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Operation: TypeAlias = Callable[[Request], Response]
Announce: TypeAlias = Callable[[str, ObjectInfo], None]
# Where a request goes depends on its method, whether it names a key, and the first of these in its query.
OBJECT_SELECTORS = ("uploads", "uploadId", "tagging", "acl", "attributes", "retention", "legal-hold")
UNSUPPORTED = ("restore", "select", "torrent", "append", "renameObject", "encryption")
BUCKET_SELECTORS = ("versioning", "versions", "uploads", "delete", "list-type")
# Whatever else a bucket's query may select; other names (prefix, x-id, X-Amz-Signature, ...) select nothing.
MOTO_SELECTORS = frozenset((
    "accelerate", "acl", "analytics", "cors", "encryption", "intelligent-tiering", "inventory", "lifecycle",
    "location", "logging", "metrics", "notification", "object-lock", "ownershipControls", "policy", "policyStatus",
    "publicAccessBlock", "replication", "requestPayment", "tagging", "website",
))  # fmt: skip
_LOCK_ENABLED = "x-amz-bucket-object-lock-enabled"
_log = logging.getLogger(__name__)


class S3Application:
    """Answers one S3 request after another."""

    def __init__(self, store: ObjectStore, moto: WSGIApplication, state: MotoState, announce: Announce) -> None:
        self._store = store
        self._moto = moto
        self._state = state
        self._announce = announce
        uploads = Uploads(store)
        self._object_operations = _object_operations(store, uploads)
        self._bucket_operations = _bucket_operations(store, uploads)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request: Request | None = None
        try:
            request = request_of(environ)
            if self._is_for_moto(request):
                return self._ask_moto(environ, start_response, request)
            response = self._operation(request)(request)
            for event, info in response.events:
                self._announce(event, info)
        except Exception as error:  # noqa: BLE001
            response = _error_response(error, request)
            if request:
                with suppress(S3Error, OSError):
                    request.body.discard()
        return _send(response, request, start_response)

    def _is_for_moto(self, request: Request) -> bool:
        if not request.bucket or request.key:
            return False
        if not MOTO_SELECTORS.isdisjoint(request.query):
            return True
        is_bare = not any(name in request.query for name in BUCKET_SELECTORS)
        return request.method == "OPTIONS" or (request.method in ("PUT", "DELETE") and is_bare)

    def _operation(self, request: Request) -> Operation:
        if not request.bucket:
            return self._bucket_operations[request.method, "service"] if request.method == "GET" else _not_allowed
        if not request.key:
            selector = next((name for name in BUCKET_SELECTORS if name in request.query), "")
            return self._bucket_operations.get((request.method, selector), _not_allowed)
        if any(name in request.query for name in UNSUPPORTED):
            return _not_implemented
        selector = next((name for name in OBJECT_SELECTORS if name in request.query), "")
        if "x-amz-copy-source" in request.headers and selector in ("", "uploadId"):
            selector += "copy"
        return self._object_operations.get((request.method, selector), _not_allowed)

    def _ask_moto(self, environ: WSGIEnvironment, start_response: StartResponse, request: Request) -> Iterable[bytes]:
        """Hand moto a path-style request with a plain body, and store its state before the answer leaves."""
        body = request.body.document()
        path = f"/{request.bucket}"
        query = environ.get("QUERY_STRING", "")
        plain = {
            **environ,
            "HTTP_HOST": "localhost",
            "PATH_INFO": path,
            "REQUEST_URI": f"{path}?{query}" if query else path,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": False,
        }
        plain.pop("HTTP_TRANSFER_ENCODING", None)
        changes = request.method not in ("GET", "HEAD", "OPTIONS")
        with self._state.changing("s3") if changes else nullcontext():
            answer = HttpResponse.from_app(self._moto, plain, buffered=True)
            if answer.status_code == 200 and request.headers.get(_LOCK_ENABLED, "").lower() == "true":
                self._store.bucket_registry.set_versioning(request.bucket, ENABLED)
        return answer(environ, start_response)


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
    }


def _not_allowed(request: Request) -> Response:
    raise S3Error("MethodNotAllowed", elements={"Method": request.method})


def _not_implemented(request: Request) -> Response:
    name = next(name for name in UNSUPPORTED if name in request.query)
    raise S3Error("NotImplemented", f"The object operation {request.method} ?{name} is not supported")


def _error_response(error: Exception, request: Request | None) -> Response:
    known = _s3_error(error)
    elements = known.elements
    if request and known.code == "MethodNotAllowed":
        elements = {"Method": request.method, **elements}
    ids = _request_ids()
    named = [("RequestId", ids["x-amz-request-id"]), ("HostId", ids["x-amz-id-2"])]
    nodes = [("Code", known.code), ("Message", known.message), *elements.items(), *named]
    return Response(known.status, {**ids, **known.headers}, document("Error", nodes, namespace=""))


def _request_ids() -> dict[str, str]:
    """Return the two IDs that each answer of S3 has."""
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
    headers = {**_request_ids(), "Server": "AmazonS3", **response.headers}
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
