"""Bucket settings that localaws answers itself: tags, Object Lock, replication, and configurations that moto lacks.

An inventory, metrics, analytics or Intelligent-Tiering configuration is stored and returned as it was sent. It has no
other effect, because nothing here lists objects, measures requests or moves objects to another tier. The same holds for
the payer of requests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from localaws.s3.bucket_settings import backend_of, named_configurations, settings_of
from localaws.s3.documents import Node, document, parse, text_of
from localaws.s3.errors import S3Error
from localaws.s3.inventory_rules import check_inventory
from localaws.s3.list_calls import key_of_token, token_of_key
from localaws.s3.locations import get_bucket_location
from localaws.s3.request import Request, Response
from localaws.s3.tags import MAX_BUCKET_TAGS, checked_tags, pairs_of, tag_nodes

Setting: TypeAlias = Callable[[Request, bytes], Response]
PAGE = 100
RESERVED = "System tags cannot be added/updated by requester"
# Query selector, and name of the document's root element.
NAMED = {
    "analytics": "AnalyticsConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "metrics": "MetricsConfiguration",
}
_MISMATCH = "Document ID does not match the specified configuration ID."
# Code of the error for a document with another ID than the query.
_OTHER_ID = {"inventory": "IdMismatch", "metrics": "InvalidArgument"}
PAYERS = frozenset({"BucketOwner", "Requester"})
_PAYMENT = "requestPayment"
_PROLOGUE = re.compile(rb"^\s*<\?xml[^>]*\?>\s*")


def get_bucket_tagging(request: Request, body: bytes) -> Response:
    """GetBucketTagging."""
    settings_of(request.bucket)
    stored = backend_of(request.bucket).get_bucket_tagging(request.bucket)["Tags"]
    tags = {tag["Key"]: tag["Value"] or "" for tag in stored}
    if not tags:
        raise S3Error("NoSuchTagSet", elements={"BucketName": request.bucket})
    return Response(200, {}, document("Tagging", tag_nodes(tags)))


def put_bucket_tagging(request: Request, body: bytes) -> Response:
    """PutBucketTagging; an empty set removes all tags."""
    settings_of(request.bucket)
    tags = checked_tags(pairs_of(parse(body, "Tagging")), MAX_BUCKET_TAGS, RESERVED)
    backend_of(request.bucket).put_bucket_tagging(request.bucket, tags)
    return Response(204)


def check_public_access_block(bucket: str) -> None:
    """Raise S3Error for a bucket whose public access block was deleted."""
    if settings_of(bucket).public_access_block is None:
        raise S3Error("NoSuchPublicAccessBlockConfiguration", elements={"BucketName": bucket})


def get_object_lock_configuration(request: Request, body: bytes) -> Response:
    """GetObjectLockConfiguration."""
    settings = settings_of(request.bucket)
    if not settings.object_lock_enabled:
        raise S3Error("ObjectLockConfigurationNotFoundError", elements={"BucketName": request.bucket})
    nodes: list[Node] = [("ObjectLockEnabled", "Enabled")]
    if settings.default_lock_mode:
        days, years = int(settings.default_lock_days or 0), int(settings.default_lock_years or 0)
        length: Node = ("Days", str(days)) if days else ("Years", str(years))
        nodes.append(("Rule", [("DefaultRetention", [("Mode", settings.default_lock_mode), length])]))
    return Response(200, {}, document("ObjectLockConfiguration", nodes))


def get_replication(request: Request, body: bytes) -> Response:
    """GetBucketReplication: all that was sent, and the IDs and priorities that moto has added."""
    stored: dict[str, Any] | None = backend_of(request.bucket).get_bucket_replication(request.bucket)
    if not stored:
        raise S3Error("ReplicationConfigurationNotFoundError", elements={"BucketName": request.bucket})
    return Response(200, {}, document("ReplicationConfiguration", _nodes(stored)))


def _nodes(stored: Mapping[str, Any]) -> list[Node]:
    """Return the elements of a document that moto keeps as a dict; its attributes are left out."""
    return [
        (name, _nodes(value) if isinstance(value, Mapping) else str(value or ""))
        for name, values in stored.items()
        if not name.startswith("@")
        for value in (values if isinstance(values, list) else [values])
    ]


def get_request_payment(request: Request, body: bytes) -> Response:
    """GetBucketRequestPayment; the owner of a bucket pays, unless another payer was set."""
    payer = named_configurations(request.bucket, _PAYMENT).get("", b"BucketOwner").decode()
    return Response(200, {}, document("RequestPaymentConfiguration", [("Payer", payer)]))


def put_request_payment(request: Request, body: bytes) -> Response:
    """PutBucketRequestPayment; raises S3Error MalformedXML for an unknown payer."""
    payer = text_of(parse(body, "RequestPaymentConfiguration"), "Payer")
    if payer not in PAYERS:
        raise S3Error("MalformedXML")
    named_configurations(request.bucket, _PAYMENT)[""] = payer.encode()
    return Response(200)


def get_named(request: Request, body: bytes) -> Response:
    """Get one configuration, or without an ID list those of a kind, 100 per page."""
    selector, stored = _named(request)
    name = request.query.get("id")
    if name is not None:
        if name not in stored:
            raise S3Error("NoSuchConfiguration")
        return Response(200, {}, stored[name])
    token = request.query.get("continuation-token", "")
    after = key_of_token(token) if token else ""
    following = [item for item in sorted(stored) if item > after]
    shown = following[:PAGE]
    more = len(following) > len(shown)
    nodes: list[Node] = [("IsTruncated", str(more).lower())]
    nodes += [("ContinuationToken", token)] if token else []
    nodes += [("NextContinuationToken", token_of_key(shown[-1]))] if more else []
    listed = b"".join(_PROLOGUE.sub(b"", stored[item]) for item in shown)
    empty = document(f"List{NAMED[selector]}sResult", nodes)
    end = empty.rindex(b"</")
    return Response(200, {}, empty[:end] + listed + empty[end:])


def put_named(request: Request, body: bytes) -> Response:
    """Store one configuration; raises S3Error for one that S3 refuses."""
    selector, stored = _named(request)
    name = request.query.get("id", "")
    if text_of(parse(body, NAMED[selector]), "Id") != name or not name:
        code = _OTHER_ID.get(selector, "MalformedXML")
        raise S3Error(code, _MISMATCH if selector in _OTHER_ID else "")
    if selector == "inventory":
        check_inventory(body)
    stored[name] = body
    return Response(204)


def delete_named(request: Request, body: bytes) -> Response:
    """Remove one configuration; raises S3Error NoSuchConfiguration."""
    _, stored = _named(request)
    if stored.pop(request.query.get("id", ""), None) is None:
        raise S3Error("NoSuchConfiguration")
    return Response(204)


def _named(request: Request) -> tuple[str, dict[str, bytes]]:
    """Return the kind of configuration that a request names, and the stored documents of that kind by ID."""
    selector = next(name for name in NAMED if name in request.query)
    settings_of(request.bucket)
    return selector, named_configurations(request.bucket, selector)


OPERATIONS: Mapping[tuple[str, str], Setting] = {
    ("GET", "tagging"): get_bucket_tagging,
    ("PUT", "tagging"): put_bucket_tagging,
    ("GET", "location"): get_bucket_location,
    ("GET", "object-lock"): get_object_lock_configuration,
    ("GET", "replication"): get_replication,
    ("GET", _PAYMENT): get_request_payment,
    ("PUT", _PAYMENT): put_request_payment,
    **{("GET", selector): get_named for selector in NAMED},
    **{("PUT", selector): put_named for selector in NAMED},
    **{("DELETE", selector): delete_named for selector in NAMED},
}
