"""Messages in queues that name a client: found, and deleted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from dataharvest.erasure.traces import Day

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_HIDDEN_SECONDS = 300
Names = Callable[[Day, str], bool]
"""A test of a date and a text: whether this message of that date names the client."""


def with_dead_letters(sqs: SQSClient, url: str) -> Iterator[str]:
    """Yield the URL of a queue and of its dead-letter queue, if it has one."""
    yield url
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"]).get("Attributes", {})
    if "RedrivePolicy" in attributes:
        name = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"].rpartition(":")[2]
        yield sqs.get_queue_url(QueueName=name)["QueueUrl"]


def sift(sqs: SQSClient, url: str, names: Names, *, delete: bool) -> int:
    """Return the number of messages of a queue that name the client, and ``delete`` them if asked to.

    The others can be received again at once. Each message is received, which counts towards the receives after which
    it goes to the dead-letter queue. What a consumer has in its hands just now is not seen. Raises botocore's errors.
    """
    kept: list[str] = []
    count = 0
    try:
        for message in _received(sqs, url):
            is_named = names(_day(message), message["Body"])
            count += is_named
            if is_named and delete:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            else:
                kept.append(message["ReceiptHandle"])
    finally:
        for handle in kept:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    return count


def _received(sqs: SQSClient, url: str) -> Iterator[Any]:
    """Receive every visible message; in a FIFO queue the next one of a group comes with or after the one before."""
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=_HIDDEN_SECONDS
    ).get("Messages"):
        yield from messages


def _day(message: Any) -> Day:
    said = {name: given["StringValue"] for name, given in message.get("MessageAttributes", {}).items()}
    return Day(said.get("external_client", ""), said.get("business_date", ""))
