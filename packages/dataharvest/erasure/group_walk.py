"""A walk through every message of a FIFO queue, each group to its end.

A FIFO queue delivers no further messages of a group while some of the group are in flight, so a message is seen only
after all earlier messages of its group were deleted. The walk therefore moves messages: it sends a copy to the end of
the group and deletes the original, until the first copy arrives. Every message has then been seen, and the group has
its original order again.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
"""

from __future__ import annotations

import re
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from estrela.errors import LoadError, some_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
"""Messages per call, the limit of SQS."""
BATCH_BYTES = 200_000
"""Bodies per call, in bytes: the limit of SQS was 262,144 bytes until 2025, and includes the attributes."""
HELD_SECONDS = 900
"""Seconds for which the first message of a finished group is hidden; after an interruption, consumers wait as long."""
WAIT_SECONDS = 1
"""A long poll: a short one does not ask all of SQS's servers, so its empty response would prove nothing."""
IDLE_CHECKS, IDLE_PAUSE_SECONDS = 13, 10
"""SQS's counts of messages are approximate for about one minute after a change."""
MOST_IN_FLIGHT = 120_000
"""SQS's limit for a FIFO queue; beyond it, a queue seems to be empty."""
_IN_FLIGHT: Any = ("ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")
_MOVED = re.compile(r"moved/(\d+)/[0-9a-f]{32}")
"""Deduplication ID of a copy: the sequence number of the original, however often it was moved, and a random ID."""


@dataclass
class _Group:
    """A message group: the verdicts of ``keep`` by origin, and the origins of the copies in their order.

    ``was_moved``: some messages were copies of an earlier walk. ``steps``: what to do with the next copies, True to
    move one to the end and False to delete it; None until the first copy of this walk arrives.
    """

    verdicts: dict[int, bool] = field(default_factory=dict)
    origins: list[int] = field(default_factory=list)
    was_moved: bool = False
    steps: deque[bool] | None = None

    def next_step(self) -> bool | None:
        """Return what to do with the next copy of this walk; None if it belongs at the head and the walk ends."""
        if self.steps is None:
            self.steps = deque(_steps(self.origins) if self.was_moved else ())
        return self.steps.popleft() if self.steps else None


def _steps(origins: Sequence[int]) -> list[bool]:
    """Return the steps that give a group of copies its original order, each message once.

    Interrupted walks leave a rotated group in which some messages are there twice, such as 5 4 5 1 2 3. The places
    that are kept, here all but the first, are in the original order from the smallest number on.
    """
    places = _places(origins)
    kept = {*places}
    is_kept = [at in kept for at in range(len(origins))]
    before_first = is_kept[: places[0]]
    return before_first if all(is_kept) else [*is_kept, *filter(None, before_first)]


def _places(origins: Sequence[int]) -> list[int]:
    """Return one place of each origin, by size of the origins, so that each place follows the one before it.

    The last place is followed by the first. If no such places exist, because the group never was in the order of its
    numbers, return the first place of each origin, by place.
    """
    ordered = sorted({*origins})
    for start in (at for at, origin in enumerate(origins) if origin == ordered[0]):
        rest = iter([*range(start, len(origins)), *range(start)])
        places = [at for origin in ordered for at in islice((at for at in rest if origins[at] == origin), 1)]
        if len(places) == len(ordered):
            return places
    return sorted({origin: at for at, origin in reversed([*enumerate(origins)])}.values())


def walk(sqs: SQSClient, url: str, keep: Callable[[Any], bool]) -> None:
    """Call ``keep`` once for every message of a FIFO queue, and delete the messages for which it returns False.

    The others stay, as copies with new message IDs, in their order within each group. An interruption loses none. It
    may leave a message twice or a group rotated; the next walk repairs both. Consumers and senders must be stopped: a
    consumer would receive later messages of a group before the moved ones, and a message that is sent during the walk
    would get a place between them.

    Raises LoadError if messages are in flight when the walk begins, because the walk could not see them or the
    messages behind them, if SQS refuses a copy or a deletion, or if more than 120,000 groups have messages; and
    botocore's errors.
    """
    _require_idle(sqs, url)
    steps = _Walk(sqs, url, keep)
    try:
        while messages := steps.receive():
            steps.take(messages)
    finally:
        steps.release()


