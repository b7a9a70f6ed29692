"""Creation, deletion and settings of buckets: validated by S3's rules, then passed to moto."""

from __future__ import annotations

import io
import re
from contextlib import nullcontext
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response as HttpResponse

from localaws.moto_state import MotoState
from localaws.s3.announcement import Notifier
from localaws.s3.bucket_configurations import OPERATIONS, check_public_access_block
from localaws.s3.bucket_rules import check_ownership, check_setting
from localaws.s3.bucket_settings import backend_of, settings_of
from localaws.s3.buckets import ENABLED
from localaws.s3.documents import parse
from localaws.s3.errors import S3Error
from localaws.s3.lifecycle_rules import keep_minimum, minimum_of
from localaws.s3.locations import EU, REGION_OF_EU, check_location, keep_location
from localaws.s3.names import is_bucket_name
from localaws.s3.notification_settings import (
    as_document,
    notifications_of,
    parse_notifications,
    store_notifications,
)
from localaws.s3.request import Request, Response
from localaws.s3.store import ObjectStore
from localaws.s3.tags import MAX_BUCKET_TAGS, checked_tags, pairs_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

# Query parameters that select a bucket setting; others (prefix, x-id, X-Amz-Signature, ...) select nothing.
SELECTORS = (
    "accelerate", "acl", "analytics", "cors", "encryption", "intelligent-tiering", "inventory", "lifecycle",
    "location", "logging", "metrics", "notification", "object-lock", "ownershipControls", "policy", "policyStatus",
    "publicAccessBlock", "replication", "requestPayment", "tagging", "website",
)  # fmt: skip
_OWNERSHIP = "x-amz-object-ownership"
_SKIP_VALIDATION = "x-amz-skip-destination-validation"
_LOCK_ENABLED = "x-amz-bucket-object-lock-enabled"
_EU, _EU_REGION = f">{EU}<".encode(), f">{REGION_OF_EU}<".encode()
_DISPLAY_NAME = re.compile(rb"<DisplayName>[^<]*</DisplayName>")
_RESERVED = (
    'User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. '
    'Remove "aws:" from your tag keys and try again.'
)


class BucketSettings:
    """Answers requests about a bucket but not its objects, and stores the changes."""

    def __init__(self, store: ObjectStore, moto: WSGIApplication, state: MotoState, notifier: Notifier) -> None:
        self._store = store
        self._notifier = notifier
        self._moto = moto
        self._state = state

    def answer(self, environ: WSGIEnvironment, request: Request) -> Response:
        """Answer one request; raises S3Error."""
        response = self._answer(environ, request)
        if request.method == "PUT" and "notification" in request.query:
            self._notifier.configured(request.bucket, notifications_of(request.bucket))
        return response

    def _answer(self, environ: WSGIEnvironment, request: Request) -> Response:
        body = request.body.document()
        selector = next((name for name in SELECTORS if name in request.query), "")
        changes = request.method not in ("GET", "HEAD")
        with self._state.changing("s3") if changes else nullcontext():
            if selector:
                return self._setting(environ, request, body, selector)
            if request.method == "PUT":
                return self._create(environ, request, body)
            self._store.buckets.check_empty(request.bucket)
            return self._ask(environ, request, body)

    def _setting(self, environ: WSGIEnvironment, request: Request, body: bytes, selector: str) -> Response:
        settings_of(request.bucket)
        if selector == "notification":
            return self._notification(request, body)
        if operation := OPERATIONS.get((request.method, selector)):
            return operation(request, body)
        if (request.method, selector) == ("GET", "publicAccessBlock"):
            check_public_access_block(request.bucket)
        if request.method == "PUT":
            check_setting(request.bucket, selector, body, request.headers)
        answer = self._ask(environ, request, body)
        return _as_s3_answers(request, selector, answer) if answer.status == 200 else answer

    def _notification(self, request: Request, body: bytes) -> Response:
        if request.method == "GET":
            return Response(200, {}, as_document(notifications_of(request.bucket)))
        if request.method != "PUT":
            raise S3Error("MethodNotAllowed")
        new = parse_notifications(body)
        if request.headers.get(_SKIP_VALIDATION, "").lower() != "true":
            problems = [(rule, problem) for rule in new.rules if (problem := self._notifier.problem(rule))]
            if problems:
                named = [(f"ArgumentName{number}", name) for number, (_, (name, _)) in enumerate(problems, 1)]
                texts = [(f"ArgumentValue{number}", text) for number, (_, (_, text)) in enumerate(problems, 1)]
                message = "Unable to validate the following destination configurations"
                raise S3Error("InvalidArgument", message, dict([*named, *texts]))
        store_notifications(request.bucket, new)
        return Response(200)

    def _create(self, environ: WSGIEnvironment, request: Request, body: bytes) -> Response:
        """CreateBucket, with the tags and ownership of the request."""
        if not is_bucket_name(request.bucket):
            raise S3Error("InvalidBucketName", elements={"BucketName": request.bucket[:100]})
        if _OWNERSHIP in request.headers:
            check_ownership(request.headers[_OWNERSHIP])
        root = parse(body, "CreateBucketConfiguration") if body else None
        constraint = root.findtext("LocationConstraint") or "" if root is not None else ""
        check_location(constraint, request.headers)
        pairs = pairs_of(root) if root is not None else []
        if any(key.startswith("aws:") for key, _ in pairs):
            raise S3Error("InvalidTag", _RESERVED)
        tags = checked_tags(pairs, MAX_BUCKET_TAGS)
        if tags and self._store.buckets.exists(request.bucket):
            raise S3Error("BucketAlreadyOwnedByYou", elements={"BucketName": request.bucket})
        answer = self._ask(environ, request, body.replace(_EU, _EU_REGION) if constraint == EU else body)
        if answer.status != 200:
            return answer
        keep_location(request.bucket, constraint)
        if tags:
            backend_of(request.bucket).put_bucket_tagging(request.bucket, tags)
        if request.headers.get(_LOCK_ENABLED, "").lower() == "true":
            self._store.buckets.set_versioning(request.bucket, ENABLED)
        return Response(200, {**answer.headers, "x-amz-bucket-arn": f"arn:aws:s3:::{request.bucket}"}, answer.body)

    def _ask(self, environ: WSGIEnvironment, request: Request, body: bytes) -> Response:
        """Pass the request to moto in path style with a plain body."""
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
        answer = HttpResponse.from_app(self._moto, plain, buffered=True)
        return Response(answer.status_code, dict(answer.headers), answer.get_data())


def _as_s3_answers(request: Request, selector: str, answer: Response) -> Response:
    """Return moto's answer with what S3 sends in addition, and without what S3 no longer sends."""
    match request.method, selector:
        case "PUT", "policy":
            return Response(204)
        case "GET", "acl":
            assert isinstance(answer.body, bytes)
            return Response(200, {}, _DISPLAY_NAME.sub(b"", answer.body))
        case "PUT", "lifecycle":
            return Response(200, {**answer.headers, **keep_minimum(request.bucket, request.headers)})
        case "GET", "lifecycle":
            return Response(200, {**answer.headers, **minimum_of(request.bucket)}, answer.body)
    return answer
