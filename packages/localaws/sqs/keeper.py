"""Stores messages as they change, and queues with moto's state.

The cost of a change does not grow with what the other messages weigh: they are compared, not written.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from moto.sqs.models import Message, sqs_backends

from localaws.sqs.backend import RECENT, LocalSqsBackend, install
from localaws.sqs.storage import Storage

_OF_MESSAGES = re.compile(r"((Send|Delete)Message|ChangeMessageVisibility)(Batch)?|ReceiveMessage|PurgeQueue")


class SqsKeeper:
    """``save_queues`` runs a block and stores the definitions of queues after it."""

    def __init__(self, storage: Storage, save_queues: Callable[[], AbstractContextManager[None]]) -> None:
        self.storage = storage
        self._save_queues = save_queues
        self._lock = threading.Lock()
        # What is stored of each queue: its messages, by ID, with what changes of them; and its deduplication IDs.
        self._stored: dict[str, dict[str, tuple[Any, ...]]] = {}
        self._recent: dict[str, set[str]] = {}

    def fill(self) -> None:
        """Give the queues their stored messages."""
        now = time.time() * 1000
        for _, queue in _queues():
            queue._messages = [_message(content) for content in self.storage.messages(queue.queue_arn)]
            queue._pending_messages = {message for message in queue._messages if message.visible_at > now}
            vars(queue)[RECENT] = self.storage.recent(queue.queue_arn)
            self._stored[queue.queue_arn] = {message.id: _changing(message) for message in queue._messages}
            self._recent[queue.queue_arn] = set(vars(queue)[RECENT])

    def reading(self, operation: str) -> AbstractContextManager[None]:
        """Run a block that reads."""
        return nullcontext()

    @contextmanager
    def changing(self, operation: str) -> Iterator[None]:
        """Run a block that changes messages or queues, then store the result."""
        if _OF_MESSAGES.fullmatch(operation):
            yield
        else:
            with self._save_queues():
                yield
        with self._lock:
            for backend, queue in list(_queues()):
                if queue.queue_arn in backend.touched:
                    self._commit(backend, queue)
            for arn in self._stored.keys() - {queue.queue_arn for _, queue in _queues()}:
                self.storage.forget(arn)
                del self._stored[arn]

    def _commit(self, backend: LocalSqsBackend, queue: Any) -> None:
        with backend.lock:
            backend.touched.discard(queue.queue_arn)
            before, known = self._stored.get(queue.queue_arn, {}), self._recent.get(queue.queue_arn, set())
            now = {message.id: _changing(message) for message in queue._messages}
            changed = {m.id: dict(vars(m)) for m in queue._messages if before.get(m.id) != now[m.id]}
            recent = dict(vars(queue).get(RECENT) or {})
        new = {name: value for name, value in recent.items() if name not in known}
        self.storage.store(queue.queue_arn, changed, before.keys() - now.keys(), new, known - recent.keys())
        self._stored[queue.queue_arn], self._recent[queue.queue_arn] = now, set(recent)


def _queues() -> Iterator[tuple[LocalSqsBackend, Any]]:
    for account in list(sqs_backends.values()):
        for backend in list(account.values()):
            yield from ((backend, queue) for queue in list(backend.queues.values()))


def _changing(message: Any) -> tuple[Any, ...]:
    """Return the state of a message that changes while it is in a queue."""
    return message.approximate_receive_count, message.visible_at, message.receipt_handle, message.delayed_until


def _message(content: dict[str, Any]) -> Any:
    message = Message.__new__(Message)
    message.__dict__.update(content)
    return message


def open_sqs(folder: Path, save_queues: Callable[[], AbstractContextManager[None]]) -> SqsKeeper:
    """SQS over the file in ``folder``; before moto's first request to it."""
    install()
    return SqsKeeper(Storage(folder / "sqs.db"), save_queues)
