"""ListBuckets, HeadBucket, and the versioning of buckets."""

from __future__ import annotations

from localaws.s3.bucket_settings import settings_of
from localaws.s3.buckets import SUSPENDED, Bucket
from localaws.s3.documents import Node, document, iso_time, parse, text_of
from localaws.s3.errors import S3Error
from localaws.s3.list_calls import key_of_token, token_of_key
from localaws.s3.locations import regions
from localaws.s3.object_reads import OWNER
from localaws.s3.request import Request, Response
from localaws.s3.store import ObjectStore

MAX_BUCKETS = 10_000
# S3 returns the regions of buckets only to requests with one of these.
_LIST_PARAMETERS = frozenset({"prefix", "continuation-token", "bucket-region", "max-buckets"})


def list_buckets(store: ObjectStore, request: Request) -> Response:
    """ListBuckets."""
    prefix, token = request.query.get("prefix", ""), request.query.get("continuation-token", "")
    after, region = key_of_token(token) if token else "", request.query.get("bucket-region", "")
    if region and region not in regions():
        elements = {"ArgumentName": "bucket-region"}
        raise S3Error("InvalidArgument", f"Argument value {region[:50]} is not a valid AWS Region", elements)
    limit = request.number("max-buckets", MAX_BUCKETS, MAX_BUCKETS)
    named = [bucket for bucket in store.buckets.all() if bucket.name.startswith(prefix) and bucket.name > after]
    buckets = [bucket for bucket in named if not region or settings_of(bucket.name).region_name == region]
    shown = buckets[:limit]
    with_region = not _LIST_PARAMETERS.isdisjoint(request.query)
    nodes: list[Node] = [("Owner", OWNER), ("Buckets", [("Bucket", _bucket(bucket, with_region)) for bucket in shown])]
    nodes += [("Prefix", prefix)] if prefix else []
    nodes += [("ContinuationToken", token_of_key(shown[-1].name))] if len(buckets) > len(shown) and shown else []
    return Response(200, {}, document("ListAllMyBucketsResult", nodes))


def _bucket(bucket: Bucket, with_region: bool) -> list[Node]:
    nodes: list[Node] = [("Name", bucket.name), ("CreationDate", iso_time(bucket.created))]
    nodes += [("BucketRegion", settings_of(bucket.name).region_name)] if with_region else []
    return [*nodes, ("BucketArn", f"arn:aws:s3:::{bucket.name}")]


def head_bucket(store: ObjectStore, request: Request) -> Response:
    """HeadBucket."""
    store.buckets.folder(request.bucket)
    headers = {"x-amz-bucket-region": settings_of(request.bucket).region_name, "x-amz-access-point-alias": "false"}
    headers |= {"x-amz-bucket-arn": f"arn:aws:s3:::{request.bucket}", "content-type": "application/xml"}
    return Response(200, headers)


def get_bucket_versioning(store: ObjectStore, request: Request) -> Response:
    """GetBucketVersioning."""
    store.buckets.folder(request.bucket)
    status = store.buckets.versioning(request.bucket)
    return Response(200, {}, document("VersioningConfiguration", [("Status", status)] if status else []))


def put_bucket_versioning(store: ObjectStore, request: Request) -> Response:
    """PutBucketVersioning."""
    store.buckets.folder(request.bucket)
    configuration = parse(request.body.document(), "VersioningConfiguration")
    if text_of(configuration, "MfaDelete") == "Enabled":
        raise S3Error("NotImplemented", "MFA delete is not supported")
    status = text_of(configuration, "Status")
    if status == SUSPENDED and settings_of(request.bucket).object_lock_enabled:
        text = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
        raise S3Error("InvalidBucketState", text)
    store.buckets.set_versioning(request.bucket, status)
    return Response(200)
