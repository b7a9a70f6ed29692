"""Receives and deletes messages without a request: event source mappings run in the server itself."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from moto.sqs.exceptions import ReceiptHandleIsInvalid, SQSException
from moto.sqs.models import Message, sqs_backends

from localaws.sqs.backend import LocalSqsBackend
from localaws.sqs.keeper import SqsKeeper

_TRACE = "AWSTraceHeader"


class QueueConsumer:
    """A consumer of queues, which it names by their ARNs. What it does is stored as if a request had done it."""

    def __init__(self, keeper: SqsKeeper) -> None:
        self._keeper = keeper

    def receive(self, arn: str, count: int, seconds: int) -> list[dict[str, Any]]:
        """Return up to ``count`` messages as ReceiveMessage does, with all attributes; wait at most ``seconds``.

        Raises SQSException if the queue does not exist.
        """
        backend, name = backend_and_name(arn)
        with self._keeper.changing("ReceiveMessage"):
            visible_after: Any = backend.get_queue(name).visibility_timeout
            messages = backend.receive_message(name, count, seconds, visible_after, ["All"])
        return [_document(message) for message in messages]

    def delete(self, arn: str, handles: Iterable[str]) -> None:
        """Delete messages, except those whose handle is no longer valid. Raises SQSException without the queue."""
        backend, name = backend_and_name(arn)
        with self._keeper.changing("DeleteMessageBatch"):
            for handle in handles:
                with suppress(ReceiptHandleIsInvalid):
                    backend.delete_message(name, handle)

    def give_back(self, arn: str, handles: Iterable[str]) -> None:
        """Make messages visible again, except those that cannot be."""
        backend, name = backend_and_name(arn)
        with self._keeper.changing("ChangeMessageVisibilityBatch"):
            for handle in handles:
                with suppress(SQSException):
                    backend.change_message_visibility(name, handle, 0)


def backend_and_name(arn: str) -> tuple[LocalSqsBackend, str]:
    """Return the backend and name of a queue."""
    _, _, _, region, account, name = arn.split(":")
    return sqs_backends[account][region], name


def _document(message: Message) -> dict[str, Any]:
    document: dict[str, Any] = {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": message.body_md5,
        "Body": message.body,
        "Attributes": _attributes(message),
    }
    if message.message_attributes:
        document |= {"MessageAttributes": message.message_attributes, "MD5OfMessageAttributes": message.attribute_md5}
    return document


def _attributes(message: Message) -> dict[str, str]:
    """Return the system attributes that a message has."""
    named = {
        "SenderId": message.sender_id,
        "SentTimestamp": message.sent_timestamp,
        "ApproximateReceiveCount": message.approximate_receive_count,
        "ApproximateFirstReceiveTimestamp": message.approximate_first_receive_timestamp,
        "MessageDeduplicationId": message.deduplication_id,
        "MessageGroupId": message.group_id,
        _TRACE: message.system_attributes.get(_TRACE, {}).get("StringValue"),
        "SequenceNumber": message.sequence_number,
    }
    return {name: str(value) for name, value in named.items() if value is not None}
