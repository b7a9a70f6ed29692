"""ListBuckets, HeadBucket, and the versioning of buckets."""

from __future__ import annotations

from localaws.s3.documents import Node, document, iso_time, parse, text_of
from localaws.s3.errors import S3Error
from localaws.s3.object_reads import OWNER
from localaws.s3.request import Request, Response
from localaws.s3.store import ObjectStore

MAX_BUCKETS = 10_000


def list_buckets(store: ObjectStore, request: Request) -> Response:
    """ListBuckets."""
    prefix, after = request.query.get("prefix", ""), request.query.get("continuation-token", "")
    limit = request.number("max-buckets", MAX_BUCKETS, MAX_BUCKETS)
    found = [bucket for bucket in store.bucket_registry.all() if bucket.name.startswith(prefix) and bucket.name > after]
    shown = found[:limit]
    buckets: list[Node] = [
        ("Bucket", [("Name", bucket.name), ("CreationDate", iso_time(bucket.created))]) for bucket in shown
    ]
    nodes: list[Node] = [("Owner", OWNER), ("Buckets", buckets), ("Prefix", prefix)]
    nodes += [("ContinuationToken", shown[-1].name)] if len(found) > len(shown) and shown else []
    return Response(200, {}, document("ListAllMyBucketsResult", nodes))


def head_bucket(store: ObjectStore, request: Request) -> Response:
    """HeadBucket."""
    store.bucket_path(request.bucket)
    return Response(200)


def get_bucket_versioning(store: ObjectStore, request: Request) -> Response:
    """GetBucketVersioning."""
    store.bucket_path(request.bucket)
    status = store.bucket_registry.versioning(request.bucket)
    return Response(200, {}, document("VersioningConfiguration", [("Status", status)] if status else []))


def put_bucket_versioning(store: ObjectStore, request: Request) -> Response:
    """PutBucketVersioning."""
    store.bucket_path(request.bucket)
    configuration = parse(request.body.document(), "VersioningConfiguration")
    if text_of(configuration, "MfaDelete") == "Enabled":
        raise S3Error("NotImplemented", "MFA delete is not supported")
    store.bucket_registry.set_versioning(request.bucket, text_of(configuration, "Status"))
    return Response(200)
