"""Bucket settings, which moto stores, for the parts of S3 that use them."""

from __future__ import annotations

from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.exceptions import MissingBucket
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend, s3_backends

from localaws.s3.errors import NoSuchBucketError


def backend_of(bucket: str) -> S3Backend:
    """Return the backend of the account that owns a bucket."""
    partition, account = s3_backends.bucket_accounts.get(bucket, ("aws", DEFAULT_ACCOUNT_ID))
    return s3_backends[account][partition]


def settings_of(bucket: str) -> FakeBucket:
    """Return moto's settings of a bucket; raises NoSuchBucketError."""
    try:
        return backend_of(bucket).get_bucket(bucket)
    except MissingBucket as error:
        raise NoSuchBucketError(bucket) from error


def named_configurations(bucket: str, kind: str) -> dict[str, bytes]:
    """Return a bucket's documents of a kind by ID; changes to the mapping are stored with moto's state."""
    backend = backend_of(bucket)
    all_buckets: dict[str, dict[str, dict[str, bytes]]] = vars(backend).setdefault("named_configurations", {})
    return all_buckets.setdefault(bucket, {}).setdefault(kind, {})


def encryption_rule(bucket: str) -> dict[str, Any]:
    """Return the rule of the bucket's default encryption: keys managed by S3, unless another rule was set."""
    configured = settings_of(bucket).encryption or {}
    rule = configured.get("Rule") or DEFAULT_ENCRYPTION["Rule"]
    return dict(rule[0] if isinstance(rule, list) else rule)


def set_defaults(settings: FakeBucket) -> None:
    """Give a new bucket the defaults of S3 since April 2023: encryption, no public access, no ACLs."""
    settings.encryption = DEFAULT_ENCRYPTION
    settings.public_access_block = PublicAccessBlock(True, True, True, True)
    settings.ownership_rule = "BucketOwnerEnforced"


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
DEFAULT_ENCRYPTION: dict[str, Any] = {
    "Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}
}
