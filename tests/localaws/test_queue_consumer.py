"""Queues as events and mappings use them: without a request, but with the same effect and the same messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends

from localaws.sqs import QueueConsumer, QueueProducer, SqsKeeper, open_sqs

ACCOUNT, REGION = "123456789012", "eu-west-1"
ATTRIBUTES = {
    "text": {"DataType": "String", "StringValue": "t"},
    "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
}


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[SqsKeeper]:
    with mock_aws():
        keeper = open_sqs(tmp_path, nullcontext)
        keeper.fill()
        yield keeper
        keeper.storage.close()


@contextmanager
def queue_with_message(keeper: SqsKeeper, name: str, **options: Any) -> Iterator[tuple[Any, str, str]]:
    """Yield a client, and URL and ARN of a new queue with one message."""
    sqs = boto3.client("sqs", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="a")
    attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    with keeper.changing("SendMessage"):
        sqs.send_message(QueueUrl=url, MessageBody="b", MessageAttributes=ATTRIBUTES, **options)
    yield sqs, url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    sqs_backends[ACCOUNT][REGION].queues.clear()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("q", {}),
        ("fair", {"MessageGroupId": "g"}),
        ("q.fifo", {"MessageGroupId": "g", "MessageDeduplicationId": "d"}),
        ("t", {"MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}}}),
    ],
)
def test_a_consumer_receives_what_receive_message_returns(
    keeper: SqsKeeper, name: str, options: dict[str, Any]
) -> None:
    with queue_with_message(keeper, name, **options) as (sqs, url, arn):
        consumer = QueueConsumer(keeper)
        (received,) = consumer.receive(arn, 10, 0)
        consumer.give_back(arn, [received["ReceiptHandle"]])
        names = {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"]}
        (expected,) = sqs.receive_message(QueueUrl=url, **names)["Messages"]
        expected["ReceiptHandle"] = received["ReceiptHandle"]
        expected["Attributes"]["ApproximateReceiveCount"] = "1"
        assert received == expected


def test_what_a_consumer_does_is_stored(keeper: SqsKeeper) -> None:
    with queue_with_message(keeper, "q") as (_, _, arn):
        consumer = QueueConsumer(keeper)
        (message,) = consumer.receive(arn, 10, 0)
        assert consumer.receive(arn, 10, 0) == []
        (stored,) = keeper.storage.messages(arn)
        assert (stored["receipt_handle"], stored["approximate_receive_count"]) == (message["ReceiptHandle"], 1)
        consumer.give_back(arn, ["unknown", message["ReceiptHandle"]])
        (again,) = consumer.receive(arn, 10, 0)
        consumer.delete(arn, ["unknown", again["ReceiptHandle"], again["ReceiptHandle"]])
        assert keeper.storage.messages(arn) == []


def test_a_consumer_of_a_deleted_queue_is_refused(keeper: SqsKeeper) -> None:
    with pytest.raises(QueueDoesNotExist):
        QueueConsumer(keeper).receive(f"arn:aws:sqs:{REGION}:{ACCOUNT}:none", 10, 0)


def test_a_producer_sends_what_send_message_sends(keeper: SqsKeeper) -> None:
    with queue_with_message(keeper, "q") as (sqs, url, arn):
        sqs.purge_queue(QueueUrl=url)
        sqs.send_message(QueueUrl=url, MessageBody="a", MessageGroupId="g")
        assert QueueProducer(keeper).send(arn, [("a", "g"), ("b", None)]) == 2
        names = {"MessageSystemAttributeNames": ["All"], "MaxNumberOfMessages": 10}
        expected, same, plain = sqs.receive_message(QueueUrl=url, **names)["Messages"]
        assert len(keeper.storage.messages(arn)) == 3
        assert plain["Body"] == "b" and "MessageGroupId" not in plain["Attributes"]
        own = {"MessageId", "ReceiptHandle", "Attributes"}
        assert {name: same[name] for name in same.keys() - own} == {
            name: expected[name] for name in expected.keys() - own
        }
        times = {"SentTimestamp", "ApproximateFirstReceiveTimestamp"}
        assert {name: same["Attributes"][name] for name in same["Attributes"].keys() - times} == {
            name: expected["Attributes"][name] for name in expected["Attributes"].keys() - times
        }


def test_a_producer_stops_at_the_first_message_that_the_queue_refuses(keeper: SqsKeeper) -> None:
    with queue_with_message(keeper, "q") as (sqs, url, arn):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "1024"})
        assert QueueProducer(keeper).send(arn, [("a", None), ("b" * 1025, None), ("c", None)]) == 1
        assert QueueProducer(keeper).send(arn, [("\x00", None)]) == 0
        assert QueueProducer(keeper).send(arn.replace(":q", ":none"), [("a", None)]) == 0
        assert [message["Body"] for message in QueueConsumer(keeper).receive(arn, 10, 0)] == ["b", "a"]
