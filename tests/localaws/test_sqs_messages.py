"""Messages as they are received: their handles, attributes and retention."""

from __future__ import annotations

from typing import Any

from moto.core.serialize import ResponseSerializer
from moto.sqs import models

from localaws.running import Running
from localaws.sqs.backend import LocalSqsBackend

ATTRIBUTES = {name: {"DataType": "String", "StringValue": name} for name in ("a", "b")}


def test_a_receiver_gets_only_the_attributes_that_it_requests_and_the_next_one_all(aws: Running) -> None:
    sqs: Any = aws.client("sqs")
    url = sqs.create_queue(QueueName="attributes")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="m", MessageAttributes=ATTRIBUTES)
    handles = set()
    for requested, expected in ([], None), (["b"], {"b": ATTRIBUTES["b"]}), (["All"], ATTRIBUTES):
        answer = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0, MessageAttributeNames=requested)
        (message,) = answer["Messages"]
        assert message.get("MessageAttributes") == expected
        handles.add(message["ReceiptHandle"])
    assert len(handles) == 3


def test_a_message_is_received_until_its_retention_period_ends() -> None:
    backend = LocalSqsBackend("us-east-1", "123456789012")
    backend.create_queue("q", MessageRetentionPeriod=60)
    message: Any = backend.send_message("q", "m")
    message.sent_timestamp -= 50_000
    assert [copy.id for copy in backend.receive_message("q", 1, 0, 0)] == [message.id]
    message.sent_timestamp -= 11_000
    assert backend.receive_message("q", 1, 0, 0) == []


def test_what_is_replaced_is_there() -> None:
    assert callable(models.generate_receipt_handle)
    assert callable(ResponseSerializer.get_value)
