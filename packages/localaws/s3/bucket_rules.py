"""Validation of a bucket's settings, before moto stores them.

Each rule is a function of the bucket and the document. The rules come from S3's API reference and from recordings of
AWS (localstack/localstack, tests/aws/services/s3).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from localaws.s3.bucket_settings import settings_of
from localaws.s3.documents import parse, text_of
from localaws.s3.encryption import KMS, S3_MANAGED
from localaws.s3.errors import NoSuchBucketError, S3Error
from localaws.s3.lifecycle_rules import check_lifecycle, check_minimum
from localaws.s3.retention import MODES

OWNERSHIP = frozenset({"BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"})
ACLS = frozenset({
    "private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read",
    "bucket-owner-full-control", "log-delivery-write",
})  # fmt: skip
METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "HEAD"})


def check_setting(bucket: str, selector: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Raise S3Error for a setting that S3 would refuse; settings without a rule here are validated by moto only."""
    if rule := _RULES.get(selector):
        rule(bucket, body)
    if selector == "acl":
        check_acl(bucket, headers)
    if selector == "lifecycle":
        check_minimum(headers)


def check_acl(bucket: str, headers: Mapping[str, str]) -> None:
    """Raise S3Error for an unknown canned ACL, and, if ownership is enforced, for any ACL but the owner's."""
    acl = headers.get("x-amz-acl")
    if acl is not None and acl not in ACLS:
        raise S3Error("InvalidArgument", elements={"ArgumentName": "x-amz-acl", "ArgumentValue": acl[:100]})
    is_granting = acl not in (None, "private", "bucket-owner-full-control") or any(
        name.startswith("x-amz-grant-") for name in headers
    )
    if is_granting and settings_of(bucket).ownership_rule == "BucketOwnerEnforced":
        raise S3Error("AccessControlListNotSupported")


def check_ownership(value: str) -> None:
    """Raise S3Error InvalidArgument for an ownership that a new bucket cannot have."""
    if value not in OWNERSHIP:
        text = f"Invalid x-amz-object-ownership header: {value[:100]}"
        raise S3Error("InvalidArgument", text, {"ArgumentName": "x-amz-object-ownership"})


def _encryption(bucket: str, body: bytes) -> None:
    rules = parse(body, "ServerSideEncryptionConfiguration").findall("Rule")
    if len(rules) != 1:
        raise S3Error("MalformedXML")
    applied = rules[0].find("ApplyServerSideEncryptionByDefault")
    algorithm = text_of(applied, "SSEAlgorithm") if applied is not None else ""
    if applied is None or (algorithm != S3_MANAGED and algorithm not in KMS):
        raise S3Error("MalformedXML")
    if algorithm == S3_MANAGED and text_of(applied, "KMSMasterKeyID"):
        text = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse"
        raise S3Error("InvalidArgument", text, {"ArgumentName": "ApplyServerSideEncryptionByDefault"})


def _ownership(bucket: str, body: bytes) -> None:
    rules = parse(body, "OwnershipControls").findall("Rule")
    if len(rules) != 1 or text_of(rules[0], "ObjectOwnership") not in OWNERSHIP:
        raise S3Error("MalformedXML")


def _object_lock(bucket: str, body: bytes) -> None:
    if not body:
        raise S3Error("MalformedXML")
    root = parse(body, "ObjectLockConfiguration")
    if text_of(root, "ObjectLockEnabled") != "Enabled":
        raise S3Error("MalformedXML")
    if (rule := root.find("Rule")) is not None:
        retention = rule.find("DefaultRetention")
        if retention is None or text_of(retention, "Mode") not in MODES:
            raise S3Error("MalformedXML")
        if bool(text_of(retention, "Days")) == bool(text_of(retention, "Years")):
            raise S3Error("MalformedXML")
    if settings_of(bucket).versioning_status != "Enabled":
        text = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
        raise S3Error("InvalidBucketState", text)


def _cors(bucket: str, body: bytes) -> None:
    rules = parse(body, "CORSConfiguration").findall("CORSRule")
    if not rules:
        raise S3Error("MalformedXML")
    for rule in rules:
        methods = [method.text or "" for method in rule.findall("AllowedMethod")]
        origins = [origin.text or "" for origin in rule.findall("AllowedOrigin")]
        if not methods or not origins:
            raise S3Error("MalformedXML")
        for method in methods:
            if method not in METHODS:
                text = f"Found unsupported HTTP method in CORS config. Unsupported method is {method[:50]}"
                raise S3Error("InvalidRequest", text)
        if not all(origins):
            raise S3Error("InvalidRequest", "An AllowedOrigin of the CORS configuration is empty")


def _accelerate(bucket: str, body: bytes) -> None:
    if "." in bucket:
        text = "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names"
        raise S3Error("InvalidRequest", text)
    if text_of(parse(body, "AccelerateConfiguration"), "Status") not in ("Enabled", "Suspended"):
        raise S3Error("MalformedXML")


def _lifecycle(bucket: str, body: bytes) -> None:
    check_lifecycle(body)


def _logging(bucket: str, body: bytes) -> None:
    """Check that the target exists in the same region. S3 does not check that its policy lets S3 write there."""
    root = parse(body, "BucketLoggingStatus")
    target = root.findtext("LoggingEnabled/TargetBucket")
    if target is None:
        return
    try:
        there = settings_of(target).region_name
    except NoSuchBucketError as error:
        raise S3Error("InvalidTargetBucketForLogging", elements={"TargetBucket": target[:100]}) from error
    here = settings_of(bucket).region_name
    if there != here:
        source = {} if here == "us-east-1" else {"SourceBucketLocation": here}
        raise S3Error("CrossLocationLoggingProhibitted", elements={**source, "TargetBucketLocation": there})


def _policy(bucket: str, body: bytes) -> None:
    try:
        policy = json.loads(body)
    except ValueError:
        policy = None
    if not isinstance(policy, dict):
        raise S3Error("MalformedPolicy")
    if "Statement" not in policy:
        raise S3Error("MalformedPolicy", "Missing required field Statement")


def _replication(bucket: str, body: bytes) -> None:
    if parse(body, "ReplicationConfiguration").find("Rule") is None:
        raise S3Error("MalformedXML")
    if not settings_of(bucket).is_versioned:
        text = "Versioning must be 'Enabled' on the bucket to apply a replication configuration"
        raise S3Error("InvalidRequest", text)


_RULES: Mapping[str, Callable[[str, bytes], None]] = {
    "accelerate": _accelerate,
    "cors": _cors,
    "encryption": _encryption,
    "lifecycle": _lifecycle,
    "logging": _logging,
    "object-lock": _object_lock,
    "ownershipControls": _ownership,
    "policy": _policy,
    "replication": _replication,
}
