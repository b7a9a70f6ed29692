"""S3 notifications to functions, queues, topics and EventBridge: their content, their objects, and their number."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError
from waiting import eventually

from localaws.running import Running

ACCOUNT = "123456789012"
RECORDING = """
    import json, os, pathlib, uuid
    def handler(event, context):
        pathlib.Path(os.environ["FOLDER"], uuid.uuid4().hex).write_text(json.dumps(event))
"""


class Inbox:
    """A queue, and the documents that arrived in it."""

    def __init__(self, server: Running) -> None:
        self.name = f"q-{uuid.uuid4().hex[:8]}"
        self.arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{self.name}"
        self._sqs = server.client("sqs")
        self._url = self._sqs.create_queue(QueueName=self.name)["QueueUrl"]
        self.bodies: list[Any] = []

    def wait(self, number: int) -> list[Any]:
        """Wait for so many documents, not counting S3's test event, and return them."""

        def arrived() -> bool:
            for message in self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", []):
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
                body = json.loads(message["Body"])
                if body.get("Event") != "s3:TestEvent":
                    self.bodies.append(body)
            return len(self.bodies) >= number

        eventually(arrived)
        return self.bodies


def notify(s3: Any, bucket: str, **configurations: Any) -> None:
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configurations)


def test_a_function_gets_the_objects_of_its_prefix_and_suffix(
    functions: Any, s3: Any, bucket: str, exchange: Any
) -> None:
    name = functions.create(RECORDING, Environment={"Variables": {"FOLDER": str(exchange)}})
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "Suffix", "Value": ".csv"}]
    rule = {
        "LambdaFunctionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}",
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": rules}},
        "Id": "files",
    }
    notify(s3, bucket, LambdaFunctionConfigurations=[rule])
    for key in ("out/a.csv", "in/a.txt", "in/á b+c.csv"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"12345")
    (file,) = eventually(lambda: list(exchange.iterdir()))
    (record,) = eventually(lambda: json.loads(file.read_text() or "{}"))["Records"]
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Put")
    assert record["s3"]["configurationId"] == "files"
    assert record["s3"]["bucket"]["arn"] == f"arn:aws:s3:::{bucket}"
    s3_object = record["s3"]["object"]
    assert (s3_object["key"], s3_object["size"]) == ("in/%C3%A1+b%2Bc.csv", 5)
    assert s3_object["eTag"] == s3.head_object(Bucket=bucket, Key="in/á b+c.csv")["ETag"].strip('"')


def test_versions_tags_and_deletions(aws: Running, s3: Any, bucket: str) -> None:
    """As in AWS's recordings: a deletion has no size and no ETag, a new delete marker has a separate event type."""
    inbox = Inbox(aws)
    queue = {"QueueArn": inbox.arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*"]}
    notify(s3, bucket, QueueConfigurations=[queue])
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="a", Body=b"1")["VersionId"]
    s3.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    marker = s3.delete_object(Bucket=bucket, Key="a")["VersionId"]
    s3.delete_object(Bucket=bucket, Key="a", VersionId=version)
    s3.delete_object(Bucket=bucket, Key="a", VersionId=marker)  # the deletion of a marker makes none
    records = [body["Records"][0] for body in inbox.wait(5)]
    assert [record["eventName"] for record in records] == [
        "ObjectCreated:Put", "ObjectTagging:Put", "ObjectRemoved:DeleteMarkerCreated", "ObjectRemoved:Delete",
        "ObjectRemoved:Delete",
    ]  # fmt: skip
    assert [record["s3"]["object"]["versionId"] for record in records] == [version, version, marker, version, marker]
    assert [record["eventVersion"] for record in records] == ["2.1", "2.3", "2.1", "2.1", "2.1"]
    assert records[2]["s3"]["object"]["eTag"] == hashlib.md5(b"").hexdigest()
    assert set(records[3]["s3"]["object"]) == {"key", "versionId", "sequencer"}
    sequencers = [record["s3"]["object"]["sequencer"] for record in (records[0], records[2], records[3])]
    assert sequencers == sorted(sequencers)


