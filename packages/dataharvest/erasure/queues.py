"""Finds and deletes messages in queues that name a client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from dataharvest.erasure.traces import Day

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_HIDDEN_SECONDS = 300
Names = Callable[[Day, str], bool]
"""A function of a date and a message's text that returns whether the message names the client."""


def with_dead_letters(sqs: SQSClient, url: str) -> Iterator[str]:
    """Yield the URL of a queue and of its dead-letter queue, if it has one."""
    yield url
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"]).get("Attributes", {})
    if "RedrivePolicy" in attributes:
        name = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"].rpartition(":")[2]
        yield sqs.get_queue_url(QueueName=name)["QueueUrl"]


def search_queue(sqs: SQSClient, url: str, names: Names, *, delete: bool) -> int:
    """Return the number of messages in a queue that name the client; with ``delete``, delete them.

    The other messages are made visible again. Every message is received once, which counts towards the receive limit of
    the dead-letter queue. Messages that a consumer is processing are not seen. Raises botocore's errors.
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
    """Yield messages until none is visible.

    A FIFO queue delivers no more messages of a group while some are in flight.
    """
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=_HIDDEN_SECONDS
    ).get("Messages"):
        yield from messages


def _day(message: Any) -> Day:
    said = {name: given["StringValue"] for name, given in message.get("MessageAttributes", {}).items()}
    return Day(said.get("external_client", ""), said.get("business_date", ""))
