"""Sends the messages that the ledger notes, each once by each channel."""

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
    """A way to send messages. ``column`` of ``ledger.messages`` says when they were sent."""

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
    """The unsent messages of the last two days: older ones would only puzzle."""

    database: DatabaseManager

    def send(self, channel: Channel, feeds: Iterable[str] | None = None) -> int:
        """Send what is unsent, of ``feeds`` or of all; return the number of messages.

        Rejects of one feed are one digest. A message that was sent is noted at once; a kill right between the two
        sends it again. Raises DeliveryError and LoadError; what was not sent is sent the next time.
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
    """Return the first message, or all rejects of its feed."""
    id_, kind, feed, *_ = unsent[0]
    return [message[0] for message in unsent if message[1:3] == (kind, feed)] if kind == "rejects" else [id_]


def text_of(messages: Sequence[Unsent]) -> tuple[str, str]:
    """Return subject and body of one message, or of a digest of several."""
    if len(messages) == 1:
        return messages[0][3], messages[0][4]
    return f"{messages[0][2]}: rows of {len(messages)} files are rejected", "\n\n".join(
        message[4] for message in messages
    )
