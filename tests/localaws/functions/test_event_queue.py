"""The queue of asynchronous events, with functions in this process."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from waiting import eventually

from localaws.functions.asynchronous import AT_ONCE, Asynchronous
from localaws.functions.documents import Documents
from localaws.functions.errors import LambdaError, not_found
from localaws.functions.event_config_calls import EVENT_CONFIG
from localaws.functions.runner import Result

PREFIX = "arn:aws:lambda:us-east-1:123456789012:function"
TOPIC = "arn:aws:sns:us-east-1:123456789012:told"


class Functions:
    """Functions that succeed, fail, are throttled or wait, according to their name, and the records sent about them."""

    def __init__(self, folder: Path) -> None:
        self.documents = Documents(folder / "lambda.db")
        self.called: list[str] = []
        self.told: list[dict[str, Any]] = []
        self.free = threading.Event()
        self.minute = 0.0

    def version(self, ref: Any) -> Any:
        if ref.name == "gone":
            raise not_found("gone")
        return SimpleNamespace(configuration={})

    def invoke(self, ref: Any, payload: bytes, request_id: str) -> Result:
        self.called.append(ref.name)
        if ref.name == "slow":
            self.free.wait(10)
        if ref.name == "throttled":
            raise LambdaError("TooManyRequestsException", "Rate Exceeded.")
        error = "Unhandled" if ref.name == "failing" else ""
        return Result(request_id, "1", b'{"errorMessage": ""}', error, "")

    def send(self, arn: str, body: str, attributes: Any = None) -> None:
        self.told.append(json.loads(body))

    def configure(self, name: str, **config: Any) -> None:
        self.documents.put(EVENT_CONFIG, f"{PREFIX}:{name}", "$LATEST", config)

    def waiting(self) -> int:
        return int(self.documents.run("SELECT count(*) FROM events")[0][0])

    def condition(self) -> str:
        """Return the condition in the first record."""
        return str(eventually(lambda: self.told)[0]["requestContext"]["condition"])


@pytest.fixture
def functions(tmp_path: Path) -> Iterator[Functions]:
    fakes = Functions(tmp_path)
    yield fakes
    fakes.free.set()
    fakes.documents.close()


@pytest.fixture
def events(functions: Functions) -> Iterator[Callable[[], Asynchronous]]:
    opened: list[Asynchronous] = []

    def start() -> Asynchronous:
        parts: Any = functions
        opened.append(Asynchronous(functions.documents, parts, parts, parts, functions.minute))
        opened[-1].start()
        return opened[-1]

    yield start
    functions.free.set()
    for each in opened:
        each.stop()


def test_a_function_that_is_busy_holds_up_no_other(functions: Functions, events: Callable[[], Asynchronous]) -> None:
    queue = events()
    for _ in range(1100):
        queue.enqueue(f"{PREFIX}:slow", b"{}")
    eventually(lambda: len(functions.called) == AT_ONCE)
    queue.enqueue(f"{PREFIX}:quick", b"{}")
    eventually(lambda: "quick" in functions.called)
    assert functions.called.count("slow") == AT_ONCE


def test_a_missing_destination_does_not_repeat_the_event(
    functions: Functions, events: Callable[[], Asynchronous]
) -> None:
    functions.configure("quick", DestinationConfig={"OnSuccess": {"Destination": f"{PREFIX}:gone"}})
    events().enqueue(f"{PREFIX}:quick", b"{}")
    eventually(lambda: functions.called and not functions.waiting())
    assert functions.called == ["quick"]


def test_a_fault_of_the_queue_causes_no_busy_loop(functions: Functions, events: Callable[[], Asynchronous]) -> None:
    functions.configure("quick", DestinationConfig={"OnSuccess": {"Destination": "no ARN"}})
    events().enqueue(f"{PREFIX}:quick", b"{}")
    eventually(lambda: functions.called)
    time.sleep(0.3)
    assert functions.called == ["quick"]
    assert functions.waiting() == 1


@pytest.mark.parametrize(("name", "age", "calls"), [("failing", 60, 1), ("throttled", 60, 1), ("quick", 0.1, 0)])
def test_an_event_that_is_too_old_is_reported(
    functions: Functions, events: Callable[[], Asynchronous], name: str, age: float, calls: int
) -> None:
    """An event whose retry would be too late, a throttled event, and an event that waited while no server ran."""
    functions.minute = 61.0
    functions.configure(name, MaximumEventAgeInSeconds=age, DestinationConfig={"OnFailure": {"Destination": TOPIC}})
    values = (f"{PREFIX}:{name}", time.time() - (59.5 if name == "throttled" else 1))
    columns = "request, function, qualifier, payload, sent, due, calls, throttles"
    functions.documents.run(f"INSERT INTO events ({columns}) VALUES ('r', ?, '', '{{}}', ?, 0, 0, 0)", values)
    events()
    assert functions.condition() == "EventAgeExceeded"
    assert len(functions.called) == calls
    eventually(lambda: not functions.waiting())


@pytest.mark.parametrize("calls", [0, 1])
def test_a_first_retry_waits_a_minute_and_a_second_one_two(
    functions: Functions, events: Callable[[], Asynchronous], calls: int
) -> None:
    functions.minute = 1000.0
    now = time.time()
    columns = "request, function, qualifier, payload, sent, due, calls, throttles"
    values = (f"{PREFIX}:failing", now, calls)
    functions.documents.run(f"INSERT INTO events ({columns}) VALUES ('r', ?, '', '{{}}', ?, 0, ?, 0)", values)
    events()
    (row,) = eventually(lambda: functions.documents.run(f"SELECT calls, due FROM events WHERE calls > {calls}"))
    assert row[0] == calls + 1
    assert round((row[1] - now) / functions.minute) == calls + 1
    assert functions.called == ["failing"]
