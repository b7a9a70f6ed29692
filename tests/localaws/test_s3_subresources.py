"""Subresources: a request never has the effect of the same request without its query."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
import requests

from localaws.running import Running

# Operations that delete or replace the whole bucket or object, or create or end an upload of the object.
WHOLE = {"CreateBucket", "CopyObject", "DeleteBucket", "DeleteObject", "PutObject", "AbortMultipartUpload",
         "UploadPart", "UploadPartCopy"}  # fmt: skip


def changes() -> Iterator[tuple[str, str]]:
    """Method and URI of each PUT and DELETE of S3 on a part of a bucket or an object."""
    model = botocore.session.get_session().get_service_model("s3")
    for name in model.operation_names:
        http = model.operation_model(name).http
        if http["method"] in ("PUT", "DELETE") and name not in WHOLE:
            yield http["method"], http["requestUri"]


@pytest.mark.parametrize(("method", "uri"), sorted(set(changes())))
def test_a_change_of_a_part_leaves_bucket_and_object(aws: Running, s3: Any, bucket: str, method: str, uri: str) -> None:
    is_of_an_object = "{Key+}" in uri
    if is_of_an_object:
        s3.put_object(Bucket=bucket, Key="k", Body=b"kept")
    path = uri.replace("{Bucket}", bucket).replace("{Key+}", "k")
    requests.request(method, f"{aws.endpoint}{path}&id=x", data=b"<Not/>", timeout=60)
    s3.head_bucket(Bucket=bucket)
    if is_of_an_object:
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"kept"


@pytest.mark.parametrize("name", ["acl", "logging", "location", "requestPayment", "notification", "accelerate"])
def test_a_method_that_a_subresource_lacks_is_refused(aws: Running, s3: Any, bucket: str, name: str) -> None:
    answer = requests.delete(f"{aws.endpoint}/{bucket}?{name}", timeout=60)
    assert (answer.status_code, "<Code>MethodNotAllowed</Code>" in answer.text) == (405, True)
    s3.head_bucket(Bucket=bucket)


def test_what_localaws_lacks_is_refused_by_name(aws: Running, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"kept")
    refused = {
        ("DELETE", f"{bucket}?metadataConfiguration"): "DeleteBucketMetadataConfiguration",
        ("GET", f"{bucket}?abac"): "GetBucketAbac",
        ("POST", f"{bucket}/k?restore"): "RestoreObject",
        ("PUT", f"{bucket}/k?annotation"): "PutObjectAnnotation",
    }
    for (method, path), operation in refused.items():
        answer = requests.request(method, f"{aws.endpoint}/{path}", data=b"x", timeout=60)
        assert answer.status_code == 501
        assert f"<Code>NotImplemented</Code><Message>localaws does not support {operation}</Message>" in answer.text
