"""Time settings of mappings: batching windows, the age of records, the starting position."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from waiting import eventually

from localaws.events.mappings.batch import SourceRecord, failed_identifiers
from localaws.events.mappings.calls import MAPPING
from localaws.events.mappings.lanes import Lane
from localaws.events.mappings.rules import settings_of
from localaws.events.mappings.stream_lane import LaneParts, StreamLane
from localaws.events.misdelivery import BatchMisdelivery, Misbehaviour
from localaws.functions.documents import Documents
from localaws.functions.runner import Result
from localaws.running import Running

ACCOUNT = "123456789012"
STREAM = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"
RECORDING = """
    import base64, json, os

    def text(record):
        return record["body"] if "body" in record else base64.b64decode(record["kinesis"]["data"]).decode()

    def handler(event, context):
        texts = [text(record) for record in event["Records"]]
        with open(os.environ["OUT"], "a") as file:
            file.write(json.dumps(texts) + "\\n")
        if "bad" in texts:
            raise ValueError("bad record")
"""


class Shard:
    """A shard in memory, and a function that accepts every batch of it."""

    def __init__(self) -> None:
        self.records: list[SourceRecord] = []
        self.batches: list[list[str]] = []
        self.told: list[Any] = []

    def add(self, name: str, age: float = 0.0) -> None:
        """Add a record that was written ``age`` seconds ago."""
        number = len(self.records) + 1
        self.records.append(SourceRecord(name, {"name": name}, "k", number, time.time() - age))

    def shards(self, arn: str) -> list[str]:
        return ["shard"]

    def read(self, arn: str, shard: str, after: int, limit: int) -> list[SourceRecord]:
        return [record for record in self.records if record.number > after]

    def passes(self, patterns: Any, record: SourceRecord) -> bool:
        return True

    def wait(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.02))

    def role_of(self, ref: Any) -> str:
        return "role"

    def invoke(self, ref: Any, payload: bytes) -> Result:
        self.batches.append([record["name"] for record in json.loads(payload)["Records"]])
        return Result("r", "1", b"null", "", "")

    def put(self, messages: list[Any]) -> None:
        self.told += messages


@pytest.fixture
def shard() -> Shard:
    return Shard()


@pytest.fixture
def read_with(shard: Shard, tmp_path: Path) -> Iterator[Callable[..., None]]:
    documents = Documents(tmp_path / "documents.db")
    lanes: list[StreamLane] = []

    def read(**settings: Any) -> None:
        mapping = {
            "UUID": "m", "EventSourceArn": STREAM, "FunctionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f",
            **settings_of(settings, STREAM),
        }  # fmt: skip
        documents.put(MAPPING, "m", "", mapping)
        parts: Any = LaneParts(documents, shard, shard, shard)  # type: ignore[arg-type]
        lanes.append(StreamLane(parts, mapping, Lane("shard", 0, 1), BatchMisdelivery(Misbehaviour(), "")))

    yield read
    for lane in lanes:
        lane.stop()
        lane.join()
    documents.close()


def test_a_record_older_than_its_most_is_not_delivered(shard: Shard, read_with: Callable[..., None]) -> None:
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:late"
    shard.add("old", age=61)
    shard.add("young")
    read_with(MaximumRecordAgeInSeconds=60, DestinationConfig={"OnFailure": {"Destination": topic}})
    eventually(lambda: shard.batches)
    assert shard.batches == [["young"]]
    (message,) = shard.told
    document = json.loads(message.content["body"])
    assert message.lane == topic
    assert document["requestContext"]["condition"] == "RecordAgeExceeded"
    assert document["requestContext"]["approximateInvokeCount"] == 1  # as recorded, though it was never invoked
    assert document["KinesisBatchInfo"]["startSequenceNumber"] == "old"
    assert "responseContext" not in document


@pytest.mark.parametrize(
    ("payload", "failed"),
    [
        ("null", []), ('""', []), ("[]", []), ("{}", []), ('{"batchItemFailures": null}', []),
        ('"no object"', ["a", "b"]), ('{"batchItemFailures": [{"itemIdentifier": "b"}]}', ["b"]),
        ('{"batchItemFailures": [{"itemIdentifier": ""}]}', ["a", "b"]),
        ('{"batchItemFailures": [{"itemIdentifier": null}]}', ["a", "b"]),
        ('{"batchItemFailures": [{"foo": "b"}]}', ["a", "b"]),
        ('{"batchItemFailures": [{"itemIdentifier": "c"}]}', ["a", "b"]),
    ],
)  # fmt: skip
def test_what_an_answer_says_of_a_batch(payload: str, failed: list[str]) -> None:
    """As recorded in event_source_mapping/test_lambda_integration_kinesis.snapshot.json."""
    result = Result("r", "1", payload.encode(), "", "")
    assert failed_identifiers(result, [SourceRecord("a", {}), SourceRecord("b", {})], reports=True) == failed


def test_a_stream_waits_for_its_window(shard: Shard, read_with: Callable[..., None]) -> None:
    shard.add("a")
    read_with(MaximumBatchingWindowInSeconds=1, BatchSize=3)
    time.sleep(0.3)
    shard.add("b")
    eventually(lambda: shard.batches)
    assert shard.batches == [["a", "b"]]
    for name in "cde":  # a full batch does not wait
        shard.add(name)
    eventually(lambda: len(shard.batches) == 2, 0.8)


def mapped(functions: Any, out: Path, arn: str, **settings: Any) -> Callable[[], list[list[str]]]:
    """Map a source to a new function; return a function that reads the batches it received."""
    name = functions.create(RECORDING, Environment={"Variables": {"OUT": str(out)}})
    functions.client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, **settings)
    return lambda: [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def test_a_queue_waits_for_its_window(functions: Any, aws: Running, exchange: Path) -> None:
    sqs, name = aws.client("sqs"), f"q-{uuid.uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    batches = mapped(functions, exchange / "out", arn, BatchSize=12, MaximumBatchingWindowInSeconds=2)
    sqs.send_message(QueueUrl=url, MessageBody="a")
    time.sleep(0.5)
    sqs.send_message(QueueUrl=url, MessageBody="b")
    assert eventually(batches) == [["a", "b"]]


def test_reading_starts_at_a_time_and_failures_reach_a_topic(functions: Any, aws: Running, exchange: Path) -> None:
    kinesis, sns, sqs = aws.client("kinesis"), aws.client("sns"), aws.client("sqs")
    name = f"s-{uuid.uuid4().hex[:8]}"
    topic = sns.create_topic(Name=name)["TopicArn"]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    kinesis.put_record(StreamName=name, Data=b"before", PartitionKey="k")
    time.sleep(0.1)
    moment = time.time()
    kinesis.put_record(StreamName=name, Data=b"bad", PartitionKey="k")
    batches = mapped(
        functions, exchange / "out", arn, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=moment,
        MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": topic}},
    )  # fmt: skip
    (message,) = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))
    document = json.loads(json.loads(message["Body"])["Message"])
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert document["KinesisBatchInfo"]["batchSize"] == 1
    assert batches() == [["bad"]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"MaximumRecordAgeInSeconds": 59}, "MaximumRecordAgeInSeconds 59 is out of range; -1 or 60 to 604800"),
        ({"DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"}}},
         "localaws does not support DestinationConfig.OnFailure"),
        ({"StartingPosition": "AT_TIMESTAMP"}, "StartingPositionTimestamp is mandatory for AT_TIMESTAMP"),
        ({"MaximumRecordAgeInSeconds": 59, "FunctionName": "nobody"}, "MaximumRecordAgeInSeconds 59 is out of range"),
    ],
)  # fmt: skip
def test_settings_that_are_refused(functions: Any, aws: Running, settings: dict[str, Any], message: str) -> None:
    kinesis, name = aws.client("kinesis"), f"s-{uuid.uuid4().hex[:8]}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    given = {"FunctionName": functions.create(RECORDING), "EventSourceArn": arn, "StartingPosition": "LATEST"}
    with pytest.raises(ClientError) as error:
        functions.client.create_event_source_mapping(**{**given, **settings})
    assert error.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert error.value.response["Error"]["Message"].startswith(message)