class _Walk:
    """The groups of one walk, and ``_hidden``, the receipt handles of received messages by message ID."""

    def __init__(self, sqs: SQSClient, url: str, keep: Callable[[Any], bool]) -> None:
        self._sqs, self._url, self._keep = sqs, url, keep
        self._groups: dict[str, _Group] = {}
        self._copies: set[str] = set()
        self._hidden: dict[str, str] = {}

    def receive(self) -> list[Any]:
        """Return the next messages; none if every group is finished."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=BATCH,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
            VisibilityTimeout=HELD_SECONDS,
            WaitTimeSeconds=WAIT_SECONDS,
        )
        messages = answer.get("Messages", [])
        self._hidden |= {message["MessageId"]: message["ReceiptHandle"] for message in messages}
        if len(self._hidden) >= MOST_IN_FLIGHT:
            problem = f"{_name(self._url)} has messages of {MOST_IN_FLIGHT} groups or more, and SQS shows no others"
            raise LoadError("forget", f"{problem}; let the consumers process some, stop them, and forget again")
        return messages

    def take(self, messages: Iterable[Any]) -> None:
        """Move the messages that are kept, delete the others, and hold the first message of a finished group."""
        copied, gone, free, finished = list[Any](), list[Any](), list[Any](), set[str]()
        for message in messages:
            name = message["Attributes"]["MessageGroupId"]
            group = self._groups.setdefault(name, _Group())
            if name in finished:
                free.append(message)
                continue
            step = group.next_step() if message["MessageId"] in self._copies else self._verdict(group, message)
            if step is None:
                finished.add(name)
            else:
                (copied if step else gone).append(message)
        for batch in _batches(copied):
            self._send(batch)
        self._delete([*gone, *copied])
        self.release([message["MessageId"] for message in free])

    def _verdict(self, group: _Group, message: Any) -> bool:
        """Return whether to keep a message; one that is there twice is asked for once."""
        origin = _origin(message)
        if origin not in group.verdicts:
            group.verdicts[origin] = self._keep(message)
        if group.verdicts[origin]:
            group.origins.append(origin)
            group.was_moved |= origin != _number(message)
        return group.verdicts[origin]

    def release(self, identifiers: Iterable[str] | None = None) -> None:
        """Make hidden messages, all or those given, visible again.

        A failure is ignored: SQS refuses a message that is visible already, and shows any other when its time ends.
        """
        handles = [self._hidden.pop(name) for name in (list(self._hidden) if identifiers is None else identifiers)]
        for start in range(0, len(handles), BATCH):
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(at), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                    for at, handle in enumerate(handles[start : start + BATCH])
                ],
            )

    def _send(self, messages: Sequence[Any]) -> None:
        answer = self._sqs.send_message_batch(
            QueueUrl=self._url, Entries=[_copy(str(at), message) for at, message in enumerate(messages)]
        )
        self._copies |= {sent["MessageId"] for sent in answer.get("Successful", [])}
        self._require_accepted(answer)

    def _delete(self, messages: Sequence[Any]) -> None:
        if not messages:
            return
        answer = self._sqs.delete_message_batch(
            QueueUrl=self._url,
            Entries=[{"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]} for at, message in enumerate(messages)],
        )
        self._require_accepted(answer)
        for message in messages:
            del self._hidden[message["MessageId"]]

    def _require_accepted(self, answer: Any) -> None:
        codes = sorted({failed["Code"] for failed in answer.get("Failed", [])})
        if codes:
            problem = f"SQS refused to move or delete messages of {_name(self._url)}: {some_of(codes)}"
            raise LoadError("forget", f"{problem}; no message is lost, forget again")


def _require_idle(sqs: SQSClient, url: str) -> None:
    """Wait until no message is in flight or delayed; raise LoadError if some still are after two minutes."""
    for check in range(IDLE_CHECKS):
        if check:
            time.sleep(IDLE_PAUSE_SECONDS)
        counts: Any = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=_IN_FLIGHT)["Attributes"]
        count = sum(int(counts[name]) for name in _IN_FLIGHT)
        if not count:
            return
    problem = f"{count} messages of {_name(url)} are in flight, so they and those behind them cannot be searched"
    advice = f"stop the consumers, and forget again when they are visible ({HELD_SECONDS} s after a killed forget)"
    raise LoadError("forget", f"{problem}; {advice}")


def _batches(messages: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield the messages of one receipt in order, as many at once as fit in one call."""
    batch: list[Any] = []
    size = 0
    for message in messages:
        length = len(message["Body"].encode())
        if batch and size + length > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += length
    if batch:
        yield batch


def _copy(identifier: str, message: Any) -> Any:
    fields = ("DataType", "StringValue", "BinaryValue")
    attributes = {
        name: {key: value[key] for key in fields if key in value}
        for name, value in message.get("MessageAttributes", {}).items()
    }
    return {
        "Id": identifier,
        "MessageBody": message["Body"],
        "MessageAttributes": attributes,
        "MessageGroupId": message["Attributes"]["MessageGroupId"],
        "MessageDeduplicationId": f"moved/{_origin(message)}/{uuid.uuid4().hex}",
    }


def _origin(message: Any) -> int:
    """Return the sequence number of a message, or of the original if the message is a copy."""
    moved = _MOVED.fullmatch(message["Attributes"]["MessageDeduplicationId"])
    return int(moved[1]) if moved else _number(message)


def _number(message: Any) -> int:
    return int(message["Attributes"]["SequenceNumber"])


def _name(url: str) -> str:
    return url.rpartition("/")[2]
