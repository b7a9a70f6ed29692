"""Message groups of FIFO queues: the order in which they are received, and which of them are blocked.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from moto.sqs.models import Message, Queue

SERVED = "served_groups"
_receiving = threading.local()


@contextmanager
def receiving(queue: Queue) -> Iterator[None]:
    """Run a block in which a FIFO queue shows only the messages that may be received, in order."""
    if not queue.fifo_queue:
        yield
        return
    queue.pending_messages.clear()  # by which moto locks a group as long as any of its messages is under way
    _receiving.queue = queue
    try:
        yield
    finally:
        _receiving.queue = None


def messages_of(original: Callable[[Queue], list[Message]]) -> property:
    """Return a property with the visible messages of a queue, limited and sorted inside :func:`receiving`."""

    def messages(queue: Queue) -> list[Message]:
        return _by_group(queue) if getattr(_receiving, "queue", None) is queue else original(queue)

    return property(messages)


def note_served(queue: Queue, messages: list[Message]) -> None:
    """Move the groups of received messages behind the other groups, and forget groups without messages."""
    if not queue.fifo_queue:
        return
    present = {message.group_id for message in queue._messages}
    served: dict[str | None, int] = {g: n for g, n in vars(queue).get(SERVED, {}).items() if g in present}
    last = max(served.values(), default=0)
    for number, group in enumerate(dict.fromkeys(message.group_id for message in messages), last + 1):
        served[group] = number
    vars(queue)[SERVED] = served


def _by_group(queue: Queue) -> list[Message]:
    """Return the messages that may be received: in each group those before the first one that is in flight or delayed.

    Groups that were served last come last.
    """
    ready: dict[str | None, list[Message]] = {}
    waiting: set[str | None] = set()
    for message in queue._messages:
        if message.visible and not message.delayed and message.group_id not in waiting:
            ready.setdefault(message.group_id, []).append(message)
        else:
            waiting.add(message.group_id)
    served = vars(queue).get(SERVED, {})
    order = sorted(ready, key=lambda group: served.get(group, 0))
    return [message for group in order for message in ready[group]]
