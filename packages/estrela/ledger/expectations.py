"""Late feeds, and files that are empty or odd, compared with the expectations of their feeds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from estrela.hooks.database import DatabaseManager
from estrela.model.feed import Feed

ARRIVED = """
SELECT max(arrived_at) AS newest, coalesce(max(arrived_at) > :after, false) AS is_there
FROM ledger.files WHERE feed = :feed AND state <> 'Rejected'
"""
LOADED = """
SELECT l.id AS load, f.id AS file, f.bucket, f.key, l.rows_in FROM ledger.loads l JOIN ledger.files f ON f.id = l.file
WHERE f.feed = :feed AND l.kind = 'load' AND l.error = '' AND l.ended_at IS NOT NULL ORDER BY l.id DESC LIMIT :most
"""


@dataclass(frozen=True)
class Deviation:
    """A deviation from the expectations: ``kind`` is late, empty or odd.

    ``occasion`` is unique for each due time and load. For a late file, ``file`` is None and ``address`` "".
    """

    kind: str
    feed: str
    occasion: str
    text: str
    file: int | None = None
    address: str = ""


@dataclass(frozen=True)
class Expectations:
    """Compares the ledger with the expectations of feeds. Raises LoadError."""

    database: DatabaseManager

    def unexpected(self, feeds: Iterable[Feed], now: datetime) -> list[Deviation]:
        """Return the deviations at ``now``: late feeds, and feeds whose last file is empty or odd."""
        candidates = (
            candidate for feed in feeds if feed.expected for candidate in (self._late(feed, now), self._odd(feed))
        )
        return [candidate for candidate in candidates if candidate]

    def _late(self, feed: Feed, now: datetime) -> Deviation | None:
        due = feed.expected.due(now) if feed.expected else None
        if due is None:
            return None
        before, last = due
        [arrival] = self.database.query(ARRIVED, {"feed": feed.name, "after": before})
        if arrival["is_there"]:
            return None
        newest = f"the newest arrived at {arrival['newest']:%Y-%m-%d %H:%M}" if arrival["newest"] else "none ever did"
        text = f"no file arrived since {before:%Y-%m-%d %H:%M}, but one was due at {last:%Y-%m-%d %H:%M %Z}; {newest}"
        return Deviation("late", feed.name, f"{feed.name} {last.isoformat()}", text)

    def _odd(self, feed: Feed) -> Deviation | None:
        expected = feed.expected
        assert expected is not None
        loads = self.database.query(LOADED, {"feed": feed.name, "most": expected.last + 1})
        if not loads:
            return None
        newest, *older = loads
        deviation = expected.deviation(newest["rows_in"], [load["rows_in"] for load in older])
        if deviation is None:
            return None
        kind, text = deviation
        address = f"s3://{newest['bucket']}/{newest['key']}"
        return Deviation(kind, feed.name, f"load {newest['load']}", text, newest["file"], address)
