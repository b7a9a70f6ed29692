"""Faster versions of moto's queues, whose cost per call does not grow with the number of waiting messages.

moto reads the clock once per message of a queue, compares a new message with all others, and searches all messages for
the one to delete. For each received message it draws 185 random letters and copies all parts of the message.
"""

from __future__ import annotations

import copy
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from functools import cache
from secrets import token_bytes
from typing import Any

from moto.core import utils
from moto.sqs import models
from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue

_HANDLE_BYTES = 138


def install() -> None:
    """Change moto's classes. Call this before its first request to SQS."""
    models.unix_time = _seconds
    models.unix_time_millis = lambda moment=None: _seconds(moment) * 1000
    models.camelcase_to_underscores = cache(utils.camelcase_to_underscores)
    models.generate_receipt_handle = lambda: b64encode(token_bytes(_HANDLE_BYTES)).decode()
    Message.__deepcopy__ = _copied
    Queue.messages = property(_visible)
    Queue.add_message = _add
    Queue.delete_message = _delete


def has_handle(message: Any, receipt_handle: str) -> bool:
    """Return whether a message was ever received with that handle."""
    return message.receipt_handle == receipt_handle or receipt_handle in message._old_receipt_handles


def _seconds(moment: datetime | None = None) -> float:
    return time.time() if moment is None else utils.unix_time(moment)


def _copied(message: Any, _: object) -> Any:
    """Return a copy whose attributes can be replaced: moto removes those that a receiver did not request."""
    return copy.copy(message)


def _visible(queue: Any) -> list[Message]:
    now = time.time() * 1000
    return [message for message in queue._messages if message.visible_at < now >= message.delayed_until]


def _add(queue: Any, message: Message) -> None:
    """Add a message. :class:`localaws.sqs.backend.LocalSqsBackend` detects duplicates."""
    with queue._messages_lock:
        queue._messages.append(message)
        queue._messages_lock.notify_all()


def _delete(queue: Any, receipt_handle: str) -> None:
    """Delete the message with a receipt handle. Received messages are near the start, so the search is short."""
    if receipt_handle in queue.deleted_messages:
        return
    for at, message in enumerate(queue._messages):
        if has_handle(message, receipt_handle):
            del queue._messages[at]
            queue.pending_messages.discard(message)
            queue.deleted_messages.update(message.all_receipt_handles)
            return
    raise ReceiptHandleIsInvalid


def if_requested(count: Callable[[Queue], int], is_asked: Callable[[], bool]) -> property:
    """Return a count of messages that is 0 unless it was requested: moto reads every attribute for each message."""
    return property(lambda queue: count(queue) if is_asked() else 0)
