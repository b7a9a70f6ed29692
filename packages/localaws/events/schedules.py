"""Scheduled rules of EventBridge, and EventBridge Scheduler: moto stores them, and they fire here."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.events.models import events_backends
from moto.scheduler.models import scheduler_backends

from localaws.events.bus import common_content, messages_of
from localaws.events.cron import Schedule, ScheduleError
from localaws.events.outbox import Message, Outbox
from localaws.functions.documents import Documents
from localaws.lasting_problems import LastingProblems

_log = logging.getLogger(__name__)
FIRED = "fired"
_PAUSE = 0.5
_NEW_SECONDS = 30.0
_UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"


@dataclass(frozen=True)
class _Due:
    """A rule or schedule with its ARN as ``key``. A rate counts from ``anchor``; ``messages`` returns its messages."""

    key: str
    schedule: Schedule
    anchor: float
    messages: Callable[[float], list[Message]]
    end: float
    remove: Callable[[], None]


class Schedules:
    """Fires rules and schedules, but not those missed while no server ran. ``save`` stores a service of moto."""

    def __init__(self, documents: Documents, outbox: Outbox, minute: float, save: Callable[[str], None]) -> None:
        self._documents = documents
        self._outbox = outbox
        self._minute = minute
        self._save = save
        self._problems = LastingProblems(_log)
        self._next: dict[tuple[str, Schedule, float], float | None] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)

    def start(self) -> None:
        """Start firing."""
        self._thread.start()

    def stop(self) -> None:
        """Stop firing."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(_PAUSE):
            for due in [*self._rules(), *self._schedules()]:
                subject = f"schedule {due.key}"
                try:
                    self._check_schedule(due)
                    self._problems.succeeded(subject)
                except (ScheduleError, KeyError, ValueError) as error:
                    self._problems.failed(subject, error)

    def _check_schedule(self, due: _Due) -> None:
        now = time.time()
        place = (due.key, due.schedule, due.anchor)
        if place not in self._next:
            self._next[place] = due.schedule.next_after(self._since(due, now), due.anchor)
        moment = self._next[place]
        if moment is None or moment > now or now > due.end:
            return
        with self._documents.transaction():
            self._documents.put(FIRED, due.key, "", {"at": moment})
            self._outbox.put(due.messages(moment))
        self._next[place] = due.schedule.next_after(max(moment, now - 60), due.anchor)
        if due.schedule.is_once:
            due.remove()

    def _since(self, due: _Due, now: float) -> float:
        """Return the time after which a schedule that is seen for the first time fires."""
        fired = float((self._documents.get(FIRED, due.key) or {}).get("at", 0.0))
        if fired or due.schedule.is_once:
            return fired if due.schedule.is_once else max(fired, now - 1)
        return due.anchor - 0.001 if now - due.anchor < _NEW_SECONDS else now - 1

    def _rules(self) -> Iterator[_Due]:
        for backend in _all(events_backends):
            for rule in list(backend.event_buses["default"].rules.values()):
                if rule.scheduled_expression and rule.state != "DISABLED":
                    anchor = vars(rule).setdefault("scheduled_since", time.time())
                    schedule = Schedule(rule.scheduled_expression, minute=self._minute)
                    if schedule.expression.startswith("rate"):  # a rule waits for one period before it fires
                        try:
                            anchor = schedule.next_after(anchor, anchor)
                        except ScheduleError:  # of a home that took such rules
                            continue
                    yield _Due(rule.arn, schedule, anchor, _of_rule(rule), float("inf"), _nothing)

    def _schedules(self) -> Iterator[_Due]:
        for backend in _all(scheduler_backends):
            for group in list(backend.schedule_groups.values()):
                for entry in list(group.schedules.values()):
                    if entry.state != "DISABLED":
                        schedule = Schedule(entry.schedule_expression, entry.schedule_expression_timezone, self._minute)
                        anchor = _seconds(entry.start_date, float(entry.creation_date))
                        end = _seconds(entry.end_date, float("inf"))
                        yield _Due(entry.arn, schedule, anchor, _of_schedule(entry), end, self._remover(group, entry))

    def _remover(self, group: Any, schedule: Any) -> Callable[[], None]:
        def remove() -> None:
            if schedule.action_after_completion == "DELETE":
                group.schedules.pop(schedule.name, None)
                self._save("scheduler")

        return remove


def _of_rule(rule: Any) -> Callable[[float], list[Message]]:
    def messages(moment: float) -> list[Message]:
        event = _event("aws.events", rule.arn, moment, {})
        return messages_of(rule, event)

    return messages


def _of_schedule(schedule: Any) -> Callable[[float], list[Message]]:
    """Return the messages of a schedule with its context attributes.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """

    def messages(moment: float) -> list[Message]:
        target = schedule.target
        event = _event("aws.scheduler", schedule.arn, moment, "{}")
        body = target.get("Input") or json.dumps(event)
        for name, value in (
            ("schedule-arn", schedule.arn), ("scheduled-time", event["time"]),
            ("execution-id", str(uuid.uuid4())), ("attempt-number", "1"),
        ):  # fmt: skip
            body = body.replace(f"<aws.scheduler.{name}>", value)
        content: dict[str, Any] = {"body": body, "rule": schedule.arn}
        content |= common_content(target)
        if key := (target.get("KinesisParameters") or {}).get("PartitionKey"):
            content["key"] = key
        if bus := target.get("EventBridgeParameters"):
            detail = json.loads(body)
            content["event"] = {**event, "source": bus["Source"], "detail-type": bus["DetailType"], "detail": detail}
        if target["Arn"].startswith(_UNIVERSAL):
            content["call"] = target["Arn"].removeprefix(_UNIVERSAL).split(":")
            content["region"] = event["region"]
        return [Message(target["Arn"], content)]

    return messages


def _event(source: str, arn: str, moment: float, detail: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": source,
        "account": arn.split(":")[4],
        "time": datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": arn.split(":")[3],
        "resources": [arn],
        "detail": detail,
    }


def _seconds(value: Any, default: float) -> float:
    """Return a date as seconds since the epoch; moto stores dates as seconds or text."""
    if value is None:
        return default
    if isinstance(value, int | float):
        return float(value)
    text = str(value)
    return float(text) if text.replace(".", "", 1).isdigit() else datetime.fromisoformat(text).timestamp()


def _all(backends: Any) -> Iterator[Any]:
    for account in list(backends.values()):
        yield from list(account.values())


def _nothing() -> None:
    """Do nothing: a rule stays after it fired."""
