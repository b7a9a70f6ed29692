"""``dataharvest forget`` in a FIFO queue sees every message of every group, and keeps those of others in order."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dataharvest.erasure import group_walk, queues
from dataharvest.erasure.queues import search_queue
from dataharvest.erasure.traces import Day
from estrela.errors import LoadError
from localaws.running import Running

NAMED = "Frida"
Messages = Sequence[tuple[str, str]]
"""Groups and bodies."""


class Crash(BaseException):
    """Simulates the death of a process."""


class Dying:
    """A client of SQS that raises Crash after ``calls`` calls, and on every later call if the process ``is_gone``.

    Only calls named ``after`` are counted, by default those that move messages.
    """

    def __init__(self, sqs: Any, calls: int, *, after: str = "_message_batch", is_gone: bool = False) -> None:
        self.sqs, self.left, self.after, self.is_gone, self.has_died = sqs, calls, after, is_gone, False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            if self.has_died and self.is_gone:
                raise Crash
            answer = getattr(self.sqs, name)(**request)
            if name.endswith(self.after):
                self.left -= 1
            if self.left == 0 and not self.has_died:
                self.has_died = True
                raise Crash
            return answer

        return call


@pytest.fixture(scope="module")
def sqs(aws: Running) -> Any:
    return aws.client("sqs")


@pytest.fixture(autouse=True)
def no_long_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (group_walk, queues):
        monkeypatch.setattr(module, "WAIT_SECONDS", 0)
    monkeypatch.setattr(group_walk, "IDLE_PAUSE_SECONDS", 0)


def queue_of(sqs: Any, messages: Messages, **attributes: str) -> str:
    """Create a FIFO queue with these messages, each with its body as the attribute ``key``; return its URL."""
    queue = {"FifoQueue": "true", **attributes}
    url = str(sqs.create_queue(QueueName=f"walk-{uuid.uuid4().hex}.fifo", Attributes=queue)["QueueUrl"])
    for at, (group, body) in enumerate(messages):
        key = {"key": {"DataType": "String", "StringValue": body}}
        sqs.send_message(
            QueueUrl=url,
            MessageBody=body,
            MessageAttributes=key,
            MessageGroupId=group,
            MessageDeduplicationId=str(at),
        )
    return url


def names_frida(_: Day, text: str) -> bool:
    return text.startswith(NAMED)


def received(sqs: Any, url: str) -> dict[str, list[str]]:
    """Return the bodies of each group in the order in which a consumer receives them; delete them."""
    bodies: dict[str, list[str]] = {}
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
    ).get("Messages"):
        for message in messages:
            assert message["MessageAttributes"]["key"]["StringValue"] == message["Body"]
            bodies.setdefault(message["Attributes"]["MessageGroupId"], []).append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def others_of(messages: Messages) -> dict[str, list[str]]:
    bodies: dict[str, list[str]] = {}
    for group, body in messages:
        if not body.startswith(NAMED):
            bodies.setdefault(group, []).append(body)
    return bodies


def group_of(count: int, group: str = "g") -> list[tuple[str, str]]:
    return [(group, f"message {at}") for at in range(count)]


def test_a_message_behind_many_of_its_group_is_found_and_deleted(sqs: Any) -> None:
    others = group_of(24)
    url = queue_of(sqs, [*others, ("g", NAMED)])
    assert search_queue(sqs, url, names_frida, delete=False) == 1
    assert search_queue(sqs, url, names_frida, delete=True) == 1
    assert search_queue(sqs, url, names_frida, delete=False) == 0
    assert received(sqs, url) == others_of(others)


def test_a_standard_queue_is_searched_without_moving_messages(sqs: Any) -> None:
    url = sqs.create_queue(QueueName=f"walk-{uuid.uuid4().hex}")["QueueUrl"]
    sent = [sqs.send_message(QueueUrl=url, MessageBody=body)["MessageId"] for body in (NAMED, "other")]
    assert search_queue(sqs, url, names_frida, delete=False) == 1
    assert search_queue(sqs, url, names_frida, delete=True) == 1
    (left,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert left["MessageId"] == sent[1]


@pytest.mark.parametrize("after", ["send_message_batch", "delete_message_batch"])
def test_a_killed_walk_loses_nothing_and_the_next_one_restores_the_order(
    sqs: Any, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """The killed process releases nothing. Its messages are visible again after ``HELD_SECONDS``."""
    monkeypatch.setattr(group_walk, "HELD_SECONDS", 1)
    messages = [*group_of(14), ("g", NAMED), *group_of(11, "other")]
    url = queue_of(sqs, messages)
    for calls in (1, 2):
        with pytest.raises(Crash):
            search_queue(Dying(sqs, calls, after=after, is_gone=True), url, names_frida, delete=True)  # type: ignore[arg-type]
        time.sleep(1.2)
    assert search_queue(sqs, url, names_frida, delete=True) <= 1
    assert search_queue(sqs, url, names_frida, delete=False) == 0
    assert received(sqs, url) == others_of(messages)


def test_copies_that_never_were_in_the_order_of_their_numbers_stay_in_place(sqs: Any) -> None:
    """As in a dead-letter queue, which gets copies of several walks in the order in which they failed."""
    url = queue_of(sqs, [])
    for number in (5, 9, 7, 6, 5):
        key = {"key": {"DataType": "String", "StringValue": f"message {number}"}}
        sqs.send_message(
            QueueUrl=url,
            MessageBody=f"message {number}",
            MessageAttributes=key,
            MessageGroupId="g",
            MessageDeduplicationId=f"moved/{number}/{uuid.uuid4().hex}",
        )
    assert search_queue(sqs, url, names_frida, delete=True) == 0
    assert received(sqs, url) == {"g": ["message 5", "message 9", "message 7", "message 6"]}


def test_expired_handles_are_an_error_and_the_next_walk_finishes(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_walk, "HELD_SECONDS", 1)
    messages = [message for group in "abc" for message in group_of(12, group)]
    url, seen = queue_of(sqs, messages), list[str]()

    def keep(message: Any) -> bool:
        seen.append(message["Body"])
        if len(seen) == len(messages) - 1:
            time.sleep(1.2)
        return True

    with pytest.raises(LoadError, match=r"refused to move or delete"):
        group_walk.walk(sqs, url, keep)  # the handles of this batch have expired: FIFO queues refuse them
    assert search_queue(sqs, url, names_frida, delete=False) == 0
    assert received(sqs, url) == others_of(messages)


def test_messages_in_flight_are_an_error(sqs: Any) -> None:
    url = queue_of(sqs, [("g", "first"), ("g", NAMED)])
    (message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)["Messages"]
    with pytest.raises(LoadError) as raised:
        search_queue(sqs, url, names_frida, delete=True)
    name = url.rpartition("/")[2]
    assert str(raised.value) == (
        f"forget: 1 messages of {name} are in flight, so they and those behind them cannot be searched; stop the "
        "consumers, and forget again when they are visible (900 s after a killed forget)"
    )
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert search_queue(sqs, url, names_frida, delete=True) == 1


def test_more_groups_than_can_be_in_flight_are_an_error(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQS shows no further messages then, as if the queue were empty."""
    monkeypatch.setattr(group_walk, "MOST_IN_FLIGHT", 12)
    messages = [(f"group {at}".replace(" ", "-"), "other") for at in range(12)]
    url = queue_of(sqs, messages)
    with pytest.raises(LoadError) as raised:
        search_queue(sqs, url, names_frida, delete=True)
    name = url.rpartition("/")[2]
    assert str(raised.value) == (
        f"forget: {name} has messages of 12 groups or more, and SQS shows no others; let the consumers process some, "
        "stop them, and forget again"
    )
    assert received(sqs, url) == others_of(messages)


