"""Server-side encryption as S3 reports it. Nothing is encrypted here: files contain the bytes as they were sent."""

from __future__ import annotations

from collections.abc import Mapping

from moto.kms.models import kms_backends

from localaws.s3.bucket_settings import encryption_rule, settings_of
from localaws.s3.errors import S3Error
from localaws.s3.info import Facts

ALGORITHM = "x-amz-server-side-encryption"
KEY_ID = "x-amz-server-side-encryption-aws-kms-key-id"
BUCKET_KEY = "x-amz-server-side-encryption-bucket-key-enabled"
CUSTOMER = ("x-amz-server-side-encryption-customer-", "x-amz-copy-source-server-side-encryption-customer-")
S3_MANAGED = "AES256"
KMS = frozenset({"aws:kms", "aws:kms:dsse"})
_HEADERS = (ALGORITHM, KEY_ID, BUCKET_KEY)


def encryption_of(headers: Mapping[str, str], bucket: str) -> dict[str, str]:
    """Return the encryption headers of a new object: the request's, or those of the bucket's default.

    Raises S3Error for an unknown algorithm, for a key with AES256, and for keys that the customer provides.
    """
    check_encryption(headers)
    asked = {name: headers[name] for name in _HEADERS if name in headers}
    default = _default(bucket)
    # The algorithm of a request replaces the default's algorithm and key, not its bucket key.
    kept = [BUCKET_KEY] if ALGORITHM in asked else list(default)
    chosen = {**{name: default[name] for name in kept if name in default}, **asked}
    if chosen[ALGORITHM] not in KMS:
        return {}  # S3's own keys need no entry: they are what an object without one has
    chosen[KEY_ID] = key_arn(bucket, chosen.get(KEY_ID, ""))
    if chosen.get(BUCKET_KEY) != "true":
        chosen.pop(BUCKET_KEY, None)
    return chosen


def check_encryption(headers: Mapping[str, str]) -> None:
    """Raise S3Error for encryption that S3 refuses, and for customer-provided keys, which need real encryption."""
    for name in headers:
        if name.startswith(CUSTOMER):
            text = "Server-side encryption with keys that the customer provides (SSE-C) is not supported"
            raise S3Error("NotImplemented", text, {"Header": name})
    algorithm = headers.get(ALGORITHM)
    if algorithm is not None and algorithm != S3_MANAGED and algorithm not in KMS:
        elements = {"ArgumentName": ALGORITHM, "ArgumentValue": algorithm[:100]}
        raise S3Error("InvalidArgument", "The encryption method specified is not supported", elements)
    if KEY_ID in headers and algorithm not in KMS:
        text = f"Server Side Encryption with AWS KMS managed key requires HTTP header {ALGORITHM} : aws:kms"
        raise S3Error("InvalidArgument", text, {"ArgumentName": ALGORITHM, "ArgumentValue": str(algorithm)[:100]})


def encryption_headers(facts: Facts) -> dict[str, str]:
    """Return the encryption headers of answers about an object; bytes written past the API count as encrypted."""
    return {ALGORITHM: S3_MANAGED, **{name: facts.headers[name] for name in _HEADERS if name in facts.headers}}


def key_arn(bucket: str, key: str) -> str:
    """Return the ARN of a KMS key given by ID, ARN or alias; for an empty text, that of the account's key for S3."""
    settings = settings_of(bucket)
    region, account = settings.region_name, settings.account_id
    if key.startswith("arn:"):
        return key
    if not key or key.startswith("alias/"):
        key = kms_backends[account][region].get_key_id_from_alias(key or "alias/aws/s3") or key
    return f"arn:aws:kms:{region}:{account}:key/{key}"


def _default(bucket: str) -> dict[str, str]:
    rule = encryption_rule(bucket)
    applied = rule["ApplyServerSideEncryptionByDefault"]
    chosen = {ALGORITHM: applied["SSEAlgorithm"]}
    if applied.get("KMSMasterKeyID"):
        chosen[KEY_ID] = applied["KMSMasterKeyID"]
    return chosen | ({BUCKET_KEY: "true"} if str(rule.get("BucketKeyEnabled")).lower() == "true" else {})
