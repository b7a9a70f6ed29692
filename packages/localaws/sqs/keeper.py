"""Stores messages when they change, and queues with moto's state.

Only changed messages are written, which the backend records. Of all others only the IDs are compared.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import takewhile
from pathlib import Path
from typing import Any

from moto.sqs.models import Message, sqs_backends

from localaws.sqs.backend import RECENT, LocalSqsBackend, Touched, install
from localaws.sqs.storage import Storage

_OF_MESSAGES = re.compile(r"((Send|Delete)Message|ChangeMessageVisibility)(Batch)?|ReceiveMessage|PurgeQueue")


class SqsKeeper:
    """Stores SQS; ``save_queues`` runs a block and then stores the definitions of queues."""

    def __init__(self, storage: Storage, save_queues: Callable[[], AbstractContextManager[None]]) -> None:
        self.storage = storage
        self._save_queues = save_queues
        self._lock = threading.Lock()
        # The stored state of each queue: IDs of its messages, and the times of its deduplication IDs, oldest first.
        self._stored: dict[str, set[str]] = {}
        self._recent: dict[str, dict[str, float]] = {}

    def fill(self) -> None:
        """Load the stored messages into the queues."""
        now = time.time() * 1000
        for _, queue in _queues():
            queue._messages = [_message(content) for content in self.storage.messages(queue.queue_arn)]
            queue._pending_messages = {message for message in queue._messages if message.visible_at > now}
            vars(queue)[RECENT] = self.storage.recent(queue.queue_arn)
            self._stored[queue.queue_arn] = {message.id for message in queue._messages}
            self._recent[queue.queue_arn] = {name: sent for name, (sent, *_) in vars(queue)[RECENT].items()}

    def reading(self, operation: str) -> AbstractContextManager[None]:
        """Run a block that only reads."""
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
        arn = queue.queue_arn
        stored, known = self._stored.setdefault(arn, set()), self._recent.setdefault(arn, {})
        with backend.lock:
            touched = backend.touched.pop(arn)
            messages = touched.messages | (_moved(queue, stored) if touched.has_moves else {})
            changed = {name: dict(vars(message)) for name, message in messages.items() if message is not None}
            recent = vars(queue).get(RECENT) or {}
            # Both are sorted by time, so the new IDs are at the end of `recent` and the expired ones at the start of
            # `known`.
            added = takewhile(lambda entry: known.get(entry[0]) != entry[1][0], reversed(recent.items()))
            new = dict(reversed([*added]))
            old = [*takewhile(lambda name: name not in recent or name in new, known)]
        gone = messages.keys() - changed.keys()
        try:
            self.storage.store(arn, changed, gone, new, [name for name in old if name not in new])
        except BaseException:
            with backend.lock:
                later = backend.touched.get(arn, Touched())
                messages = touched.messages | later.messages
                backend.touched[arn] = Touched(messages, touched.has_moves or later.has_moves)
            raise
        stored.difference_update(gone)
        stored.update(changed)
        for name in old:
            del known[name]
        known.update({name: sent for name, (sent, *_) in new.items()})


def _moved(queue: Any, stored: set[str]) -> dict[str, Any]:
    """Return the messages of a queue that are not stored, and None for each stored one that is gone."""
    now = {message.id: message for message in queue._messages}
    return {name: message for name, message in now.items() if name not in stored} | dict.fromkeys(stored - now.keys())


def _queues() -> Iterator[tuple[LocalSqsBackend, Any]]:
    for account in list(sqs_backends.values()):
        for backend in list(account.values()):
            yield from ((backend, queue) for queue in list(backend.queues.values()))


def _message(content: dict[str, Any]) -> Any:
    message = Message.__new__(Message)
    message.__dict__.update(content)
    return message


def open_sqs(folder: Path, save_queues: Callable[[], AbstractContextManager[None]]) -> SqsKeeper:
    """Open SQS with its file in ``folder``. Call this before moto's first request to it."""
    install()
    return SqsKeeper(Storage(folder / "sqs.db"), save_queues)
