"""Notifications: moto delivers them, of objects that are not moto's."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from localaws.running import Running


@pytest.fixture
def inbox(aws: Running, s3: Any, bucket: str) -> Any:
    """Events of keys below ``in/`` go to a queue: a function that gives and clears what arrived."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}}
    queue = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"], "Filter": rule}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [queue]})

    def received() -> list[tuple[str, str, int]]:
        bodies = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        records = [record for body in bodies for record in body.get("Records", [])]
        return [
            (record["eventName"], record["s3"]["object"]["key"], record["s3"]["object"]["size"]) for record in records
        ]

    received()
    return received


def test_each_change_is_announced_once(s3: Any, bucket: str, inbox: Any) -> None:
    s3.put_object(Bucket=bucket, Key="in/a", Body=b"123")
    s3.put_object(Bucket=bucket, Key="out/a", Body=b"123")
    s3.copy_object(Bucket=bucket, Key="in/b", CopySource={"Bucket": bucket, "Key": "in/a"})
    upload = s3.create_multipart_upload(Bucket=bucket, Key="in/c")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="in/c", UploadId=upload, PartNumber=1, Body=b"12")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="in/c", UploadId=upload, MultipartUpload=parts)
    assert sorted(inbox()) == [
        ("ObjectCreated:CompleteMultipartUpload", "in%2Fc", 2),
        ("ObjectCreated:Copy", "in%2Fb", 3),
        ("ObjectCreated:Put", "in%2Fa", 3),
    ]
    s3.delete_object(Bucket=bucket, Key="in/a")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "in/b"}, {"Key": "out/a"}], "Quiet": True})
    assert sorted(inbox()) == [("ObjectRemoved:Delete", "in%2Fa", 0), ("ObjectRemoved:Delete", "in%2Fb", 0)]
