"""Sends the messages recorded in the ledger, each once per channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from psycopg.sql import SQL, Identifier

from estrela.hooks.database import DatabaseManager

NEXT = SQL("""
SELECT id, kind, feed, subject, body FROM ledger.messages
WHERE {} IS NULL AND made_at > clock_timestamp() - interval '2 days' AND (%s::text[] IS NULL OR feed = ANY(%s))
ORDER BY feed, kind, id LIMIT 200 FOR UPDATE SKIP LOCKED
""")
SENT = SQL("UPDATE ledger.messages SET {} = clock_timestamp() WHERE id = ANY(%s)")
Unsent = tuple[int, str, str, str, str]


class Channel(Protocol):
    """A way to send messages. ``column`` is the column of ``ledger.messages`` with the time of sending."""

    @property
    def name(self) -> str:
        """Name for people."""

    @property
    def column(self) -> str:
        """``mailed_at`` or ``posted_at``."""

    def send(self, subject: str, body: str) -> None:
        """Send one message. Raises DeliveryError."""


@dataclass(frozen=True)
class Outbox:
    """The unsent messages of the last two days; older ones would only confuse."""

    database: DatabaseManager

    def send(self, channel: Channel, feeds: Iterable[str] | None = None) -> int:
        """Send the unsent messages of ``feeds``, or of all feeds; return the number of messages sent.

        Rejects of one feed are sent as one digest. Each message is marked as sent immediately afterwards; if the
        process is killed in between, it is sent again. Raises DeliveryError and LoadError; the remaining messages are
        sent the next time.
        """
        sent, names = 0, None if feeds is None else list(feeds)
        column = Identifier(channel.column)
        while True:
            with self.database.transaction("ledger.messages") as cursor:
                unsent = cursor.execute(NEXT.format(column), (names, names)).fetchall()
                if not unsent:
                    return sent
                ids = _first(unsent)
                subject, body = text_of([message for message in unsent if message[0] in ids])
                channel.send(subject, body)
                cursor.execute(SENT.format(column), (ids,))
            sent += 1


def _first(unsent: Sequence[Unsent]) -> list[int]:
    """Return the id of the first message; if it is about rejects, the ids of all messages about rejects of its feed."""
    id_, kind, feed, *_ = unsent[0]
    return [message[0] for message in unsent if message[1:3] == (kind, feed)] if kind == "rejects" else [id_]


def text_of(messages: Sequence[Unsent]) -> tuple[str, str]:
    """Return subject and body of one message, or of a digest of several."""
    if len(messages) == 1:
        return messages[0][3], messages[0][4]
    return f"{messages[0][2]}: rows of {len(messages)} files are rejected", "\n\n".join(
        message[4] for message in messages
    )
