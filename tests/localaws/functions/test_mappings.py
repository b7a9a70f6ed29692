"""Event source mappings on DynamoDB streams and queues: batches, order, filters, retries, destinations, restarts."""

from __future__ import annotations

import json
import os
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.running import Running, launch, running, wait_until_ready

ACCOUNT = "123456789012"
# Appends what it gets to a file; fails as the records ask for.
CODE = """
    import json, os, time

    def subject(record):
        if "dynamodb" in record:
            return record["dynamodb"]["Keys"]["id"]["S"]
        if "kinesis" in record:
            import base64
            return base64.b64decode(record["kinesis"]["data"]).decode()
        return record["body"]

    def identifier(record):
        if "dynamodb" in record:
            return record["dynamodb"]["SequenceNumber"]
        return record["kinesis"]["sequenceNumber"] if "kinesis" in record else record["messageId"]

    def handler(event, context):
        names = [subject(record) for record in event["Records"]]
        with open(os.environ["OUT"], "a") as file:
            file.write(json.dumps(names) + "\\n")
        if "slow" in names:
            time.sleep(3)
        bad = [r for r, n in zip(event["Records"], names) if n.startswith("bad")]
        if os.environ.get("PARTIAL"):
            return {"batchItemFailures": [{"itemIdentifier": identifier(r)} for r in bad]}
        if bad:
            raise ValueError("bad record")
"""


def eventually(check: Callable[[], Any], seconds: float = 40) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
    return found


class Bench:
    """A function, what it was given, and sources for it, on one server."""

    def __init__(self, functions: Any, out: Path, **variables: str) -> None:
        self.functions = functions
        self.server = functions.server
        self.out = out
        self.name = functions.create(CODE, Environment={"Variables": {"OUT": str(out), **variables}})
        self.dynamodb = self.server.client("dynamodb")
        self.sqs = self.server.client("sqs")

    def table(self) -> str:
        name = f"t-{uuid.uuid4().hex[:8]}"
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        return name

    def put(self, table: str, *names: str, **flags: str) -> None:
        for name in names:
            item = {"id": {"S": name}, **{flag: {"S": value} for flag, value in flags.items()}}
            self.dynamodb.put_item(TableName=table, Item=item)

    def map_table(self, table: str, **settings: Any) -> str:
        arn = self.dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
        return self.map(arn, StartingPosition="TRIM_HORIZON", **settings)

    def map(self, arn: str, **settings: Any) -> str:
        made = self.functions.client.create_event_source_mapping(FunctionName=self.name, EventSourceArn=arn, **settings)
        return str(made["UUID"])

    def queue(self, suffix: str = "", **attributes: str) -> tuple[str, str]:
        """URL and ARN of a new queue."""
        name = f"q-{uuid.uuid4().hex[:8]}{suffix}"
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"

    def message(self, url: str) -> dict[str, Any]:
        """The next message of a queue, once it is there."""
        answer = eventually(lambda: self.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))
        return dict(answer[0])

    def batches(self) -> list[list[str]]:
        lines = self.out.read_text().splitlines() if self.out.exists() else []
        return [json.loads(line) for line in lines]

    def seen(self) -> list[str]:
        return [name for batch in self.batches() for name in batch]


@pytest.fixture(scope="module")
def functions(aws: Running, functions_of: Any) -> Any:
    return functions_of(aws)


@pytest.fixture
def bench(functions: Any, tmp_path: Path) -> Bench:
    return Bench(functions, tmp_path / "out")


def test_a_stream_arrives_in_order_and_in_batches(bench: Bench) -> None:
    table = bench.table()
    names = [f"{number:02}" for number in range(25)]
    bench.put(table, *names)
    bench.map_table(table, BatchSize=10)
    eventually(lambda: len(bench.seen()) >= 25)
    assert [len(batch) for batch in bench.batches()] == [10, 10, 5]
    assert bench.seen() == names