def test_event_bridge_rules_take_events_of_s3(aws: Running, functions: Any, s3: Any, bucket: str) -> None:
    inbox, events = Inbox(aws), aws.client("events")
    notify(s3, bucket, EventBridgeConfiguration={})
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket]}, "object": {"size": [{"numeric": [">", 2]}]}},
    }
    events.put_rule(Name=bucket, EventPattern=json.dumps(pattern))
    template = {"InputPathsMap": {"key": "$.detail.object.key"}, "InputTemplate": '{"file": "<key>"}'}
    events.put_targets(
        Rule=bucket,
        Targets=[{"Id": "1", "Arn": inbox.arn}, {"Id": "2", "Arn": inbox.arn, "InputTransformer": template}],
    )
    s3.put_object(Bucket=bucket, Key="small", Body=b"1")
    s3.put_object(Bucket=bucket, Key="large file", Body=b"123")
    whole, part = sorted(inbox.wait(2), key=len, reverse=True)
    assert part == {"file": "large file"}
    assert whole["detail"]["object"]["key"] == "large file"
    assert (whole["detail"]["reason"], whole["resources"]) == ("PutObject", [f"arn:aws:s3:::{bucket}"])


def test_a_topic_wraps_the_event(aws: Running, s3: Any, bucket: str) -> None:
    inbox, sns = Inbox(aws), aws.client("sns")
    topic = sns.create_topic(Name=bucket)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn)
    notify(s3, bucket, TopicConfigurations=[{"TopicArn": topic, "Events": ["s3:ObjectCreated:Put"]}])
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    messages = [json.loads(body["Message"]) for body in inbox.wait(2)]
    assert messages[0]["Event"] == "s3:TestEvent"
    assert messages[1]["Records"][0]["s3"]["object"]["key"] == "a"
    assert {body["Subject"] for body in inbox.bodies} == {"Amazon S3 Notification"}


def test_files_that_came_past_the_api_are_announced_once(aws: Running, s3: Any, bucket: str) -> None:
    """As Spark writes them: into the bucket's folder, through a temporary folder."""
    folder, inbox = aws.home / "s3" / bucket, Inbox(aws)
    (folder / "in").mkdir()
    (folder / "in" / "before").write_bytes(b"1")
    rules = [{"Name": "prefix", "Value": "in/"}]
    rule = {"QueueArn": inbox.arn, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
    notify(s3, bucket, QueueConfigurations=[rule])
    temporary = folder / "in" / "_temporary"
    temporary.mkdir()
    (temporary / "part-0").write_bytes(b"12345")
    (temporary / "part-0").rename(folder / "in" / "part-0")
    (folder / "out").mkdir()
    (folder / "out" / "part-0").write_bytes(b"1")
    s3.put_object(Bucket=bucket, Key="in/api", Body=b"1")
    inbox.wait(2)
    time.sleep(4)
    records = [body["Records"][0] for body in inbox.wait(2)]
    objects = {record["s3"]["object"]["key"]: record["s3"]["object"]["size"] for record in records}
    assert (objects, len(records)) == ({"in/api": 1, "in/part-0": 5}, 2)
    (folder / "in" / "part-0").write_bytes(b"123")
    assert inbox.wait(3)[2]["Records"][0]["s3"]["object"]["size"] == 3


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"QueueConfigurations": [{"QueueArn": "no-arn", "Events": ["s3:ObjectCreated:*"]}]},
         "The ARN could not be parsed"),
        ({"QueueConfigurations": [
            {"QueueArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:nobody", "Events": ["s3:ObjectCreated:*"]}]},
         "Unable to validate the following destination configurations"),
        ({"LambdaFunctionConfigurations": [
            {"LambdaFunctionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:no",
             "Events": ["s3:ObjectCreated:*"]}]},
         "Unable to validate the following destination configurations"),
        ({"QueueConfigurations": [
            {"QueueArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:a", "Events": ["s3:ObjectCreated:*"]},
            {"QueueArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:b", "Events": ["s3:ObjectCreated:Put"]}]},
         "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
         "overlapping for the same event type."),
    ],
)  # fmt: skip
def test_configurations_that_s3_refuses(s3: Any, bucket: str, configuration: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError) as error:
        notify(s3, bucket, **configuration)
    assert (error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]) == (
        "InvalidArgument", message,
    )  # fmt: skip
