"""Records the messages that are due, and sends them through every channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from estrela.errors import DeliveryError
from estrela.hooks.database import DatabaseManager
from estrela.ledger.notices import Notices
from estrela.ledger.outbox import Channel, Outbox
from estrela.model.feed import Feed


@dataclass(frozen=True)
class MessageCounts:
    """Counts of messages: ``noted`` in the ledger, and ``sent`` per channel; ``failures`` are errors of channels."""

    noted: int
    sent: Mapping[str, int]
    failures: Sequence[DeliveryError]


def send_messages(
    database: DatabaseManager, channels: Iterable[Channel], feeds: Iterable[Feed], now: datetime
) -> MessageCounts:
    """Record the messages about ``feeds`` that are due at ``now``, and send them. Raises LoadError.

    A failed channel does not affect the other; its messages are sent the next time.
    """
    declared = list(feeds)
    noted = Notices(database).note(declared, now)
    sent: dict[str, int] = {}
    failures: list[DeliveryError] = []
    for channel in channels:
        try:
            sent[channel.name] = Outbox(database).send(channel, [feed.name for feed in declared])
        except DeliveryError as error:
            failures.append(error)
    return MessageCounts(noted, sent, failures)
