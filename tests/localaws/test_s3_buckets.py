"""Buckets: their life, their settings, and folders that were there before them."""

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


def test_settings_stay_motos(s3: Any, bucket: str) -> None:
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
