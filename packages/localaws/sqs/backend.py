"""moto's SQS backend with a lock, storage across restarts, and SQS's deduplication."""

from __future__ import annotations

import json
import threading
import time
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


class UnusableHandleError(ReceiptHandleIsInvalid):
    """A handle of a message that was deleted, or may have been received again."""

    def __init__(self, handle: str, reason: str) -> None:
        super().__init__()
        self.code = "InvalidParameterValue"
        self.message = f"Value {handle} for parameter ReceiptHandle is invalid. Reason: {reason}"


class LocalSqsBackend(SQSBackend):
    """moto's backend under one lock, which is released while a request waits for messages."""

    transient = frozenset({"lock", "arrived", "touched"})

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.lock = threading.RLock()
        self.arrived = threading.Condition()
        # Queues with messages to store, by ARN: IDs of the messages that were modified, as opposed to added or deleted.
        self.touched: dict[str, set[str]] = {}

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
            queue = self._touch(queue_name)
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
        with self.arrived:
            self.arrived.notify_all()
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
                queue = self._touch(queue_name)
                with groups.receiving(queue):
                    messages: list[Message] = super().receive_message(
                        queue_name, count, 0, visibility_timeout, message_attribute_names
                    )
                groups.note_served(queue, messages)
                self.touched[queue.queue_arn].update(message.id for message in messages)
            left = deadline - time.monotonic()
            if messages or left <= 0:
                return messages
            with self.arrived:
                self.arrived.wait(min(left, _PAUSE))

    def delete_message(self, queue_name: str, receipt_handle: str) -> None:
        """DeleteMessage; a FIFO queue refuses a handle whose visibility timeout has ended."""
        with self.lock:
            queue = self._touch(queue_name)
            if queue.fifo_queue and _has_expired(queue, receipt_handle):
                raise UnusableHandleError(receipt_handle, "The receipt handle has expired.")
            try:
                super().delete_message(queue_name, receipt_handle)
            except ReceiptHandleIsInvalid as error:
                error.message = f'The input receipt handle "{receipt_handle}" is not a valid receipt handle.'
                raise

    def change_message_visibility(self, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
        """ChangeMessageVisibility."""
        with self.lock:
            queue = self._touch(queue_name)
            if receipt_handle in queue.deleted_messages:
                raise UnusableHandleError(receipt_handle, _GONE)
            super().change_message_visibility(queue_name, receipt_handle, visibility_timeout)
            messages = (message.id for message in queue._messages if queues.has_handle(message, receipt_handle))
            self.touched[queue.queue_arn].add(next(messages))

    def purge_queue(self, queue_name: str) -> None:
        """PurgeQueue, which also deletes deduplication IDs."""
        with self.lock:
            vars(self._touch(queue_name))[RECENT] = {}
            super().purge_queue(queue_name)

    def _touch(self, queue_name: str) -> Queue:
        """Mark the messages of a queue, and of its dead-letter queue, as changed. Raises QueueDoesNotExist."""
        queue = self.get_queue(queue_name)
        self.touched.setdefault(queue.queue_arn, set())
        if queue.dead_letter_queue:
            self.touched.setdefault(queue.dead_letter_queue.queue_arn, set())
        return queue


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
        setattr(Queue, name, queues.when_asked(getattr(Queue, name).fget, lambda: getattr(_counting, "on", False)))
    Queue.messages = groups.messages_of(Queue.messages.fget)
    Queue.redrive_allow_policy = None
    if ALLOWED not in Queue.BASE_ATTRIBUTES:
        Queue.BASE_ATTRIBUTES.append(ALLOWED)
    answers.install()
    sqs_backends.backend = LocalSqsBackend
