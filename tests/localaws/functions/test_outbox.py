"""The outbox: the order of deliveries, retries, and the end of retries by RetryPolicy."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from waiting import eventually

from localaws.events.bus import message_of
from localaws.events.outbox import Message, Outbox, UndeliverableError
from localaws.events.targets import Targets
from localaws.functions.documents import Documents

ATTRIBUTES = {"attributes": {"a": {"DataType": "String", "StringValue": "b"}}}


class Destinations:
    """Destinations that accept everything at once, except ``slow``, ``down`` and ``none``."""

    def __init__(self, folder: Path) -> None:
        self.documents = Documents(folder / "events.db")
        self.tries: list[str] = []
        self.lost: list[tuple[str, str, str]] = []
        self.free = threading.Event()
        self.outbox = Outbox(self.documents, self._send, lambda _: set(), self._lose, None)
        self.outbox.start()

    def _send(self, message: Message) -> None:
        self.tries.append(message.lane)
        if message.lane == "slow":
            self.free.wait(10)
        if message.lane == "down":
            raise ConnectionError("nobody listens")
        if message.lane == "none":
            raise UndeliverableError("no such queue")

    def _lose(self, message: Message, condition: str, reason: str) -> None:
        self.lost.append((message.lane, condition, reason))


@pytest.fixture
def destinations(tmp_path: Path) -> Iterator[Destinations]:
    fakes = Destinations(tmp_path)
    yield fakes
    fakes.free.set()
    fakes.documents.run("DELETE FROM deliveries")
    fakes.outbox.stop()
    fakes.documents.close()


def test_a_destination_that_is_slow_holds_up_no_other(destinations: Destinations) -> None:
    destinations.outbox.put([Message("slow", {})] * 1100)
    destinations.outbox.put([Message("quick", {})])
    eventually(lambda: "quick" in destinations.tries)
    assert destinations.tries.count("slow") == 1


@pytest.mark.parametrize(
    ("policy", "age", "tries", "condition"),
    [
        ({"MaximumRetryAttempts": 0}, 0, 1, "MaximumRetryAttempts"),
        ({"MaximumRetryAttempts": 1}, 0, 2, "MaximumRetryAttempts"),
        ({"MaximumEventAgeInSeconds": 60}, 61, 1, "MaximumEventAgeInSeconds"),
        ({}, 86401, 1, "MaximumEventAgeInSeconds"),
    ],
)
def test_a_retry_policy_ends_the_tries(
    destinations: Destinations, policy: dict[str, int], age: float, tries: int, condition: str
) -> None:
    message = message_of({"Arn": "down", "RetryPolicy": policy}, {}, "rule")
    values = (message.lane, json.dumps(message.content), time.time() - age)
    destinations.documents.run(
        "INSERT INTO deliveries (lane, message, due, tries, sent) VALUES (?, ?, 0, 0, ?)", values
    )
    destinations.outbox.put([])
    eventually(lambda: destinations.lost)
    assert destinations.lost == [("down", condition, "nobody listens")]
    assert destinations.tries == ["down"] * tries


def test_what_is_undeliverable_is_not_tried_again(destinations: Destinations) -> None:
    destinations.outbox.put([Message("none", {})])
    eventually(lambda: destinations.lost)
    assert (destinations.lost, destinations.tries) == ([("none", "", "no such queue")], ["none"])


def test_deliveries_are_put_in_with_other_changes(destinations: Destinations) -> None:
    """A stream's position and its failed records are stored in one transaction, while the outbox reads its queue."""

    def put() -> None:
        for _ in range(300):
            with destinations.documents.transaction():
                destinations.documents.put("position", "m", "", {})
                destinations.outbox.put([Message("quick", {})])

    writer = threading.Thread(target=put, daemon=True)
    writer.start()
    writer.join(10)
    assert not writer.is_alive(), "the writer and the outbox wait for each other"
    eventually(lambda: len(destinations.tries) == 300)