def test_filters_on_the_edge_fire_once(bench: Bench) -> None:
    """Both flags are there and the result is not: later writes to the item do not fire again.

    ``exists`` looks at leaves: asked of the attribute itself, and not of its ``S``, it is never there.
    """
    table = bench.table()
    pattern = {"dynamodb": {"NewImage": {"a": {"S": ["y"]}, "b": {"S": ["y"]}, "done": {"S": [{"exists": False}]}}}}
    bench.map_table(table, FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})
    bench.put(table, "one", a="y")
    bench.put(table, "one", a="y", b="y")
    bench.put(table, "one", a="y", b="y", done="y")
    bench.put(table, "two", a="y", b="y")
    eventually(lambda: "two" in bench.seen())
    assert bench.seen() == ["one", "two"]


def test_a_batch_is_bisected_down_to_the_bad_record(bench: Bench) -> None:
    table = bench.table()
    url, arn = bench.queue()
    bench.put(table, "a", "b", "bad", "d")
    bench.map_table(
        table, BatchSize=4, BisectBatchOnFunctionError=True, MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )  # fmt: skip
    record = json.loads(bench.message(url)["Body"])
    eventually(lambda: bench.batches()[-1] == ["d"])
    assert bench.batches() == [
        ["a", "b", "bad", "d"], ["a", "b"], ["bad", "d"], ["bad"], ["bad"], ["bad"], ["d"],
    ]  # fmt: skip
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    info = record["DDBStreamBatchInfo"]
    assert (info["batchSize"], info["startSequenceNumber"]) == (1, info["endSequenceNumber"])
    assert "payload" not in record


def test_a_partial_failure_is_retried_from_the_first_failed_record(functions: Any, tmp_path: Path) -> None:
    bench = Bench(functions, tmp_path / "out", PARTIAL="1")
    table = bench.table()
    bucket = f"b-{uuid.uuid4().hex[:8]}"
    s3 = bench.server.client("s3")
    s3.create_bucket(Bucket=bucket)
    bench.put(table, "a", "bad", "c")
    uid = bench.map_table(
        table, MaximumRetryAttempts=1, FunctionResponseTypes=["ReportBatchItemFailures"],
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )  # fmt: skip
    key = eventually(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"))[0]["Key"]
    assert bench.batches()[:2] == [["a", "bad", "c"], ["bad", "c"]]
    assert key.startswith(f"aws/lambda/{uid}/shardId-")
    document = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    records = json.loads(document["payload"])["Records"]
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in records] == ["bad", "c"]


def test_a_disabled_mapping_goes_on_where_it_was(bench: Bench) -> None:
    table, client = bench.table(), bench.functions.client
    uid = bench.map_table(table)
    bench.put(table, "a")
    eventually(lambda: bench.seen() == ["a"])
    client.update_event_source_mapping(UUID=uid, Enabled=False)
    bench.put(table, "b")
    time.sleep(1)
    assert bench.seen() == ["a"]
    client.update_event_source_mapping(UUID=uid, Enabled=True)
    eventually(lambda: bench.seen() == ["a", "b"])
    client.delete_event_source_mapping(UUID=uid)
    with pytest.raises(ClientError):
        client.get_event_source_mapping(UUID=uid)


