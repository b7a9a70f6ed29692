"""Outbox of events: stored before the request that caused them is answered, deleted once they are delivered.

Events for one destination arrive in order, except after a retry or with requested delivery faults.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from localaws.events.misdelivery import Misdelivery
from localaws.functions.documents import Documents

_log = logging.getLogger(__name__)
_SCHEMA = """CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, lane TEXT NOT NULL, message TEXT NOT NULL, due REAL NOT NULL,
    tries INTEGER NOT NULL, sent REAL NOT NULL)"""
_BY_DUE = "CREATE INDEX IF NOT EXISTS deliveries_by_due ON deliveries (due, number)"
_WORKERS = 8
_PAUSE = 60.0
_LONGEST_BACKOFF = 60.0
_LONGEST_LIFE = 86400.0
_GATHERING = 0.02
"""Seconds in which messages that are stored one after another come together: each delivery starts a thread."""
_TOGETHER = 100
"""Maximum number of deliveries that a destination receives together, if it accepts several per call."""
_INSERT = "INSERT INTO deliveries (lane, message, due, tries, sent) VALUES (?, ?, ?, 0, ?)"
_WAITING = """SELECT lane, due FROM deliveries
    WHERE lane NOT IN (SELECT value FROM json_each(?)) ORDER BY due, number LIMIT 1"""
_OF_LANE = """SELECT number, message, tries, sent FROM deliveries
    WHERE lane = ? AND due <= ? ORDER BY due, number LIMIT ?"""


@dataclass(frozen=True)
class Message:
    """One delivery: ``lane`` is the destination's ARN, ``content`` the input of
    :class:`localaws.events.targets.Targets`.
    """

    lane: str
    content: dict[str, Any]


@dataclass(frozen=True)
class _Delivery:
    """A stored message with the number of earlier attempts and the time when it was stored."""

    number: int
    message: Message
    tries: int
    sent: float

    def exhausted(self) -> str:
        """Return the setting of the message's ``retry`` policy that forbids another attempt, or ""."""
        policy = self.message.content.get("retry") or {}
        if self.tries >= policy.get("MaximumRetryAttempts", float("inf")):
            return "MaximumRetryAttempts"
        is_old = time.time() - self.sent > policy.get("MaximumEventAgeInSeconds", _LONGEST_LIFE)
        return "MaximumEventAgeInSeconds" if is_old else ""


class UndeliverableError(Exception):
    """The destination will never accept the event: it does not exist, or refuses the event."""


class Outbox:
    """Deliveries of one home.

    ``send`` delivers one message, and raises UndeliverableError if a retry is useless. ``send_together`` delivers
    several messages to one destination and returns the indexes of those that were accepted; the others are sent one by
    one. ``lost`` is called for undeliverable messages and for those whose retries ended, with the message, the setting
    of RetryPolicy that ended the retries, and the reason.
    """

    def __init__(
        self,
        documents: Documents,
        send: Callable[[Message], None],
        send_together: Callable[[Sequence[Message]], set[int]],
        lost: Callable[[Message, str, str], None],
        misdelivery: Misdelivery | None,
    ) -> None:
        self._documents = documents
        self._send = send
        self._send_together = send_together
        self._lost = lost
        self._misdelivery = misdelivery
        documents.run(_SCHEMA)
        documents.run(_BY_DUE)
        self._under_way: set[str] = set()
        # Not a Condition: a caller of put() may hold the documents' lock, for which the dispatcher waits.
        self._woken = threading.Event()
        self._stopped = False
        self._workers = ThreadPoolExecutor(_WORKERS, "delivery")
        self._thread = threading.Thread(target=self._dispatch, name="deliveries", daemon=True)

    def start(self) -> None:
        """Start delivering, including messages of an earlier server."""
        self._thread.start()

    def stop(self) -> None:
        """Start no new delivery, and wait for the running ones."""
        self._stopped = True
        self._woken.set()
        self._thread.join()
        self._workers.shutdown()

    def put(self, messages: list[Message]) -> None:
        """Store messages; once this returns they will be delivered."""
        now = time.time()
        rows = [
            (message.lane, json.dumps(message.content), now + delay, now)
            for message in messages
            for delay in (self._misdelivery.delays() if self._misdelivery else [0.0])
        ]
        with self._documents.transaction() if len(rows) > 1 else nullcontext():
            for row in rows:
                self._documents.run(_INSERT, row)
        self._woken.set()

    def _dispatch(self) -> None:
        while not self._stopped:
            deliveries, pause = self._next()
            if not deliveries:
                if self._woken.wait(pause):
                    time.sleep(_GATHERING)
                self._woken.clear()  # before the next look, or what comes meanwhile would wait
                continue
            self._under_way.add(deliveries[0].message.lane)
            self._workers.submit(self._deliver, deliveries)

    def _next(self) -> tuple[list[_Delivery], float]:
        """Return the first due deliveries of an idle destination, or none and the seconds until the next is due."""
        now = time.time()
        for lane, due in self._documents.run(_WAITING, (json.dumps([*self._under_way]),)):
            if due > now:
                return [], min(due - now, _PAUSE)
            rows = self._documents.run(_OF_LANE, (lane, now, _TOGETHER))
            return [
                _Delivery(number, Message(lane, json.loads(message)), tries, sent)
                for number, message, tries, sent in rows
            ], 0
        return [], _PAUSE

    def _deliver(self, deliveries: list[_Delivery]) -> None:
        """Make deliveries to one destination, in their order."""
        try:
            taken = self._send_together([delivery.message for delivery in deliveries]) if len(deliveries) > 1 else set()
            self._delete(*(delivery for at, delivery in enumerate(deliveries) if at in taken))
            for delivery in [delivery for at, delivery in enumerate(deliveries) if at not in taken]:
                if self._stopped:
                    return
                self._deliver_one(delivery)
        finally:
            self._under_way.discard(deliveries[0].message.lane)
            self._woken.set()

    def _deliver_one(self, delivery: _Delivery) -> None:
        try:
            self._send(delivery.message)
            self._delete(delivery)
        except UndeliverableError as error:
            self._give_up(delivery, "", str(error))
        except Exception as error:  # noqa: BLE001 - whatever failed, it is tried again
            if condition := delivery.exhausted():
                self._give_up(delivery, condition, str(error))
            else:
                self._put_off(delivery)

    def _give_up(self, delivery: _Delivery, condition: str, reason: str) -> None:
        _log.warning(
            "gave up delivering an event to %s%s: %s", delivery.message.lane, condition and f" ({condition})", reason
        )
        with self._documents.transaction():
            self._lost(delivery.message, condition, reason)
            self._delete(delivery)

    def _put_off(self, delivery: _Delivery) -> None:
        due = time.time() + min(2.0**delivery.tries, _LONGEST_BACKOFF)
        values = (delivery.tries + 1, due, delivery.number)
        self._documents.run("UPDATE deliveries SET tries = ?, due = ? WHERE number = ?", values)

    def _delete(self, *deliveries: _Delivery) -> None:
        if not deliveries:
            return
        numbers = json.dumps([delivery.number for delivery in deliveries])
        self._documents.run("DELETE FROM deliveries WHERE number IN (SELECT value FROM json_each(?))", (numbers,))
