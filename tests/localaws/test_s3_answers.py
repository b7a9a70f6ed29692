"""Answers of S3 that clients rarely see: archives, copies, locations, presigned URLs, lifecycle rules.

Source of each expectation: the recording of AWS that the test names, in the public repository localstack/localstack,
tests/aws/services/s3/test_s3.snapshot.json.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from botocore.config import Config
from s3_errors import error

from localaws.running import Running


def new_name() -> str:
    return f"b-{uuid.uuid4().hex[:10]}"


@pytest.mark.parametrize("name", ["OUTPOSTS", "SNOW", "EXPRESS_ONEZONE"])
def test_a_storage_class_of_other_kinds_of_buckets(s3: Any, bucket: str, name: str) -> None:
    """test_put_object_storage_class_outposts."""
    refused = {
        "Code": "InvalidStorageClass", "Message": "The storage class you specified is not valid",
        "StorageClassRequested": name, "Status": 400,
    }  # fmt: skip
    assert error(s3.put_object, Bucket=bucket, Key="k", Body=b"x", StorageClass=name) == refused
    assert error(s3.create_multipart_upload, Bucket=bucket, Key="k", StorageClass=name) == refused


@pytest.mark.parametrize("name", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_archived_object_cannot_be_read(s3: Any, bucket: str, name: str) -> None:
    """test_put_object_storage_class, test_s3_get_deep_archive_object_restore."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", StorageClass=name)
    refused = error(s3.get_object, Bucket=bucket, Key="k")
    message = "The operation is not valid for the object's storage class"
    assert refused == {"Code": "InvalidObjectState", "Message": message, "StorageClass": name, "Status": 403}
    assert s3.head_object(Bucket=bucket, Key="k")["StorageClass"] == name
    copied = error(s3.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/k")
    assert copied["Code"] == "InvalidObjectState"


def test_a_copy_to_a_suspended_bucket_is_the_version_null(s3: Any, bucket: str) -> None:
    """test_s3_copy_object_in_place_versioned."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert "VersionId" not in s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    copied = s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/k")
    assert (copied["VersionId"], copied.get("CopySourceVersionId")) == ("null", None)


def test_a_copy_in_place_that_changes_the_encryption(s3: Any, bucket: str) -> None:
    """test_copy_in_place_with_bucket_encryption, test_s3_copy_object_in_place_with_encryption."""
    place = {"Bucket": bucket, "Key": "k", "CopySource": f"{bucket}/k"}
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms")
    assert s3.copy_object(**place)["ServerSideEncryption"] == "AES256"
    assert error(s3.copy_object, **place)["Code"] == "InvalidRequest"
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.copy_object(**place)
    s3.delete_bucket_encryption(Bucket=bucket)
    assert error(s3.copy_object, **place)["Code"] == "InvalidRequest"


def test_an_algorithm_keeps_the_bucket_key_of_the_default(s3: Any, bucket: str) -> None:
    """test_s3_sse_default_kms_key."""
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert s3.put_object(Bucket=bucket, Key="k", ServerSideEncryption="aws:kms")["BucketKeyEnabled"] is True
    assert "BucketKeyEnabled" not in s3.put_object(Bucket=bucket, Key="k", ServerSideEncryption="AES256")


@pytest.mark.parametrize(
    "source", ["{bucket}%2Fa+b", "http://{bucket}.s3.localhost:80/a%20b", "http://s3/{bucket}/a+b"]
)
def test_a_copy_source_with_a_plus_or_as_an_url(aws: Running, s3: Any, bucket: str, source: str) -> None:
    """test_copy_object_special_character_plus_for_space, test_response_structure."""
    s3.put_object(Bucket=bucket, Key="a b", Body=b"copied")
    headers = {"x-amz-copy-source": source.format(bucket=bucket)}
    assert requests.put(f"{aws.endpoint}/{bucket}/c", headers=headers, timeout=60).status_code == 200
    assert s3.get_object(Bucket=bucket, Key="c")["Body"].read() == b"copied"


@pytest.mark.parametrize("constraint", ["foo", "aws-global", "us-east-1"])
def test_a_location_that_does_not_exist(s3: Any, constraint: str) -> None:
    """test_create_bucket_with_invalid_location_constraint, test_bucket_constraint_aws_global."""
    refused = error(s3.create_bucket, Bucket=new_name(), CreateBucketConfiguration={"LocationConstraint": constraint})
    message = "The specified location-constraint is not valid"
    assert refused == {
        "Code": "InvalidLocationConstraint", "Message": message, "LocationConstraint": constraint, "Status": 400,
    }  # fmt: skip


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_eu_is_a_name_of_eu_west_1(aws: Running, region: str) -> None:
    """test_create_bucket_with_eu_location_constraint."""
    s3, name = aws.client("s3", region_name=region), new_name()
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "EU"})
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "EU"
    assert s3.list_buckets(Prefix=name)["Buckets"][0]["BucketRegion"] == "eu-west-1"
    plain = new_name()
    s3.create_bucket(Bucket=plain, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert s3.get_bucket_location(Bucket=plain)["LocationConstraint"] == "eu-west-1"
    headers = s3.list_objects_v2(Bucket=name)["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amz-bucket-region"] == "eu-west-1"


def test_the_location_of_us_east_1_is_empty(aws: Running, bucket: str) -> None:
    """test_response_structure_get_bucket_location."""
    answer = requests.get(f"{aws.endpoint}/{bucket}?location", timeout=60)
    assert answer.text.splitlines()[1] == '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'


def test_a_list_without_parameters_has_no_regions(s3: Any, bucket: str) -> None:
    """test_delete_bucket_with_content, test_create_bucket_aws_global."""
    assert "BucketRegion" not in s3.list_buckets()["Buckets"][0]
    assert s3.list_buckets(Prefix=bucket)["Buckets"][0]["BucketRegion"] == "us-east-1"


def test_a_form_whose_tagging_is_another_document(s3: Any, bucket: str) -> None:
    """test_post_object_with_tags."""
    for text, status in (("<Other><Tag/></Other>", 204), ("not-xml", 400)):
        form = s3.generate_presigned_post(bucket, "k", Fields={"tagging": text}, Conditions=[{"tagging": text}])
        answer = requests.post(form["url"], data=form["fields"], files={"file": b"x"}, timeout=60)
        assert answer.status_code == status
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []


def presigner(aws: Running, version: str) -> Any:
    return aws.client("s3", config=Config(signature_version=version))


def test_an_override_that_no_header_can_have(aws: Running, s3: Any, bucket: str) -> None:
    """test_get_response_overrides_unicode_metadata_with_sig_s3."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    parameters = {"Bucket": bucket, "Key": "k", "ResponseCacheControl": "a—b"}
    answer = requests.get(presigner(aws, "s3").generate_presigned_url("get_object", parameters), timeout=60)
    assert answer.status_code == 400
    assert "<Message>Header value cannot be represented using ISO-8859-1.</Message>" in answer.text
    assert "<ArgumentName>response-cache-control</ArgumentName>" in answer.text


def test_headers_in_the_query_of_a_presigned_url(aws: Running, s3: Any, bucket: str) -> None:
    """test_put_url_metadata_with_sig_s3, test_pre_signed_url_if_match."""
    parameters = {"Bucket": bucket, "Key": "k", "Metadata": {"foo": "bar"}}
    url = presigner(aws, "s3").generate_presigned_url("put_object", parameters)
    assert "x-amz-meta-foo=bar" in url
    assert requests.put(url, data=b"x", timeout=60).status_code == 200
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["Metadata"] == {"foo": "bar"}
    signed = presigner(aws, "s3v4").generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k"})
    for etag, status in (("d41d8cd98f00b204e9800998ecf8427e", 412), (head["ETag"], 200)):
        answer = requests.put(f"{signed}&{urlencode({'If-Match': etag})}", data=b"x", timeout=60)
        assert answer.status_code == status
    # A checksum in the query is ignored: https://github.com/aws/aws-sdk-go-v2/issues/2610
    answer = requests.put(f"{signed}&x-amz-checksum-crc32=AAAAAA%3D%3D", data=b"x", timeout=60)
    assert answer.status_code == 200
    # Without a signature the query has no headers.
    requests.put(f"{aws.endpoint}/{bucket}/plain?x-amz-meta-foo=bar", data=b"x", timeout=60)
    assert s3.head_object(Bucket=bucket, Key="plain")["Metadata"] == {}


@pytest.mark.parametrize(("version", "names"), [("s3", ["ServerTime"]), ("s3v4", ["ServerTime", "X-Amz-Expires"])])
def test_an_expired_url_says_when(aws: Running, bucket: str, version: str, names: list[str]) -> None:
    """test_s3_presigned_url_expired."""
    parameters = {"Bucket": bucket, "Key": "k"}
    url = presigner(aws, version).generate_presigned_url("get_object", parameters, ExpiresIn=-5)
    text = requests.get(url, timeout=60).text
    assert "<Message>Request has expired</Message>" in text
    assert [name for name in ("ServerTime", "X-Amz-Expires") if f"<{name}>" in text] == names


def test_an_acl_of_a_delete_marker(s3: Any, bucket: str) -> None:
    """test_put_object_acl_on_delete_marker."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.delete_object(Bucket=bucket, Key="k")
    refused = error(s3.put_object_acl, Bucket=bucket, Key="k", ACL="private")
    assert (refused["Code"], refused["Method"], refused["ResourceType"]) == ("MethodNotAllowed", "PUT", "DeleteMarker")


def test_an_owner_has_no_display_name(s3: Any, bucket: str) -> None:
    """test_bucket_exists."""
    acl = s3.get_bucket_acl(Bucket=bucket)
    assert list(acl["Owner"]) == ["ID"]
    assert "DisplayName" not in acl["Grants"][0]["Grantee"]


def test_the_checksum_of_a_part_that_is_the_whole_object(s3: Any, bucket: str) -> None:
    """test_get_object_part, test_get_object_part_checksum."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"test-123")
    part = s3.get_object(Bucket=bucket, Key="k", PartNumber=1, ChecksumMode="ENABLED")
    assert (part["ChecksumCRC32"], part["ChecksumType"]) == ("MAPXAg==", "FULL_OBJECT")


def test_a_checksum_of_another_algorithm_than_the_upload(s3: Any, bucket: str) -> None:
    """test_complete_multipart_parts_checksum_default."""
    upload = {
        "Bucket": bucket,
        "Key": "a—b",
        "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="a—b")["UploadId"],
    }
    etag = s3.upload_part(**upload, PartNumber=1, Body=b"aaa")["ETag"]
    parts = {"Parts": [{"ETag": etag, "PartNumber": 1}]}
    assert error(s3.complete_multipart_upload, **upload, MultipartUpload=parts, ChecksumCRC64NVME="AAAAAAAAAAA=")
    done = s3.complete_multipart_upload(**upload, MultipartUpload=parts, ChecksumCRC32C="AAAAAA==-2")
    assert done["ChecksumType"] == "FULL_OBJECT"
    assert done["Location"].endswith("/a%E2%80%94b")


def test_the_digests_of_a_wrong_part(s3: Any, bucket: str) -> None:
    """test_s3_invalid_content_md5."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    wrong = {"Bucket": bucket, "Key": "k", "Body": b"something", "ContentMD5": "CYketZBSTjX8czcs3cXVlg=="}
    part = error(s3.upload_part, **wrong, UploadId=upload, PartNumber=1)
    assert (part["ExpectedDigest"], part["CalculatedDigest"]) == (wrong["ContentMD5"], "Q3uTDbhLgHnC3YBKcZNrXw==")
    assert error(s3.put_object, **wrong)["ExpectedDigest"] == "09891eb590524e35fc73372cddc5d596"


def test_a_retention_until_a_past_date(s3: Any) -> None:
    """test_s3_object_retention_exc, test_put_object_legal_hold_exc."""
    locked, plain = new_name(), new_name()
    s3.create_bucket(Bucket=locked, ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket=locked, Key="k", Body=b"x")
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": "2020-01-01T00:00:00Z"}
    refused = error(s3.put_object_retention, Bucket=locked, Key="k", Retention=retention)
    assert refused["ArgumentValue"] == "Tue Dec 31 16:00:00 PST 2019"
    s3.create_bucket(Bucket=plain)
    s3.put_object(Bucket=plain, Key="k", Body=b"x")
    assert error(s3.put_object_legal_hold, Bucket=plain, Key="k", LegalHold={})["Code"] == "MalformedXML"


RULE = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 7}}
TAGS = [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"Filter": None}, "MalformedXML", ""),
        ({"NoncurrentVersionExpiration": {}}, "MalformedXML", ""),
        ({"Filter": {"And": {"Prefix": "test"}, "Prefix": ""}}, "MalformedXML", ""),
        ({"Filter": {"ObjectSizeGreaterThan": 500, "Prefix": ""}}, "MalformedXML", ""),
        ({"Expiration": {"Date": "2023-01-01T02:02:00Z"}}, "InvalidArgument", "'Date' must be at midnight GMT"),
        ({"Filter": {"And": {"Tags": TAGS}}}, "InvalidRequest", "Duplicate Tag Keys are not allowed."),
        ({"Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": True}}, "MalformedXML", ""),
    ],
)
def test_a_wrong_lifecycle_rule(s3: Any, bucket: str, change: dict[str, Any], code: str, message: str) -> None:
    """test_put_bucket_lifecycle_conf_exc."""
    rule = {name: value for name, value in (RULE | change).items() if value is not None}
    configuration = {"Rules": [rule]}
    refused = error(s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration=configuration)
    assert (refused["Code"], refused["Message"] if message else "") == (code, message)


def test_the_smallest_object_of_transitions(s3: Any, bucket: str) -> None:
    """test_s3_transition_default_minimum_object_size."""
    name, put = "TransitionDefaultMinimumObjectSize", s3.put_bucket_lifecycle_configuration
    rules = {"Bucket": bucket, "LifecycleConfiguration": {"Rules": [RULE]}}
    for given, expected in (
        ({name: "varies_by_storage_class"}, "varies_by_storage_class"), ({}, "all_storage_classes_128K"),
    ):  # fmt: skip
        assert put(**rules, **given)[name] == expected
        assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)[name] == expected
    refused = error(put, **rules, **{name: "value"})
    message = "Invalid TransitionDefaultMinimumObjectSize found: value"
    assert (refused["Code"], refused["Message"]) == ("InvalidRequest", message)


def test_a_redirect_to_something_else_than_an_url(s3: Any, bucket: str) -> None:
    """test_s3_presigned_post_success_action_redirect."""
    for target, status in (("http://localhost.test/random", 303), ("/wrong/redirect/relative", 204)):
        fields, conditions = {"success_action_redirect": target}, [{"success_action_redirect": target}]
        form = s3.generate_presigned_post(bucket, "k", Fields=fields, Conditions=conditions)
        answer = requests.post(
            form["url"], data=form["fields"], files={"file": b"x"}, allow_redirects=False, timeout=60
        )
        assert answer.status_code == status
