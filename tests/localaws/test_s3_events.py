"""Notifications to a queue: each change of an object is announced once."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest

from localaws.running import Running


@pytest.fixture
def inbox(aws: Running, s3: Any, bucket: str) -> Any:
    """A function that returns and removes the events that arrived in a queue for keys below ``in/``."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}}
    queue = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"], "Filter": rule}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [queue]})

    def received(number: int) -> list[tuple[str, str, int | None]]:
        bodies: list[Any] = []
        deadline = time.monotonic() + 20
        while len(bodies) < number:
            assert time.monotonic() < deadline, bodies
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                bodies.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        records = [record for body in bodies for record in body.get("Records", [])]
        objects = [(record["eventName"], record["s3"]["object"]) for record in records]
        return sorted((name, s3_object["key"], s3_object.get("size")) for name, s3_object in objects)

    received(1)
    return received


def test_each_change_is_announced_once(s3: Any, bucket: str, inbox: Any) -> None:
    s3.put_object(Bucket=bucket, Key="in/a", Body=b"123")
    s3.put_object(Bucket=bucket, Key="out/a", Body=b"123")
    s3.copy_object(Bucket=bucket, Key="in/b", CopySource={"Bucket": bucket, "Key": "in/a"})
    upload = s3.create_multipart_upload(Bucket=bucket, Key="in/c")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="in/c", UploadId=upload, PartNumber=1, Body=b"12")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="in/c", UploadId=upload, MultipartUpload=parts)
    assert inbox(3) == [
        ("ObjectCreated:CompleteMultipartUpload", "in/c", 2),
        ("ObjectCreated:Copy", "in/b", 3),
        ("ObjectCreated:Put", "in/a", 3),
    ]
    s3.delete_object(Bucket=bucket, Key="in/a")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "in/b"}, {"Key": "out/a"}], "Quiet": True})
    assert inbox(2) == [("ObjectRemoved:Delete", "in/a", None), ("ObjectRemoved:Delete", "in/b", None)]
