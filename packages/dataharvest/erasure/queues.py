"""Finds and deletes messages in queues that name a client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from dataharvest.erasure.group_walk import BATCH, WAIT_SECONDS, walk
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

    A FIFO queue is walked through to the end of each group: :func:`dataharvest.erasure.group_walk.walk`, which needs
    the consumers and senders to be stopped. In a standard queue, messages that a consumer is processing are not seen,
    and each receipt counts towards the receive limit of the dead-letter queue. Raises LoadError for a FIFO queue with
    messages in flight, or botocore's errors.
    """
    count = 0

    def keep(message: Any) -> bool:
        nonlocal count
        is_named = names(_day(message), message["Body"])
        count += is_named
        return not (is_named and delete)

    (walk if url.endswith(".fifo") else _receive_once)(sqs, url, keep)
    return count


def _receive_once(sqs: SQSClient, url: str, keep: Callable[[Any], bool]) -> None:
    """Receive all messages of a standard queue, delete those not to ``keep``, and make the others visible again."""
    kept: list[str] = []
    try:
        for message in _received(sqs, url):
            if keep(message):
                kept.append(message["ReceiptHandle"])
            else:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    finally:
        for handle in kept:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)


def _received(sqs: SQSClient, url: str) -> Iterator[Any]:
    """Yield messages until none is visible."""
    while messages := sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=BATCH,
        MessageAttributeNames=["All"],
        VisibilityTimeout=_HIDDEN_SECONDS,
        WaitTimeSeconds=WAIT_SECONDS,
    ).get("Messages"):
        yield from messages


def _day(message: Any) -> Day:
    said = {name: given["StringValue"] for name, given in message.get("MessageAttributes", {}).items()}
    return Day(said.get("external_client", ""), said.get("business_date", ""))
