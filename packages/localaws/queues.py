"""SQS: moto's queues, used by one request at a time, kept across restarts, with deduplication as SQS has it."""

from __future__ import annotations

import threading
import time
from types import ModuleType
from typing import Any

from moto.sqs import urls
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html
DEDUPLICATION_SECONDS = 300.0
_RECENT = "recent_deduplication_ids"
_PAUSE = 1.0


class LocalSqsBackend(SQSBackend):
    """moto's backend under one lock; who waits for messages does not hold it."""

    transient = frozenset({"lock", "arrived"})

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.lock = threading.RLock()
        self.arrived = threading.Condition()

    @property
    def _url_module(self) -> ModuleType:
        return urls

    def send_message(self, queue_name: str, message_body: str, *args: Any, **options: Any) -> Message:
        """SendMessage; a FIFO queue knows a deduplication ID for five minutes, also of a message that is gone."""
        with self.lock:
            queue = self.get_queue(queue_name)
            number = len(queue._messages)
            recent = _recent(queue)
            message = super().send_message(queue_name, message_body, *args, **options)
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
                found: list[Message] = super().receive_message(
                    queue_name, count, 0, visibility_timeout, message_attribute_names
                )
            left = deadline - time.monotonic()
            if found or left <= 0:
                return found
            with self.arrived:
                self.arrived.wait(min(left, _PAUSE))

    def delete_message(self, queue_name: str, receipt_handle: str) -> None:
        """DeleteMessage."""
        with self.lock:
            super().delete_message(queue_name, receipt_handle)

    def change_message_visibility(self, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
        """ChangeMessageVisibility."""
        with self.lock:
            super().change_message_visibility(queue_name, receipt_handle, visibility_timeout)

    def purge_queue(self, queue_name: str) -> None:
        """PurgeQueue."""
        with self.lock:
            super().purge_queue(queue_name)


def _recent(queue: Queue) -> dict[str, tuple[float, str, str | None]]:
    """Deduplication IDs of the last five minutes: when, and which message had it."""
    known: dict[str, tuple[float, str, str | None]] = vars(queue).setdefault(_RECENT, {})
    oldest = time.time() - DEDUPLICATION_SECONDS
    for name in [name for name, (sent, *_) in known.items() if sent < oldest]:
        del known[name]
    return known


def install() -> None:
    """Make moto build this backend; before its first request to SQS."""
    sqs_backends.backend = LocalSqsBackend
