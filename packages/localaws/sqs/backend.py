"""moto's SQS backend with a lock, storage across restarts, and SQS's deduplication."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from types import ModuleType
from typing import Any

from moto.sqs import urls
from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from localaws.sqs import answers, groups, queues

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html
DEDUPLICATION_SECONDS = 300.0
RECENT = "recent_deduplication_ids"
ALLOWED = "RedriveAllowPolicy"
REDRIVE = "RedrivePolicy"
_PAUSE = 1.0
_GONE = "Message does not exist or is not available for visibility timeout change."
_COUNTS = (
    "approximate_number_of_messages",
    "approximate_number_of_messages_delayed",
    "approximate_number_of_messages_not_visible",
)
_counting = threading.local()


@dataclass
class Touched:
    """What changed in a queue since it was stored: its new and changed ``messages`` by ID, None for one that is gone.

    ``has_moves``: others came or went too, such as to a dead-letter queue.
    """

    messages: dict[str, Message | None] = field(default_factory=dict)
    has_moves: bool = False


class UnusableHandleError(ReceiptHandleIsInvalid):
    """A handle of a message that was deleted, or may have been received again."""

    def __init__(self, handle: str, reason: str) -> None:
        super().__init__()
        self.code = "InvalidParameterValue"
        self.message = f"Value {handle} for parameter ReceiptHandle is invalid. Reason: {reason}"


class LocalSqsBackend(SQSBackend):
    """moto's backend under one lock, which is released while a request waits for messages."""

    transient = frozenset({"lock", "arrivals", "touched"})

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.lock = threading.RLock()
        # One for each queue: whoever waits for the messages of another one sleeps on.
        self.arrivals: dict[str, threading.Condition] = {}
        # Queues whose messages have changed since they were stored, by ARN.
        self.touched: dict[str, Touched] = {}

    @property
    def _url_module(self) -> ModuleType:
        return urls

    def get_queue_attributes(self, queue_name: str, attribute_names: list[str]) -> dict[str, Any]:
        """GetQueueAttributes; messages are counted only if the request asks for their numbers."""
        _counting.on = any(name == "All" or name.startswith("Approximate") for name in attribute_names)
        try:
            with self.lock:
                attributes: dict[str, Any] = super().get_queue_attributes(queue_name, attribute_names)
        finally:
            _counting.on = False
        if redrive := attributes.get(REDRIVE):
            # In the format of SQS, because Terraform compares the text.
            attributes[REDRIVE] = json.dumps(json.loads(redrive), separators=(",", ":"))
        return attributes

    def set_queue_attributes(self, queue_name: str, attributes: dict[str, Any]) -> Queue:
        """SetQueueAttributes; without this, moto deletes the policy of a queue when another attribute is set."""
        with self.lock:
            kept = {"Policy": policy} if (policy := self.get_queue(queue_name).policy) else {}
            if attributes.get(ALLOWED) == "":
                attributes = attributes | {ALLOWED: None}
            return super().set_queue_attributes(queue_name, kept | attributes)

    def send_message(self, queue_name: str, message_body: str, *args: Any, **options: Any) -> Message:
        """SendMessage; a FIFO queue remembers a deduplication ID for five minutes, even if its message was deleted."""
        with self.lock:
            queue = self.get_queue(queue_name)
            number = len(queue._messages)
            recent = _recent(queue)
            message = super().send_message(queue_name, message_body, *args, **options)
            if queue.fifo_queue:
                message.sequence_number = _next_number(queue)  # moto's are random
            if queue.fifo_queue and message.deduplication_id:
                group = message.group_id if queue.deduplication_scope == "messageGroup" else ""
                name = f"{group}/{message.deduplication_id}"
                if name in recent:
                    del queue._messages[number:]
                    message.id, message.sequence_number = recent[name][1:]
                    return message
                recent[name] = (time.time(), message.id, message.sequence_number)
            self._touch(queue).messages[message.id] = message
        with self._arrival(queue_name) as arrival:
            arrival.notify_all()
        return message

    def receive_message(
        self,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> list[Message]:
        """ReceiveMessage."""
        deadline = time.monotonic() + int(wait_seconds_timeout or 0)
        while True:
            with self.lock:
                queue = self.get_queue(queue_name)
                number = len(queue._messages)
                with groups.receiving(queue):
                    messages: list[Message] = super().receive_message(
                        queue_name, count, 0, visibility_timeout, message_attribute_names
                    )
                groups.note_served(queue, messages)
                if len(queue._messages) != number:
                    self._touch(queue).has_moves = self._touch(queue.dead_letter_queue).has_moves = True
                if messages:
                    self._touch(queue).messages.update(_originals(queue, messages))
            left = deadline - time.monotonic()
            if messages or left <= 0:
                return messages
            with self._arrival(queue_name) as arrival:
                arrival.wait(min(left, _PAUSE))

    def is_message_valid_based_on_retention_period(self, queue_name: str, message: Message) -> bool:
        """Return whether a message is still kept. moto lists all attributes of the queue for each message."""
        retention: int = self.get_queue(queue_name).message_retention_period
        return message.sent_timestamp / 1000 + retention > time.time()

    def delete_message(self, queue_name: str, receipt_handle: str) -> None:
        """DeleteMessage; a FIFO queue refuses a handle whose visibility timeout has ended."""
        with self.lock:
            queue = self.get_queue(queue_name)
            if queue.fifo_queue and _has_expired(queue, receipt_handle):
                raise UnusableHandleError(receipt_handle, "The receipt handle has expired.")
            gone = {message.id: None for message in _of_handle(queue, receipt_handle)}
            try:
                super().delete_message(queue_name, receipt_handle)
            except ReceiptHandleIsInvalid as error:
                error.message = f'The input receipt handle "{receipt_handle}" is not a valid receipt handle.'
                raise
            if gone:
                self._touch(queue).messages.update(gone)

    def change_message_visibility(self, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
        """ChangeMessageVisibility."""
        with self.lock:
            queue = self.get_queue(queue_name)
            if receipt_handle in queue.deleted_messages:
                raise UnusableHandleError(receipt_handle, _GONE)
            super().change_message_visibility(queue_name, receipt_handle, visibility_timeout)
            self._touch(queue).messages.update({message.id: message for message in _of_handle(queue, receipt_handle)})

    def purge_queue(self, queue_name: str) -> None:
        """PurgeQueue, which also deletes deduplication IDs."""
        with self.lock:
            queue = self.get_queue(queue_name)
            self._touch(queue).has_moves = True
            vars(queue)[RECENT] = {}
            super().purge_queue(queue_name)

    @contextmanager
    def _arrival(self, queue_name: str) -> Iterator[threading.Condition]:
        """Hold the condition that tells of messages of a queue."""
        arrival = self.arrivals.setdefault(queue_name, threading.Condition())
        with arrival:
            yield arrival

    def _touch(self, queue: Queue) -> Touched:
        """Return what is noted of a queue whose messages change."""
        return self.touched.setdefault(queue.queue_arn, Touched())


def _originals(queue: Queue, copies: list[Message]) -> dict[str, Message]:
    """Return the messages of a queue of which moto gave copies to who received them."""
    missing, originals = {message.id for message in copies}, {}
    for message in queue._messages:
        if message.id in missing:
            originals[message.id] = message
            missing.discard(message.id)
            if not missing:
                break
    return originals


def _of_handle(queue: Queue, handle: str) -> list[Message]:
    """Return the message that was received with a handle; none if it was deleted."""
    return list(islice((message for message in queue._messages if queues.has_handle(message, handle)), 1))


def _has_expired(queue: Queue, handle: str) -> bool:
    now = time.time() * 1000
    return any(message.visible_at <= now and queues.has_handle(message, handle) for message in queue._messages)


def _next_number(queue: Queue) -> str:
    """Return the next sequence number of a FIFO queue: 20 digits, increasing across restarts."""
    kept = vars(queue)
    kept["last_number"] = max(int(kept.get("last_number", 0)) + 1, time.time_ns())
    return f"{kept['last_number']:020d}"


def _recent(queue: Queue) -> dict[str, tuple[float, str, str | None]]:
    """Return the deduplication IDs of the last five minutes, oldest first, with their times and messages."""
    known: dict[str, tuple[float, str, str | None]] = vars(queue).setdefault(RECENT, {})
    oldest = time.time() - DEDUPLICATION_SECONDS
    while known and known[name := next(iter(known))][0] < oldest:
        del known[name]
    return known


def install() -> None:
    """Make moto build this backend. Call this before its first request to SQS."""
    queues.install()
    for name in _COUNTS:
        setattr(Queue, name, queues.if_requested(getattr(Queue, name).fget, lambda: getattr(_counting, "on", False)))
    Queue.messages = groups.messages_of(Queue.messages.fget)
    Queue.redrive_allow_policy = None
    if ALLOWED not in Queue.BASE_ATTRIBUTES:
        Queue.BASE_ATTRIBUTES.append(ALLOWED)
    answers.install()
    sqs_backends.backend = LocalSqsBackend