class Services:
    """SQS and Kinesis that accept everything except the text "no".

    ``calls`` has the bodies of each call, ``is_requested`` tells whether it was an API request.
    """

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.is_requested: list[bool] = []

    def client(self, service: str, region: str) -> Services:
        return self

    def send(self, arn: str, messages: Sequence[tuple[str, str | None]]) -> int:
        self.calls.append([body for body, _ in messages])
        self.is_requested.append(False)
        return next((at for at, (body, _) in enumerate(messages) if body == "no"), len(messages))

    def send_batch(self, arn: str, messages: Sequence[tuple[str, Any, Any]]) -> set[int]:
        self.calls.append([body for body, _, _ in messages])
        self.is_requested.append(True)
        return {at for at, (body, _, _) in enumerate(messages) if body != "no"}

    def put_records(self, StreamARN: str, Records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        self.calls.append([record["Data"].decode() for record in Records])
        self.is_requested.append(True)
        return {"Records": [{"ErrorCode": "x"} if record["Data"] == b"no" else {"ShardId": "s"} for record in Records]}


@pytest.mark.parametrize(
    ("destination", "more", "sizes"),
    [
        ("kinesis:us-east-1:1:stream/s", {"key": "k"}, [25]),
        ("sqs:us-east-1:1:q", {"group": "g"}, [10, 10, 5]),
        ("sqs:us-east-1:1:q", ATTRIBUTES, [10, 10, 5]),
        ("sqs:us-east-1:1:q.fifo", {}, []),
    ],
)
def test_messages_for_one_destination_are_sent_in_few_calls(
    destination: str, more: dict[str, Any], sizes: list[int]
) -> None:
    services: Any = Services()
    messages = [Message(f"arn:aws:{destination}", {"body": str(number), **more}) for number in range(25)]
    taken = Targets(services, services, services).send_together(messages)
    assert [len(call) for call in services.calls] == sizes
    assert services.is_requested == [more != {"group": "g"}] * len(sizes), "plain messages to queues need no request"
    assert taken == set(range(sum(sizes)))
    assert [body for call in services.calls for body in call] == [str(number) for number in range(sum(sizes))]


@pytest.mark.parametrize(
    ("destination", "more", "taken"),
    [
        ("kinesis:us-east-1:1:stream/s", {}, {*range(25)} - {1}),
        ("sqs:us-east-1:1:q", {}, {0}),
        ("sqs:us-east-1:1:q", ATTRIBUTES, {*range(10)} - {1}),
    ],
)
def test_no_call_follows_one_with_a_refused_message(destination: str, more: dict[str, Any], taken: set[int]) -> None:
    services: Any = Services()
    bodies = ["0", "no", *map(str, range(2, 25))]
    messages = [Message(f"arn:aws:{destination}", {"body": body, **more}) for body in bodies]
    assert Targets(services, services, services).send_together(messages) == taken
    assert len(services.calls) == 1


def test_a_message_that_the_queue_refused_is_sent_by_a_request_which_has_the_error() -> None:
    requests, services = Mock(), Mock(**{"send.return_value": 0})
    Targets(requests, services, services).send(Message("arn:aws:sqs:us-east-1:1:q", {"body": "no"}))
    services.send.assert_called_once_with("arn:aws:sqs:us-east-1:1:q", [("no", None)])
    requests.send.assert_called_once_with("arn:aws:sqs:us-east-1:1:q", "no", {}, {})


def test_waiting_messages_are_sent_together(tmp_path: Path) -> None:
    documents, sent = Documents(tmp_path / "events.db"), list[int]()

    def send_together(messages: Sequence[Message]) -> set[int]:
        sent.append(len(messages))
        return set(range(len(messages)))

    outbox = Outbox(documents, lambda _: None, send_together, lambda *_: None, None)
    outbox.put([Message("lane", {})] * 250)
    outbox.start()
    eventually(lambda: not documents.run("SELECT 1 FROM deliveries"))
    outbox.stop()
    documents.close()
    assert sent == [100, 100, 50]