def test_a_queue_redrives_what_a_function_does_not_take(functions: Any, tmp_path: Path) -> None:
    bench = Bench(functions, tmp_path / "out", PARTIAL="1")
    dead_url, dead = bench.queue()
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    url, arn = bench.queue(VisibilityTimeout="1", RedrivePolicy=policy)
    bench.map(arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    for name in ("a", "bad", "c"):
        bench.sqs.send_message(QueueUrl=url, MessageBody=name)
    assert bench.message(dead_url)["Body"] == "bad"
    assert Counter(bench.seen()) == {"a": 1, "bad": 2, "c": 1}


def test_a_fifo_queue_keeps_the_order_of_each_group(bench: Bench) -> None:
    url, arn = bench.queue(".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    for number in range(12):
        bench.sqs.send_message(QueueUrl=url, MessageBody=f"{number % 2}-{number:02}", MessageGroupId=str(number % 2))
    bench.sqs.send_message(QueueUrl=url, MessageBody="0-00", MessageGroupId="0")  # a duplicate
    bench.map(arn, BatchSize=3)
    eventually(lambda: len(bench.seen()) >= 12)
    time.sleep(0.5)
    assert [name for name in bench.seen() if name[0] == "0"] == [f"0-{number:02}" for number in range(0, 12, 2)]
    assert [name for name in bench.seen() if name[0] == "1"] == [f"1-{number:02}" for number in range(1, 12, 2)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"TumblingWindowInSeconds": 5},
         "localaws does not honour TumblingWindowInSeconds: batches carry no state from one to the next"),
        ({"FilterCriteria": {"Filters": [{"Pattern": '{"a": "b"}'}]}},
         'Invalid filter pattern definition. "a" must be an object or an array'),
        ({"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1}, "Unsupported starting position for arn"),
        ({"FunctionName": "nobody"}, "Function does not exist"),
        ({"EventSourceArn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/none/stream/2026-01-01T00:00:00"},
         "Stream not found"),
        ({"EventSourceArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:none", "StartingPosition": ""},
         "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue."),
    ],
)  # fmt: skip
def test_mappings_that_are_refused(bench: Bench, settings: dict[str, Any], message: str) -> None:
    arn = bench.dynamodb.describe_table(TableName=bench.table())["Table"]["LatestStreamArn"]
    given = {"FunctionName": bench.name, "EventSourceArn": arn, "StartingPosition": "LATEST", **settings}
    if not given["StartingPosition"]:
        del given["StartingPosition"]
    with pytest.raises(ClientError) as error:
        bench.functions.client.create_event_source_mapping(**given)
    assert error.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert error.value.response["Error"]["Message"].startswith(message)


def test_a_kill_during_a_batch_loses_nothing_and_repeats_that_batch_alone(functions_of: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = launch(home, "--port=0", "--warm=0")
    record = wait_until_ready(process, home)
    bench = Bench(functions_of(Running(record.endpoint, record.region, home, record.pid)), tmp_path / "out")
    table = bench.table()
    url, _ = bench.queue()
    bench.map_table(table, BatchSize=2)
    bench.put(table, "a", "b")
    eventually(lambda: bench.seen() and set(bench.seen()) == {"a", "b"})
    time.sleep(0.5)
    bench.put(table, "slow", "d")
    eventually(lambda: "slow" in bench.seen())
    bench.sqs.send_message(QueueUrl=url, MessageBody="queued")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with running(home) as server:
        eventually(lambda: "d" in bench.seen())
        answer = server.client("sqs").receive_message(QueueUrl=url.replace(record.endpoint, server.endpoint))
        assert [message["Body"] for message in answer["Messages"]] == ["queued"]
    counts = Counter(bench.seen())
    assert counts["slow"] == 2
    assert (counts["a"], counts["b"]) == (1, 1)
    assert counts["d"] in (1, 2)


def test_messages_survive_a_kill_with_what_was_done_to_them(tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = launch(home, "--port=0", "--warm=0")
    record = wait_until_ready(process, home)
    sqs = Running(record.endpoint, record.region, home, record.pid).client("sqs")
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "600"}
    url = sqs.create_queue(QueueName="kept.fifo", Attributes=attributes)["QueueUrl"]
    for body in "abcd":
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=body)
    first, second = (sqs.receive_message(QueueUrl=url)["Messages"][0] for _ in range(2))
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with running(home) as server:
        sqs, url = server.client("sqs"), url.replace(record.endpoint, server.endpoint)
        sqs.send_message(QueueUrl=url, MessageBody="a", MessageGroupId="a")  # known, though it is gone
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert counts["ApproximateNumberOfMessages"] == "2"
        assert counts["ApproximateNumberOfMessagesNotVisible"] == "1"
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=second["ReceiptHandle"], VisibilityTimeout=0)
        messages = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["ApproximateReceiveCount"]
        )["Messages"]
    counted = [(message["Body"], message["Attributes"]["ApproximateReceiveCount"]) for message in messages]
    assert counted == [("b", "2"), ("c", "1"), ("d", "1")]
