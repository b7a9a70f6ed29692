"""Open incidents and the messages about them: one when an incident begins, one when it is over.

The record is one JSON object in the lake, so that it survives Airflow and its database. A message is stored before it
is sent, and marked per channel afterwards. A kill between the two sends it twice; no message is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from estrela.errors import DeliveryError, LoadError
from estrela.hooks.json_objects import JsonObjects

ATTEMPTS = 20


class Channel(Protocol):
    """A channel for messages."""

    @property
    def name(self) -> str:
        """Name of the channel as shown to people."""

    def send(self, subject: str, body: str) -> None:
        """Send one message. Raises DeliveryError."""


@dataclass(frozen=True)
class Message:
    """A message that some channel has not sent yet; ``sent`` names the channels that have sent it."""

    subject: str
    body: str
    sent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Record:
    """Open incidents and unsent messages. ``since`` maps each incident to its start (UTC, ISO 8601).

    ``watched_since`` is the time of the first check.
    """

    watched_since: str
    since: Mapping[str, str] = field(default_factory=dict)
    unsent: tuple[Message, ...] = ()

    def began(self, name: str) -> datetime:
        """Return when the open incident ``name`` began."""
        return datetime.fromisoformat(self.since[name])


@dataclass(frozen=True)
class Delivery:
    """Number of messages sent per channel, and the ``failures`` of channels that are down."""

    sent: Mapping[str, int]
    failures: tuple[DeliveryError, ...]


@dataclass(frozen=True)
class Incidents:
    """The record in ``ops/incidents/<name>.json``."""

    objects: JsonObjects
    name: str

    def change(self, changed: Callable[[Record], Record], now: datetime) -> tuple[Record, Record]:
        """Apply ``changed`` to the record and store the result; return the record before and after.

        ``changed`` may be called several times. Raises LoadError if other writers are faster at every attempt.
        """
        for _ in range(ATTEMPTS):
            value, version = self.objects.read(self._key)
            before = _record(value) if value else Record(now.astimezone(UTC).isoformat(timespec="seconds"))
            after = changed(before)
            if (value and after == before) or self.objects.write(self._key, _value(after), version):
                return before, after
        raise LoadError(self._key, f"other writers committed first at each of {ATTEMPTS} attempts; run the task again")

    def deliver(self, channels: Iterable[Channel], now: datetime) -> Delivery:
        """Send each stored message through those of ``channels`` that have not sent it; drop messages sent by all.

        A channel that is down does not affect the others. Without channels, messages are dropped. Raises LoadError.
        """
        given = list(channels)
        sent, failures = {channel.name: 0 for channel in given}, []
        _, record = self.change(lambda known: known, now)
        for channel in given:
            try:
                for message in record.unsent:
                    if channel.name not in message.sent:
                        channel.send(message.subject, message.body)
                        self.change(_marked(message, channel.name), now)
                        sent[channel.name] += 1
            except DeliveryError as error:
                failures.append(error)
        names = {channel.name for channel in given}
        self.change(lambda known: replace(known, unsent=tuple(m for m in known.unsent if names - {*m.sent})), now)
        return Delivery(sent, tuple(failures))

    @property
    def _key(self) -> str:
        return f"ops/incidents/{self.name}.json"


def _marked(message: Message, channel: str) -> Callable[[Record], Record]:
    """Return the change that marks ``message`` as sent by ``channel``."""

    def changed(record: Record) -> Record:
        known = ((unsent, (unsent.subject, unsent.body) == (message.subject, message.body)) for unsent in record.unsent)
        return replace(
            record,
            unsent=tuple(replace(unsent, sent=(*unsent.sent, channel)) if same else unsent for unsent, same in known),
        )

    return changed


def _record(value: Mapping[str, Any]) -> Record:
    messages = tuple(
        Message(message["subject"], message["body"], tuple(message["sent"])) for message in value["unsent"]
    )
    return Record(value["watched_since"], value["since"], messages)


def _value(record: Record) -> dict[str, Any]:
    messages = [
        {"subject": message.subject, "body": message.body, "sent": list(message.sent)} for message in record.unsent
    ]
    return {"watched_since": record.watched_since, "since": dict(record.since), "unsent": messages}
