"""Asynchronous invocations: events are stored, run and retried, and their result is sent to their destinations.

An event is deleted only after its result was sent. If the server is killed before that, the event runs again, which
Lambda allows too. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from localaws.functions.delivery import Delivery
from localaws.functions.destinations import Destinations, Ending
from localaws.functions.documents import Documents
from localaws.functions.errors import LambdaError
from localaws.functions.event_config_calls import EVENT_CONFIG
from localaws.functions.names import LATEST, split
from localaws.functions.records import Records
from localaws.functions.runner import Result, Runner

_log = logging.getLogger(__name__)
DEFAULT_RETRIES = 2
DEFAULT_AGE = 21600
# Maximum number of concurrent events of one function. AWS also sends the queued events to a function gradually.
AT_ONCE = 8
_LONGEST_THROTTLE_PAUSE = 300.0
_PAUSE = 60.0
_PAUSE_AFTER_FAULT = 10.0
_WAITING = """SELECT number, request, function, qualifier, payload, sent, calls, throttles, due FROM events
    WHERE function NOT IN (SELECT value FROM json_each(?)) AND number NOT IN (SELECT value FROM json_each(?))
    ORDER BY due, number LIMIT 1"""


@dataclass(frozen=True)
class _Event:
    number: int
    request_id: str
    function: str
    qualifier: str
    payload: bytes
    sent: float
    calls: int
    throttles: int

    @property
    def arn(self) -> str:
        return f"{self.function}:{self.qualifier}" if self.qualifier else self.function


class Asynchronous:
    """The queue of events; ``minute`` is the length in seconds of the minute that AWS waits before a first retry."""

    def __init__(
        self, documents: Documents, records: Records, runner: Runner, delivery: Delivery, minute: float
    ) -> None:
        self._documents = documents
        self._records = records
        self._runner = runner
        self._minute = minute
        self._destinations = Destinations(delivery, self.enqueue)
        self._running: Counter[str] = Counter()
        self._claimed: set[int] = set()
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._dispatch, name="asynchronous invocations", daemon=True)

    def start(self) -> None:
        """Run due events, including those of an earlier server."""
        self._thread.start()

    def stop(self) -> None:
        """Start no new event."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def enqueue(self, arn: str, payload: bytes) -> str:
        """Store an event for a function and return its request ID. Raises LambdaError if the function is missing."""
        ref = split(arn)
        self._records.version(ref)
        request_id, now = str(uuid.uuid4()), time.time()
        columns = "request, function, qualifier, payload, sent, due, calls, throttles"
        values = (request_id, ref.arn, ref.qualifier, payload, now, now)
        self._documents.run(f"INSERT INTO events ({columns}) VALUES (?, ?, ?, ?, ?, ?, 0, 0)", values)  # noqa: S608
        with self._changed:
            self._changed.notify_all()
        return request_id

    def _dispatch(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                event, pause = self._next()
                if event is None:
                    self._changed.wait(pause)
                    continue
                self._claimed.add(event.number)
                self._running[event.function] += 1
            threading.Thread(target=self._run, args=(event,), daemon=True).start()

    def _next(self) -> tuple[_Event | None, float]:
        """Return the next due event, or None and the seconds until one is due."""
        full = [function for function, running in self._running.items() if running >= AT_ONCE]
        now = time.time()
        for *values, due in self._documents.run(_WAITING, (json.dumps(full), json.dumps([*self._claimed]))):
            if due > now:
                return None, min(due - now, _PAUSE)
            return _Event(*values), 0
        return None, _PAUSE

    def _run(self, event: _Event) -> None:
        try:
            self._attempt(event)
        except Exception as error:  # noqa: BLE001 - the other events must go on
            _log.error("asynchronous event of %s", event.arn, exc_info=error)
            with suppress(sqlite3.Error):  # the server ends
                self._put_off(event, time.time() + _PAUSE_AFTER_FAULT)
        finally:
            with self._changed:
                self._claimed.discard(event.number)
                self._running[event.function] -= 1
                self._changed.notify_all()

    def _attempt(self, event: _Event) -> None:
        config = self._documents.get(EVENT_CONFIG, event.function, event.qualifier or LATEST) or {}
        oldest = config.get("MaximumEventAgeInSeconds") or DEFAULT_AGE
        if time.time() - event.sent > oldest:
            self._end(event, "EventAgeExceeded", event.calls, None)
            return
        try:
            result = self._runner.invoke(split(event.arn), event.payload, event.request_id)
        except LambdaError as error:
            if error.code == "TooManyRequestsException":
                self._wait_for_room(event, oldest)
            else:  # the function was deleted
                self._delete(event)
            return
        calls = event.calls + 1
        if not result.function_error:
            self._end(event, "Success", calls, result)
            return
        due = time.time() + self._minute * calls
        if calls > config.get("MaximumRetryAttempts", DEFAULT_RETRIES):
            self._end(event, "RetriesExhausted", calls, result)
        elif due - event.sent > oldest:
            self._end(event, "EventAgeExceeded", calls, result)
        else:
            self._put_off(event, due, calls=calls)

    def _wait_for_room(self, event: _Event, oldest: float) -> None:
        """Postpone a throttled event: by one second at first, then by twice as long each time."""
        due = time.time() + min(2.0**event.throttles, _LONGEST_THROTTLE_PAUSE)
        if due - event.sent > oldest:
            self._end(event, "EventAgeExceeded", event.calls, None)
            return
        self._put_off(event, due, throttles=event.throttles + 1)

    def _put_off(self, event: _Event, due: float, calls: int | None = None, throttles: int | None = None) -> None:
        """Postpone an event until ``due``, and update the given counts."""
        counts = (event.calls if calls is None else calls, event.throttles if throttles is None else throttles)
        statement = "UPDATE events SET calls = ?, throttles = ?, due = ? WHERE number = ?"
        self._documents.run(statement, (*counts, due, event.number))

    def _end(self, event: _Event, condition: str, calls: int, result: Result | None) -> None:
        ending = Ending(event.arn, condition, calls, event.payload, result, event.request_id)
        config = self._documents.get(EVENT_CONFIG, event.function, event.qualifier or LATEST) or {}
        side = "OnSuccess" if condition == "Success" else "OnFailure"
        arn = ((config.get("DestinationConfig") or {}).get(side) or {}).get("Destination")
        if arn:
            self._destinations.record(arn, ending)
        if condition != "Success" and (queue := self._dead_letter_arn(event)):
            self._destinations.dead_letter(queue, ending)
        self._delete(event)

    def _dead_letter_arn(self, event: _Event) -> str:
        try:
            shown = self._records.version(split(event.arn)).configuration
        except LambdaError:
            return ""
        return str(shown.get("DeadLetterConfig", {}).get("TargetArn", ""))

    def _delete(self, event: _Event) -> None:
        self._documents.run("DELETE FROM events WHERE number = ?", (event.number,))
