"""Events on their way: stored before whoever caused them is answered, deleted once they are delivered.

Events for one destination arrive in their order, unless misdelivery is asked for.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
_MOST_WAITING = 1000
_PAUSE = 60.0
_LONGEST_BACKOFF = 60.0
_LONGEST_LIFE = 86400.0


@dataclass(frozen=True)
class Message:
    """One delivery: ``lane`` is the ARN it goes to, ``content`` what :class:`localaws.events.targets.Targets` takes."""

    lane: str
    content: dict[str, Any]


class UndeliverableError(Exception):
    """A destination that will never take an event: it does not exist, or refuses it."""


class Outbox:
    """Deliveries of one home.

    ``send`` delivers one, and raises UndeliverableError where trying again is in vain; ``lost`` hears of those.
    """

    def __init__(
        self,
        documents: Documents,
        send: Callable[[Message], None],
        lost: Callable[[Message, str], None],
        misdelivery: Misdelivery | None,
    ) -> None:
        self._documents = documents
        self._send = send
        self._lost = lost
        self._misdelivery = misdelivery
        documents.run(_SCHEMA)
        documents.run(_BY_DUE)
        self._under_way: set[str] = set()
        self._changed = threading.Condition()
        self._stopped = False
        self._workers = ThreadPoolExecutor(_WORKERS, "delivery")
        self._thread = threading.Thread(target=self._dispatch, name="deliveries", daemon=True)

    def start(self) -> None:
        """Deliver what is due, also what an earlier server left."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no other delivery, and wait for those under way."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join()
        self._workers.shutdown()

    def put(self, messages: list[Message]) -> None:
        """Store deliveries; they are on their way when this returns."""
        now = time.time()
        with self._documents.transaction():
            for message in messages:
                for delay in self._misdelivery.delays() if self._misdelivery else [0.0]:
                    values = (message.lane, json.dumps(message.content), now + delay, now)
                    columns = "lane, message, due, tries, sent"
                    self._documents.run(f"INSERT INTO deliveries ({columns}) VALUES (?, ?, ?, 0, ?)", values)  # noqa: S608
        with self._changed:
            self._changed.notify_all()

    def _dispatch(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                rows, pause = self._due()
                for _, lane, *_ in rows:
                    self._under_way.add(lane)
                if not rows:
                    self._changed.wait(pause)
            for row in rows:
                self._workers.submit(self._deliver, *row)

    def _due(self) -> tuple[list[tuple[int, str, str, int, float]], float]:
        """Return the first due delivery of each lane that is free, or the seconds until one is due."""
        query = "SELECT number, lane, message, tries, sent, due FROM deliveries ORDER BY due, number LIMIT ?"
        now, taken = time.time(), set(self._under_way)
        rows: list[tuple[int, str, str, int, float]] = []
        for *row, due in self._documents.run(query, (_MOST_WAITING,)):
            if due > now:
                return rows, min(due - now, _PAUSE)
            if row[1] not in taken:
                taken.add(row[1])
                rows.append((row[0], row[1], row[2], row[3], row[4]))
        return rows, _PAUSE

    def _deliver(self, number: int, lane: str, message: str, tries: int, sent: float) -> None:
        parcel = Message(lane, json.loads(message))
        try:
            self._send(parcel)
            self._delete(number)
        except UndeliverableError as error:
            _log.warning("an event for %s is lost: %s", lane, error)
            self._lost(parcel, str(error))
            self._delete(number)
        except Exception as error:  # noqa: BLE001 - whatever failed, it is tried again
            self._put_off(number, tries, sent, error)
        finally:
            with self._changed:
                self._under_way.discard(lane)
                self._changed.notify_all()

    def _put_off(self, number: int, tries: int, sent: float, error: Exception) -> None:
        now = time.time()
        if now - sent > _LONGEST_LIFE:
            _log.warning("an event is lost after a day: %s", error)
            self._delete(number)
            return
        due = now + min(2.0**tries, _LONGEST_BACKOFF)
        self._documents.run("UPDATE deliveries SET tries = ?, due = ? WHERE number = ?", (tries + 1, due, number))

    def _delete(self, number: int) -> None:
        self._documents.run("DELETE FROM deliveries WHERE number = ?", (number,))
