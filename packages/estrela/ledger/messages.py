"""Notes what somebody should hear of, and sends it by every channel."""

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
class Told:
    """Counts of messages: ``noted``, and ``sent`` by each channel; the ``failures`` of channels that are down."""

    noted: int
    sent: Mapping[str, int]
    failures: Sequence[DeliveryError]


def tell(database: DatabaseManager, channels: Iterable[Channel], feeds: Iterable[Feed], now: datetime) -> Told:
    """Note what is due at ``now`` about ``feeds``, and send it. Raises LoadError.

    One channel that is down keeps nothing from the other, and gets its messages the next time.
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
    return Told(noted, sent, failures)