def test_a_refused_copy_is_an_error_and_its_original_stays(sqs: Any) -> None:
    url = queue_of(sqs, group_of(3))

    class Refusing:
        def __getattr__(self, name: str) -> Any:
            return getattr(sqs, name)

        def send_message_batch(self, **_: Any) -> Any:
            return {"Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}

    with pytest.raises(LoadError) as raised:
        search_queue(Refusing(), url, names_frida, delete=True)  # type: ignore[arg-type]
    name = url.rpartition("/")[2]
    assert str(raised.value) == (
        f"forget: SQS refused to move or delete messages of {name}: InternalError; no message is lost, forget again"
    )
    assert received(sqs, url) == others_of(group_of(3))


def test_large_messages_are_moved_in_several_calls(sqs: Any) -> None:
    messages = [("g", f"{at}" + "x" * 90_000) for at in range(5)]
    url = queue_of(sqs, [*messages, ("g", NAMED)])
    assert search_queue(sqs, url, names_frida, delete=True) == 1
    assert received(sqs, url) == others_of(messages)


@st.composite
def _messages(draw: st.DrawFn) -> list[tuple[str, str]]:
    least = draw(st.sampled_from((0, 14, 24)))
    places = draw(st.lists(st.tuples(st.sampled_from("aab"), st.booleans()), min_size=least, max_size=28))
    return [(group, f"{NAMED if is_named else 'other'} {at}") for at, (group, is_named) in enumerate(places)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=_messages(), crashes=st.lists(st.integers(1, 8), max_size=3), most=st.sampled_from((10, 10, 4, 1)))
@example(messages=[*group_of(17), *[("g", NAMED)] * 3, ("g", "b"), ("g", "c")], crashes=[5, 4], most=10)
def test_what_remains_is_every_message_of_others_in_order(
    sqs: Any, messages: Messages, crashes: list[int], most: int
) -> None:
    """Also if some walks die, each after any of its calls that move messages, and if SQS returns few messages."""
    url = queue_of(sqs, messages)
    named = sum(body.startswith(NAMED) for _, body in messages)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(group_walk, "BATCH", most)
        for calls in crashes:
            try:
                search_queue(Dying(sqs, calls), url, names_frida, delete=True)  # type: ignore[arg-type]
            except Crash:
                continue
        count = search_queue(sqs, url, names_frida, delete=True)
        assert count <= named if crashes else count == named
        assert search_queue(sqs, url, names_frida, delete=False) == 0
    assert received(sqs, url) == others_of(messages)
    sqs.delete_queue(QueueUrl=url)
