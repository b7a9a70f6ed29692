"""Objects with the exact answers of S3 itself.

Source of each expectation, unless a test names another: recordings of AWS in the public repository
localstack/localstack, tests/aws/services/s3/test_s3_api.snapshot.json, test_s3.snapshot.json,
test_s3_list_operations.snapshot.json and test_s3_preconditions.snapshot.json.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from botocore.config import Config
from s3_errors import error

from localaws.running import Running

MIB5 = 5 << 20
PARTS = (b"A" * MIB5, b"B" * MIB5, b"C" * 10)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def crc32(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")


def test_every_object_is_encrypted_by_s3_and_has_a_checksum(aws: Running, s3: Any, bucket: str) -> None:
    plain = aws.client("s3", config=Config(request_checksum_calculation="when_required"))
    put = plain.put_object(Bucket=bucket, Key="k", Body=b"abc")
    expected = {"ServerSideEncryption": "AES256", "ChecksumCRC64NVME": "BeXKuz/B+us=", "ChecksumType": "FULL_OBJECT"}
    assert {name: put[name] for name in expected} == expected
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert {name: head[name] for name in expected} == expected
    copied = s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k")
    assert copied["ServerSideEncryption"] == "AES256"
    assert copied["CopyObjectResult"]["ChecksumType"] == "FULL_OBJECT"
    (aws.home / "s3" / bucket / "spark").write_bytes(b"x")
    assert s3.head_object(Bucket=bucket, Key="spark")["ServerSideEncryption"] == "AES256"


def test_a_range_has_the_checksum_only_where_it_is_the_whole_object(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    has_checksum = {
        asked: "ChecksumCRC32" in s3.get_object(Bucket=bucket, Key="k", Range=asked, ChecksumMode="ENABLED")
        for asked in ("bytes=0-8", "bytes=0-100", "bytes=-15", "bytes=-9", "bytes=1-0", "0-8", "bytes=0-1,3-4")
    }
    whole = {"bytes=0-100", "bytes=-15", "bytes=1-0", "0-8", "bytes=0-1,3-4"}
    assert {asked for asked, has in has_checksum.items() if has} == whole


def test_not_modified_has_neither_checksum_nor_encryption(aws: Running, s3: Any, bucket: str) -> None:
    """A 304 has no body that a checksum could be compared with: with a checksum boto3 would fail with a TypeError."""
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"hello")["ETag"]
    headers = {"If-None-Match": etag, "x-amz-checksum-mode": "ENABLED"}
    answer = requests.get(f"{aws.endpoint}/{bucket}/k", headers=headers)
    assert answer.status_code == 304
    assert not [name for name in answer.headers if "checksum" in name.lower() or "encryption" in name.lower()]
    assert error(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=etag)["Code"] == "304"


def test_conditions_of_a_write(s3: Any, bucket: str) -> None:
    refused = {
        "Code": "NotImplemented",
        "Message": "A header you provided implies functionality that is not implemented",
        "Status": 501,
    }
    put = {"Bucket": bucket, "Key": "k", "Body": b""}
    assert error(s3.put_object, **put, IfNoneMatch="etag") == refused | {
        "Header": "If-None-Match",
        "additionalMessage": "We don't accept the provided value of If-None-Match header for this API",
    }
    assert error(s3.put_object, **put, IfMatch="*")["Header"] == "If-Match"
    assert error(s3.put_object, **put, IfMatch="e", IfNoneMatch="*") == refused | {
        "Header": "If-Match,If-None-Match",
        "additionalMessage": "Multiple conditional request headers present in the request",
    }
    assert error(s3.delete_object, Bucket=bucket, Key="k", IfMatchSize=1) == refused | {"Header": "x-amz-if-match-size"}


def test_a_conditional_completion_conflicts_with_what_happened_meanwhile(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    parts = claims(send(s3, upload, b"new"))
    complete = {**upload, "MultipartUpload": {"Parts": parts}}
    s3.put_object(Bucket=bucket, Key="k", Body=b"meanwhile")
    etag = s3.head_object(Bucket=bucket, Key="k")["ETag"]
    conflict = {
        "Code": "ConditionalRequestConflict",
        "Message": "The conditional request cannot succeed due to a conflicting operation against this resource.",
        "Key": "k",
        "Status": 409,
    }
    assert error(s3.complete_multipart_upload, **complete, IfMatch=etag) == conflict | {"Condition": "If-Match"}
    assert error(s3.complete_multipart_upload, **complete, IfNoneMatch="*")["Code"] == "PreconditionFailed"
    s3.delete_object(Bucket=bucket, Key="k")
    assert error(s3.complete_multipart_upload, **complete, IfNoneMatch="*") == conflict | {"Condition": "If-None-Match"}
    assert error(s3.complete_multipart_upload, **complete, IfMatch=etag)["Code"] == "NoSuchKey"
    s3.complete_multipart_upload(**complete)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"new"


def test_invalid_version_ids_are_refused(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"")["VersionId"]
    assert re.fullmatch(r"[A-Za-z0-9._]{32}", version)
    invalid = version[:-4] + "ABCD"
    for call in (s3.get_object, s3.delete_object):
        assert error(call, Bucket=bucket, Key="k", VersionId=invalid) == {
            "Code": "InvalidArgument",
            "Message": "Invalid version id specified",
            "ArgumentName": "versionId",
            "ArgumentValue": invalid,
            "Status": 400,
        }
    batch = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", "VersionId": invalid}]})
    assert [(item["Code"], item["VersionId"]) for item in batch["Errors"]] == [("NoSuchVersion", invalid)]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
    assert error(s3.get_object, Bucket=bucket, Key="k", VersionId=version)["Code"] == "NoSuchVersion"


def test_operations_on_a_delete_marker(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    refused = {
        "Code": "MethodNotAllowed",
        "Message": "The specified method is not allowed against this resource.",
        "ResourceType": "DeleteMarker",
        "Status": 405,
    }
    target = {"Bucket": bucket, "Key": "k"}
    assert error(s3.get_object, **target, VersionId=marker) == refused | {"Method": "GET"}
    assert error(s3.get_object_tagging, **target) == refused | {"Method": "GET"}
    assert error(s3.put_object_tagging, **target, Tagging={"TagSet": []}) == refused | {"Method": "PUT"}
    assert error(s3.delete_object_tagging, **target, VersionId=marker) == refused | {"Method": "DELETE"}
    assert error(s3.get_object, **target) == {
        "Code": "NoSuchKey",
        "Message": "The specified key does not exist.",
        "Key": "k",
        "Status": 404,
    }


def test_tags_that_s3_refuses(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")

    def put(*pairs: tuple[str, str]) -> tuple[str, str]:
        tags = {"TagSet": [{"Key": key, "Value": value} for key, value in pairs]}
        refusal = error(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging=tags)
        return refusal["Message"], refusal["TagKey"]

    assert put(("k", "1"), ("k", "2")) == ("Cannot provide multiple Tags with the same key", "k")
    assert put(("a,b", "1")) == ("The TagKey you have provided is invalid", "a,b")
    assert put(("k", "a,b")) == ("The TagValue you have provided is invalid", "k")
    assert put(("aws:k", "1")) == ("Your TagKey cannot be prefixed with aws:", "aws:k")
    for header in ("k=1&k=2", "k=1,j=2"):
        refused = error(s3.put_object, Bucket=bucket, Key="k", Tagging=header)
        assert (refused["Code"], refused["ArgumentValue"]) == ("InvalidArgument", header)


def begin(s3: Any, bucket: str, **settings: Any) -> dict[str, Any]:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", **settings)
    return {"Bucket": bucket, "Key": "k", "UploadId": upload["UploadId"]}


def send(s3: Any, upload: dict[str, Any], *bodies: bytes) -> list[dict[str, Any]]:
    return [s3.upload_part(**upload, PartNumber=number, Body=body) for number, body in enumerate(bodies, 1)]


def claims(sent: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [
        {"PartNumber": number, "ETag": answer["ETag"], **{name: answer[name] for name in names}}
        for number, answer in enumerate(sent, 1)
    ]


FULL = b64(crc32(b"".join(PARTS)))
CRCS = b64(crc32(b"".join(map(crc32, PARTS))))
SHAS = b64(hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in PARTS)).digest())


@pytest.mark.parametrize(
    ("algorithm", "kind", "whole", "stored"),
    [
        ("CRC32", "FULL_OBJECT", FULL, FULL),
        ("CRC32", "COMPOSITE", CRCS, f"{CRCS}-3"),
        ("CRC32", "COMPOSITE", f"{CRCS}-3", f"{CRCS}-3"),
        ("SHA256", "COMPOSITE", SHAS, f"{SHAS}-3"),
    ],
)
def test_a_completion_with_the_checksum_of_the_object(
    s3: Any, bucket: str, algorithm: str, kind: str, whole: str, stored: str
) -> None:
    name = f"Checksum{algorithm}"
    upload = begin(s3, bucket, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    sent = [
        s3.upload_part(**upload, PartNumber=number, Body=body, ChecksumAlgorithm=algorithm)
        for number, body in enumerate(PARTS, 1)
    ]
    complete = {**upload, "MultipartUpload": {"Parts": claims(sent, name)}, "ChecksumType": kind}
    wrong = b64(bytes(len(base64.b64decode(whole.partition("-")[0]))))
    assert error(s3.complete_multipart_upload, **complete, **{name: wrong}) == {
        "Code": "BadDigest",
        "Message": f"The {algorithm.lower()} you specified did not match the calculated checksum.",
        "Status": 400,
    }
    done = s3.complete_multipart_upload(**complete, **{name: whole})
    assert (done[name], done["ChecksumType"]) == (stored, kind)
    again = s3.complete_multipart_upload(**complete, **{name: whole})
    assert (again["ETag"], again[name]) == (done["ETag"], done[name])


def test_an_upload_without_an_algorithm(aws: Running, s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    sent = send(s3, upload, *PARTS)
    assert "ChecksumCRC32" in sent[0]
    assert not [part for part in s3.list_parts(**upload)["Parts"] if "ChecksumCRC32" in part]
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": claims(sent)})
    plain = aws.client("s3", config=Config(request_checksum_calculation="when_required"))
    whole = plain.put_object(Bucket=bucket, Key="whole", Body=b"".join(PARTS))
    assert (done["ChecksumCRC64NVME"], done["ChecksumType"]) == (whole["ChecksumCRC64NVME"], "FULL_OBJECT")
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts"])
    assert attributes["ObjectParts"] == {"TotalPartsCount": 3}


def test_the_parts_among_the_attributes(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket, ChecksumAlgorithm="CRC32", ChecksumType="COMPOSITE")
    sent = send(s3, upload, *PARTS)
    missing = error(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": claims(sent)})
    assert missing["Message"].startswith("The upload was created using a crc32 checksum. The complete request must")
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": claims(sent, "ChecksumCRC32")})
    wanted = {"Bucket": bucket, "Key": "k", "ObjectAttributes": ["ObjectParts", "Checksum"]}
    page = s3.get_object_attributes(**wanted, MaxParts=1, PartNumberMarker=1)
    assert page["Checksum"] == {"ChecksumCRC32": CRCS, "ChecksumType": "COMPOSITE"}
    assert page["ObjectParts"] == {
        "TotalPartsCount": 3,
        "PartNumberMarker": 1,
        "NextPartNumberMarker": 2,
        "MaxParts": 1,
        "IsTruncated": True,
        "Parts": [{"PartNumber": 2, "Size": MIB5, "ChecksumCRC32": b64(crc32(PARTS[1]))}],
    }
    part = s3.get_object(Bucket=bucket, Key="k", PartNumber=3, ChecksumMode="ENABLED")
    assert part["ChecksumCRC32"] == b64(crc32(PARTS[2]))


def test_an_algorithm_that_is_not_computed_is_refused(aws: Running, s3: Any, bucket: str) -> None:
    refused = error(s3.put_object, Bucket=bucket, Key="k", Body=b"", ChecksumAlgorithm="SHA512")
    assert refused["Message"].startswith("Checksum algorithm provided is unsupported. Please try again with any of")
    assert requests.put(f"{aws.endpoint}/{bucket}/k", headers={"x-amz-checksum-xxhash64": "AA=="}).status_code == 400


def test_a_part_with_another_algorithm_is_refused(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket, ChecksumAlgorithm="SHA256")
    assert error(s3.upload_part, **upload, PartNumber=1, Body=b"", ChecksumAlgorithm="CRC32")["Message"] == (
        "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32"
    )


def test_uploads_are_listed_below_a_delimiter(s3: Any, bucket: str) -> None:
    ids = {}
    for key in ("f/sub/1", "f/sub/2", "f/x", "f/y"):
        ids[key] = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    listed = {"Bucket": bucket, "Prefix": "f/", "Delimiter": "/", "MaxUploads": 1}
    first = s3.list_multipart_uploads(**listed)
    assert ([item["Prefix"] for item in first["CommonPrefixes"]], first["IsTruncated"]) == (["f/sub/"], True)
    assert (first["NextKeyMarker"], first["NextUploadIdMarker"], first["Delimiter"]) == ("", "", "/")
    second = s3.list_multipart_uploads(**listed, KeyMarker="f/sub/1")
    assert [item["Key"] for item in second["Uploads"]] == ["f/x"]
    assert (second["NextKeyMarker"], second["NextUploadIdMarker"]) == ("f/x", ids["f/x"])
    assert error(s3.list_multipart_uploads, **listed, KeyMarker="f/x", UploadIdMarker=ids["f/y"]) == {
        "Code": "InvalidArgument",
        "Message": "Invalid uploadId marker",
        "ArgumentName": "upload-id-marker",
        "ArgumentValue": ids["f/y"],
        "Status": 400,
    }


@pytest.mark.parametrize("call", ["list_objects", "list_objects_v2", "list_object_versions", "list_multipart_uploads"])
@pytest.mark.parametrize("value", ["", "other"])
def test_an_unknown_encoding_is_refused(s3: Any, bucket: str, call: str, value: str) -> None:
    refused = error(getattr(s3, call), Bucket=bucket, EncodingType=value)
    assert (refused["Message"], refused["ArgumentName"]) == (
        "Invalid Encoding Method specified in Request",
        "encoding-type",
    )


def test_buckets_are_listed_by_region(aws: Running, s3: Any, bucket: str) -> None:
    listed = s3.list_buckets(Prefix=bucket)
    assert "DisplayName" not in listed["Owner"]
    assert [(item["BucketRegion"], item["BucketArn"]) for item in listed["Buckets"]] == [
        ("us-east-1", f"arn:aws:s3:::{bucket}")
    ]
    assert s3.list_buckets(Prefix=bucket, BucketRegion="eu-west-1")["Buckets"] == []
    assert error(s3.list_buckets, BucketRegion="eu-east-1")["Message"] == (
        "Argument value eu-east-1 is not a valid AWS Region"
    )


@pytest.fixture
def locked(s3: Any, bucket: str) -> str:
    """A bucket with Object Lock."""
    name = f"{bucket}-lock"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


def test_a_bucket_with_object_lock_has_versions(s3: Any, locked: str) -> None:
    assert s3.get_bucket_versioning(Bucket=locked)["Status"] == "Enabled"
    assert "VersionId" in s3.put_object(Bucket=locked, Key="k", Body=b"")
    suspend = {"Bucket": locked, "VersioningConfiguration": {"Status": "Suspended"}}
    assert error(s3.put_bucket_versioning, **suspend)["Code"] == "InvalidBucketState"


@pytest.mark.parametrize(("mode", "can_bypass"), [("COMPLIANCE", False), ("GOVERNANCE", True)])
def test_a_default_retention_keeps_a_version(s3: Any, locked: str, mode: str, can_bypass: bool) -> None:
    rule = {"DefaultRetention": {"Mode": mode, "Days": 10}}
    s3.put_object_lock_configuration(
        Bucket=locked, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    version = {"Bucket": locked, "Key": "k"}
    version["VersionId"] = s3.put_object(**version, Body=b"kept")["VersionId"]
    head = s3.head_object(**version)
    assert head["ObjectLockMode"] == mode
    assert timedelta(days=9) < head["ObjectLockRetainUntilDate"] - datetime.now(UTC) < timedelta(days=10)
    protected = "Access Denied because object protected by object lock."
    assert error(s3.delete_object, **version)["Message"] == protected
    assert "DeleteMarker" in s3.delete_object(Bucket=locked, Key="k")
    sooner = {"Mode": mode, "RetainUntilDate": datetime.now(UTC) + timedelta(days=1)}
    assert error(s3.put_object_retention, **version, Retention=sooner)["Message"] == protected
    later = {"Mode": mode, "RetainUntilDate": (datetime.now(UTC) + timedelta(days=20)).replace(microsecond=0)}
    s3.put_object_retention(**version, Retention=later)
    assert s3.get_object_retention(**version)["Retention"] == later
    if can_bypass:
        s3.delete_object(**version, BypassGovernanceRetention=True)
        assert error(s3.get_object, **version)["Code"] == "NoSuchVersion"
    else:
        assert error(s3.delete_object, **version, BypassGovernanceRetention=True)["Message"] == protected


def test_a_legal_hold_keeps_a_version_until_it_is_lifted(s3: Any, locked: str) -> None:
    version = {"Bucket": locked, "Key": "k"}
    version["VersionId"] = s3.put_object(**version, Body=b"", ObjectLockLegalHoldStatus="ON")["VersionId"]
    item = {"Key": "k", "VersionId": version["VersionId"]}
    batch = s3.delete_objects(Bucket=locked, Delete={"Objects": [item]})
    assert batch["Errors"][0]["Message"] == "Access Denied because object protected by object lock."
    s3.put_object_legal_hold(**version, LegalHold={"Status": "OFF"})
    s3.delete_object(**version)


def test_a_bucket_without_object_lock_takes_no_lock(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    missing = {"Code": "InvalidRequest", "Message": "Bucket is missing Object Lock Configuration", "Status": 400}
    assert error(s3.get_object_legal_hold, Bucket=bucket, Key="k") == missing
    assert error(s3.put_object, Bucket=bucket, Key="k", Body=b"", ObjectLockLegalHoldStatus="ON") == missing
    assert error(s3.delete_object, Bucket=bucket, Key="k", BypassGovernanceRetention=True)["ArgumentName"] == (
        "x-amz-bypass-governance-retention"
    )


def test_replication_is_returned_as_it_was_sent(s3: Any, bucket: str) -> None:
    """test_replication_config, test_replication_config_without_filter."""
    assert error(s3.get_bucket_replication, Bucket=bucket)["Code"] == "ReplicationConfigurationNotFoundError"
    destination = {
        "Bucket": "arn:aws:s3:::copies",
        "StorageClass": "STANDARD",
        "Metrics": {"Status": "Enabled", "EventThreshold": {"Minutes": 15}},
        "ReplicationTime": {"Status": "Enabled", "Time": {"Minutes": 15}},
    }
    common = {"Destination": destination, "DeleteMarkerReplication": {"Status": "Enabled"}}
    sent = {
        "Role": "arn:aws:iam::123456789012:role/copies",
        "Rules": [
            {"ID": "some", "Priority": 2, "Status": "Enabled", "Filter": {"Prefix": "Tax"}, **common},
            {"ID": "all", "Priority": 0, "Status": "Disabled", "Filter": {}, **common},
        ],
    }
    assert error(s3.put_bucket_replication, Bucket=bucket, ReplicationConfiguration=sent) == {
        "Code": "InvalidRequest",
        "Message": "Versioning must be 'Enabled' on the bucket to apply a replication configuration",
        "Status": 400,
    }
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=sent)
    assert s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"] == sent
    empty = {**sent, "Rules": []}
    assert error(s3.put_bucket_replication, Bucket=bucket, ReplicationConfiguration=empty)["Code"] == "MalformedXML"
    for _ in range(2):
        s3.delete_bucket_replication(Bucket=bucket)
    assert error(s3.get_bucket_replication, Bucket=bucket)["Code"] == "ReplicationConfigurationNotFoundError"


def test_the_payer_of_requests_is_kept(s3: Any, bucket: str) -> None:
    """test_s3_request_payer, test_s3_request_payer_exceptions."""
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "Requester"
    wrong = {"Payer": "Random"}
    assert (
        error(s3.put_bucket_request_payment, Bucket=bucket, RequestPaymentConfiguration=wrong)["Code"] == "MalformedXML"
    )


def test_an_analytics_configuration_has_the_id_of_the_request(s3: Any, bucket: str) -> None:
    """test_s3_analytics_configurations."""
    sent = {"Id": "a", "StorageClassAnalysis": {}}
    put = s3.put_bucket_analytics_configuration
    assert error(put, Bucket=bucket, Id="b", AnalyticsConfiguration=sent)["Code"] == "MalformedXML"
    assert put(Bucket=bucket, Id="a", AnalyticsConfiguration=sent)["ResponseMetadata"]["HTTPStatusCode"] == 204
