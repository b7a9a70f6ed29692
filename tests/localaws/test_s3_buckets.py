"""Buckets: creation, deletion, settings, and folders that existed before them."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.running import Running


def code(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_a_bucket_lives_and_dies(aws: Running, s3: Any) -> None:
    name = f"life-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    s3.create_bucket(Bucket=name)
    assert name in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert (aws.home / "s3" / name).is_dir()
    s3.put_object(Bucket=name, Key="a/b", Body=b"")
    assert code(s3.delete_bucket, Bucket=name) == "BucketNotEmpty"
    s3.delete_object(Bucket=name, Key="a/b")
    s3.delete_bucket(Bucket=name)
    assert code(s3.head_bucket, Bucket=name) == "404"
    assert not (aws.home / "s3" / name).exists()


def test_a_new_bucket_of_an_old_name_is_empty(s3: Any) -> None:
    name = f"again-{uuid.uuid4().hex[:8]}"
    for _ in range(2):
        s3.create_bucket(Bucket=name)
        assert "Status" not in s3.get_bucket_versioning(Bucket=name)
        assert s3.list_multipart_uploads(Bucket=name).get("Uploads", []) == []
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        s3.create_multipart_upload(Bucket=name, Key="k")
        s3.delete_bucket(Bucket=name)


@pytest.mark.parametrize("name", ["UPPER", "a_b.c", "ab", "a..b", "192.168.5.4"])
def test_a_bad_bucket_name(aws: Running, name: str) -> None:
    s3 = aws.client("s3")
    s3.meta.events.unregister("before-parameter-build.s3.CreateBucket")
    assert code(s3.create_bucket, Bucket=name) == "InvalidBucketName"


def test_policy_tags_and_lifecycle_are_stored_by_moto(s3: Any, bucket: str) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "team", "Value": "data"}]})
    rules = [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}}]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "team", "Value": "data"}]
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]["ID"] == "old"
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None


def test_a_bucket_of_another_region(aws: Running) -> None:
    name = f"region-{uuid.uuid4().hex[:8]}"
    s3 = aws.session().client("s3", region_name="sa-east-1", endpoint_url=aws.endpoint)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "sa-east-1"})
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "sa-east-1"


def test_a_folder_made_by_hand_is_a_bucket(aws: Running, s3: Any) -> None:
    name = f"hand-{uuid.uuid4().hex[:8]}"
    (aws.home / "s3" / name).mkdir()
    (aws.home / "s3" / name / "part-0.csv").write_text("a,b\n")
    assert s3.get_object(Bucket=name, Key="part-0.csv")["Body"].read() == b"a,b\n"
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": []})
    s3.head_bucket(Bucket=name)


def test_the_prefix_and_pages_of_list_buckets(aws: Running, s3: Any) -> None:
    stem = f"page-{uuid.uuid4().hex[:8]}"
    for number in range(3):
        s3.create_bucket(Bucket=f"{stem}-{number}")
    pages = s3.get_paginator("list_buckets").paginate(Prefix=stem, PaginationConfig={"PageSize": 2})
    names = [[bucket["Name"] for bucket in page["Buckets"]] for page in pages]
    assert names == [[f"{stem}-0", f"{stem}-1"], [f"{stem}-2"]]


def test_cloudformation_makes_the_same_buckets(aws: Running, s3: Any) -> None:
    name = f"stack-{uuid.uuid4().hex[:8]}"
    template = {"Resources": {"Lake": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}}}
    stacks = aws.client("cloudformation")
    stacks.create_stack(StackName=name, TemplateBody=json.dumps(template))
    s3.put_object(Bucket=name, Key="k", Body=b"1")
    assert (aws.home / "s3" / name / "k").read_bytes() == b"1"
    s3.delete_object(Bucket=name, Key="k")
    stacks.delete_stack(StackName=name)
    assert code(s3.head_bucket, Bucket=name) == "404"


def error(call: Any, **arguments: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


MALFORMED = (
    400,
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
)


def test_a_new_bucket_has_s3_s_defaults(s3: Any, bucket: str) -> None:
    """Recorded by localstack/localstack, test_s3_api.py: test_s3_default_bucket_encryption and the tests near it."""
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    assert encryption == {"Rules": [rule]}
    s3.delete_bucket_encryption(Bucket=bucket)
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"] == encryption
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert (len(block), set(block.values())) == (4, {True})
    s3.delete_public_access_block(Bucket=bucket)
    assert code(s3.get_public_access_block, Bucket=bucket) == "NoSuchPublicAccessBlockConfiguration"
    controls = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert controls == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_default_encryption_is_what_objects_get(s3: Any, bucket: str) -> None:
    applied = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "11111111-2222-3333-4444-555555555555"}
    rules = [{"ApplyServerSideEncryptionByDefault": applied, "BucketKeyEnabled": True}]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ServerSideEncryption"], head["BucketKeyEnabled"]) == ("aws:kms", True)
    assert head["SSEKMSKeyId"] == "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    s3.put_object(Bucket=bucket, Key="own", Body=b"1", ServerSideEncryption="AES256")
    assert s3.head_object(Bucket=bucket, Key="own")["ServerSideEncryption"] == "AES256"
    refused = error(s3.put_object, Bucket=bucket, Key="k", Body=b"", ServerSideEncryption="bogus")
    assert refused == (400, "InvalidArgument", "The encryption method specified is not supported")


def test_settings_that_s3_refuses(s3: Any, bucket: str) -> None:
    def encryption(*rules: dict[str, Any]) -> Any:
        configuration = {"Rules": [{"ApplyServerSideEncryptionByDefault": rule} for rule in rules]}
        return error(s3.put_bucket_encryption, Bucket=bucket, ServerSideEncryptionConfiguration=configuration)

    def lifecycle(**rule: Any) -> Any:
        rules = [{"Prefix": "x", "Status": "Enabled", "Expiration": {"Days": 2}, **rule}]
        return error(s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration={"Rules": rules})

    assert encryption({"SSEAlgorithm": "AES256"}, {"SSEAlgorithm": "AES256"}) == MALFORMED
    assert encryption({"SSEAlgorithm": "rot13"}) == MALFORMED
    assert encryption({"SSEAlgorithm": "AES256", "KMSMasterKeyID": "k"})[1] == "InvalidArgument"
    assert lifecycle(Status="enabled") == MALFORMED
    assert lifecycle(ID="a" * 256)[2] == "ID length should not exceed allowed limit of 255"
    assert lifecycle(Expiration={"Days": 0})[1] == "InvalidArgument"
    ownership = {"Rules": [{"ObjectOwnership": "Nobody"}]}
    assert error(s3.put_bucket_ownership_controls, Bucket=bucket, OwnershipControls=ownership) == MALFORMED
    assert error(s3.put_bucket_acl, Bucket=bucket, ACL="public-ready")[:2] == (400, "InvalidArgument")
    assert error(s3.put_bucket_acl, Bucket=bucket, ACL="public-read")[1] == "AccessControlListNotSupported"
    assert error(s3.put_bucket_policy, Bucket=bucket, Policy="{}")[2] == "Missing required field Statement"
    tags = {"TagSet": [{"Key": "aws:k", "Value": "v"}]}
    assert error(s3.put_bucket_tagging, Bucket=bucket, Tagging=tags)[2] == (
        "System tags cannot be added/updated by requester"
    )
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1, "Years": 1}}}
    assert error(s3.put_object_lock_configuration, Bucket=bucket, ObjectLockConfiguration=lock) == MALFORMED
    filters = {"Key": {"FilterRules": [{"Name": "infix", "Value": "x"}]}}
    queue = {"QueueArn": "arn:aws:sqs:us-east-1:123456789012:q", "Events": ["s3:ObjectCreated:*"], "Filter": filters}
    raw = {"Bucket": bucket, "NotificationConfiguration": {"QueueConfigurations": [queue]}}
    assert error(s3.put_bucket_notification_configuration, **raw)[2] == (
        "filter rule name must be either prefix or suffix"
    )


def test_a_lifecycle_rule_without_an_id_gets_one(s3: Any, bucket: str) -> None:
    rules = [{"Prefix": "x", "Status": "Enabled", "Expiration": {"Days": 2}}]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]["ID"]


def test_named_configurations_are_kept(aws: Running, s3: Any, bucket: str) -> None:
    """Recorded by localstack/localstack, test_s3_api.py: TestS3MetricsConfiguration."""
    wanted = {"Id": "m1", "Filter": {"Prefix": "logs/"}}
    s3.put_bucket_metrics_configuration(Bucket=bucket, Id="m1", MetricsConfiguration=wanted)
    assert s3.get_bucket_metrics_configuration(Bucket=bucket, Id="m1")["MetricsConfiguration"] == wanted
    assert s3.list_bucket_metrics_configurations(Bucket=bucket)["MetricsConfigurationList"] == [wanted]
    s3.delete_bucket_metrics_configuration(Bucket=bucket, Id="m1")
    missing = (404, "NoSuchConfiguration", "The specified configuration does not exist.")
    assert error(s3.get_bucket_metrics_configuration, Bucket=bucket, Id="m1") == missing
    assert error(s3.delete_bucket_metrics_configuration, Bucket=bucket, Id="m1") == missing


def test_a_bucket_of_another_account_is_refused(s3: Any, bucket: str) -> None:
    other = {"Bucket": bucket, "ExpectedBucketOwner": "111111111111"}
    s3.head_bucket(Bucket=bucket, ExpectedBucketOwner="123456789012")
    assert error(s3.head_bucket, **other)[0] == 403
    assert error(s3.put_object, **other, Key="k", Body=b"") == (403, "AccessDenied", "Access Denied")
    assert error(s3.get_bucket_policy, Bucket=bucket, ExpectedBucketOwner="abc")[2] == (
        "The value of the expected bucket owner parameter must be an AWS Account ID... [abc]"
    )
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    copy = {"Bucket": bucket, "Key": "c", "CopySource": f"{bucket}/k", "ExpectedSourceBucketOwner": "111111111111"}
    assert error(s3.copy_object, **copy)[0] == 403


def test_a_bucket_with_tags_and_an_ownership(s3: Any, bucket: str) -> None:
    name = f"{bucket}-tags"
    configuration = {"Tags": [{"Key": "team", "Value": ""}]}
    create = {"Bucket": name, "CreateBucketConfiguration": configuration}
    answer = s3.create_bucket(**create, ObjectOwnership="ObjectWriter")
    assert answer["BucketArn"] == f"arn:aws:s3:::{name}"
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == configuration["Tags"]
    assert code(s3.create_bucket, **create) == "BucketAlreadyOwnedByYou"
    s3.put_bucket_acl(Bucket=name, ACL="public-read")
    assert len(s3.get_bucket_acl(Bucket=name)["Grants"]) == 2
    nobody = {"Owner": s3.get_bucket_acl(Bucket=name)["Owner"], "Grants": []}
    s3.put_bucket_acl(Bucket=name, AccessControlPolicy=nobody)
    assert s3.get_bucket_acl(Bucket=name)["Grants"] == []
    assert error(s3.create_bucket, Bucket=f"{bucket}-x", ObjectOwnership="Me")[2] == (
        "Invalid x-amz-object-ownership header: Me"
    )


# From the recordings test_put_bucket_logging, test_put_bucket_logging_wrong_target and .._cross_locations.
def test_access_logs_go_to_a_bucket_of_the_same_region(aws: Running, s3: Any, bucket: str) -> None:
    name = f"west-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})

    def put(source: str, target: str) -> Any:
        status = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": "logs/"}}
        return s3.put_bucket_logging(Bucket=source, BucketLoggingStatus=status)

    put(bucket, bucket)
    expected = {"TargetBucket": bucket, "TargetPrefix": "logs/"}
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"] == expected
    with pytest.raises(ClientError) as missing:
        put(bucket, "no-such-bucket")
    assert missing.value.response["Error"] | {"RequestId": "", "HostId": ""} == {
        "Code": "InvalidTargetBucketForLogging", "Message": "The target bucket for logging does not exist",
        "TargetBucket": "no-such-bucket", "RequestId": "", "HostId": "",
    }  # fmt: skip
    locations = []
    for source, target in ((bucket, name), (name, bucket)):
        with pytest.raises(ClientError) as crossing:
            put(source, target)
        answer = crossing.value.response["Error"]
        assert answer["Code"] == "CrossLocationLoggingProhibitted"
        locations.append((answer.get("SourceBucketLocation"), answer["TargetBucketLocation"]))
    assert locations == [(None, "us-west-2"), ("us-west-2", "us-east-1")]


INVENTORY = {
    "Id": "all", "IsEnabled": True, "IncludedObjectVersions": "All", "Schedule": {"Frequency": "Daily"},
    "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::reports", "Format": "CSV"}},
    "OptionalFields": ["Size", "ETag"],
}  # fmt: skip


def test_inventory_configurations_are_kept_and_removed(s3: Any, bucket: str) -> None:
    for name in ("z", "all"):
        s3.put_bucket_inventory_configuration(Bucket=bucket, Id=name, InventoryConfiguration=INVENTORY | {"Id": name})
    listed = s3.list_bucket_inventory_configurations(Bucket=bucket)["InventoryConfigurationList"]
    assert [item["Id"] for item in listed] == ["all", "z"]
    assert s3.get_bucket_inventory_configuration(Bucket=bucket, Id="all")["InventoryConfiguration"] == INVENTORY
    for name in ("z", "all"):
        s3.delete_bucket_inventory_configuration(Bucket=bucket, Id=name)
    assert "InventoryConfigurationList" not in s3.list_bucket_inventory_configurations(Bucket=bucket)
    assert code(s3.get_bucket_inventory_configuration, Bucket=bucket, Id="all") == "NoSuchConfiguration"


# From the recording test_s3_put_inventory_report_exceptions.
@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"Id": "other"}, "IdMismatch"),
        (
            {"Destination": {"S3BucketDestination": {"Bucket": "reports", "Format": "CSV"}}},
            "InvalidS3DestinationBucket",
        ),
        ({"Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::r", "Format": "WRONG"}}}, "MalformedXML"),
        ({"Schedule": {"Frequency": "Hourly"}}, "MalformedXML"),
        ({"IncludedObjectVersions": "Wrong"}, "MalformedXML"),
        ({"OptionalFields": ["Size", "Wrong"]}, "MalformedXML"),
    ],
)
def test_a_wrong_inventory_configuration(s3: Any, bucket: str, change: dict[str, Any], refused: str) -> None:
    wrong = INVENTORY | change
    assert code(s3.put_bucket_inventory_configuration, Bucket=bucket, Id="all", InventoryConfiguration=wrong) == refused
