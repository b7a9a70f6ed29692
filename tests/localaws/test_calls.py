"""The log of calls: caller, call and resource, without the content of the request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localaws.running import Running, running

SCRIPT = """
    import boto3
    boto3.client("s3").list_objects_v2(Bucket="calls", Prefix="a/")
"""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calls") / "calls.jsonl"


@pytest.fixture(scope="module")
def noting(calls: Path) -> Iterator[Running]:
    """A server with a log of calls."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALAWS_CALLS", str(calls))
        with running() as server:
            server.client("s3").create_bucket(Bucket="calls")
            yield server


def noted(calls: Path, skip: int) -> list[tuple[str, str, dict[str, str]]]:
    """Return caller, call and named resources of all lines after the first ``skip``."""
    entries = [json.loads(line) for line in calls.read_text().splitlines()[skip:]]
    return [(entry["caller"], f"{entry['service']}:{entry['operation']}", entry["of"]) for entry in entries]


def test_calls_name_their_resource_and_nothing_else(noting: Running, calls: Path) -> None:
    before = len(calls.read_text().splitlines())
    s3, secrets = noting.client("s3"), noting.client("secretsmanager")
    topic = noting.client("sns").create_topic(Name="told")["TopicArn"]
    s3.put_bucket_versioning(Bucket="calls", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="calls", Key="a/b c", Body=b"hush")["VersionId"]
    s3.get_object(Bucket="calls", Key="a/b c", VersionId=version)
    s3.copy_object(Bucket="calls", Key="copy", CopySource={"Bucket": "calls", "Key": "a/b c", "VersionId": version})
    upload = s3.create_multipart_upload(Bucket="calls", Key="large")["UploadId"]
    s3.upload_part(Bucket="calls", Key="large", UploadId=upload, PartNumber=1, Body=b"hush")
    s3.abort_multipart_upload(Bucket="calls", Key="large", UploadId=upload)
    s3.delete_objects(Bucket="calls", Delete={"Objects": [{"Key": "copy"}]})
    s3.list_object_versions(Bucket="calls", Prefix="a/")
    s3.head_bucket(Bucket="calls")
    secrets.create_secret(Name="login", SecretString="hush")
    secrets.get_secret_value(SecretId="login")
    noting.client("sns").publish(TopicArn=topic, Message="hush")
    noting.client("lambda").list_functions()
    bucket, key = {"Bucket": "calls"}, {"Bucket": "calls", "Key": "a/b c"}
    large = {"Bucket": "calls", "Key": "large"}
    assert noted(calls, before) == [
        ("localaws", "sns:CreateTopic", {"Name": "told"}),
        ("localaws", "s3:PUT bucket versioning", bucket),
        ("localaws", "s3:PutObject", key),
        ("localaws", "s3:GetObject", {**key, "VersionId": version}),
        ("localaws", "s3:CopyObject", {**bucket, "Key": "copy", "CopySource": f"calls/a/b%20c?versionId={version}"}),
        ("localaws", "s3:CreateMultipartUpload", large),
        ("localaws", "s3:UploadPart", large),
        ("localaws", "s3:AbortMultipartUpload", large),
        ("localaws", "s3:DeleteObjects", bucket),
        ("localaws", "s3:ListObjectVersions", bucket),
        ("localaws", "s3:HeadBucket", bucket),
        ("localaws", "secretsmanager:CreateSecret", {"Name": "login"}),
        ("localaws", "secretsmanager:GetSecretValue", {"SecretId": "login"}),
        ("localaws", "sns:Publish", {"TopicArn": topic}),
        ("localaws", "lambda:ListFunctions", {}),
    ]
    assert "hush" not in calls.read_text()


def test_a_glue_run_calls_by_the_name_of_its_role(noting: Running, calls: Path, jobs_of: Any) -> None:
    jobs = jobs_of(noting)
    before = len(calls.read_text().splitlines())
    name = jobs.create(SCRIPT)
    assert jobs.run(name)["JobRunState"] == "SUCCEEDED"
    assert ("role", "s3:ListObjectsV2", {"Bucket": "calls"}) in noted(calls, before)
