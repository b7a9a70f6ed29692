"""Sends messages without a request: events are delivered by the server itself."""

from __future__ import annotations

from collections.abc import Sequence

from moto.sqs.exceptions import SQSException

from localaws.sqs.consumer import backend_and_name
from localaws.sqs.keeper import SqsKeeper
from localaws.sqs.rules import RefusedError, check_message


class QueueProducer:
    """A producer for standard queues, which it names by their ARNs. What it does is stored as if a request had done
    it.
    """

    def __init__(self, keeper: SqsKeeper) -> None:
        self._keeper = keeper

    def send(self, arn: str, messages: Sequence[tuple[str, str | None]]) -> int:
        """Send bodies with their message groups, in order, until the queue refuses one; return the number sent.

        Messages with attributes need a request, which has types for them.
        """
        backend, name = backend_and_name(arn)
        sent = 0
        with self._keeper.changing("SendMessageBatch"):
            try:
                longest = int(backend.get_queue(name).maximum_message_size)
                for body, group in messages:
                    check_message({"MessageBody": body, "MessageGroupId": group}, longest)
                    backend.send_message(name, body, message_attributes={}, group_id=group)
                    sent += 1
            except (SQSException, RefusedError):
                return sent
        return sent
