"""Tags that a client gives when it creates something are those that it reads back."""

from __future__ import annotations

import boto3
from moto import mock_aws

from localaws.running import Running

TAGS = [{"Key": "environment", "Value": "dev"}]
IDENTITY = "data@example.com"
ARN = f"arn:aws:ses:us-east-1:123456789012:identity/{IDENTITY}"


def test_a_stream_is_created_with_its_tags(aws: Running) -> None:
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="tagged", ShardCount=1, Tags={"environment": "dev"})
    assert kinesis.list_tags_for_stream(StreamName="tagged")["Tags"] == TAGS


def test_an_email_identity_has_its_tags_until_it_is_deleted(aws: Running) -> None:
    ses = aws.client("sesv2")
    ses.create_email_identity(EmailIdentity=IDENTITY, Tags=TAGS)
    assert ses.list_tags_for_resource(ResourceArn=ARN)["Tags"] == TAGS
    ses.delete_email_identity(EmailIdentity=IDENTITY)
    assert ses.list_tags_for_resource(ResourceArn=ARN)["Tags"] == []


@mock_aws
def test_moto_alone_loses_both() -> None:
    """If a new moto keeps one of them, what localaws adds for it can go."""
    account = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    kinesis, ses = boto3.client("kinesis", **account), boto3.client("sesv2", **account)
    kinesis.create_stream(StreamName="tagged", ShardCount=1, Tags={"environment": "dev"})
    ses.create_email_identity(EmailIdentity=IDENTITY, Tags=TAGS)
    assert kinesis.list_tags_for_stream(StreamName="tagged")["Tags"] == []
    assert ses.list_tags_for_resource(ResourceArn=ARN)["Tags"] == []
