"""Finds occasions for messages in the ledger, and records each message once.

Everything is read from the ledger, so failures of workers that died are also reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from estrela.hooks.database import DatabaseManager
from estrela.ledger import notice_texts
from estrela.ledger.expectations import Expectations
from estrela.ledger.notice_texts import Notice
from estrela.model.feed import Feed

RECENT = "clock_timestamp() - interval '7 days'"
"""Earliest time of events that are reported."""
FAILED = f"""
SELECT t.id AS transition, f.id AS file, f.feed, f.bucket, f.key, t.reason
FROM ledger.transitions t JOIN ledger.files f ON f.id = t.file
WHERE t.to_state = 'Fail' AND t.at > {RECENT} AND f.feed = ANY(:feeds) AND NOT EXISTS (
  SELECT 1 FROM ledger.messages m WHERE m.kind = 'fail' AND m.occasion = 'transition ' || t.id
) ORDER BY t.id
"""
REJECTED = f"""
SELECT l.id AS load, f.id AS file, f.feed, f.bucket, f.key, l.rows_in, l.rows_rejected, r.line, r.column_name, r.reason
FROM ledger.loads l JOIN ledger.files f ON f.id = l.file
CROSS JOIN LATERAL (SELECT * FROM ledger.rejects WHERE load = l.id ORDER BY line LIMIT 1) r
WHERE l.kind = 'load' AND l.error = '' AND l.rows_rejected > 0 AND l.ended_at > {RECENT} AND f.feed = ANY(:feeds)
  AND NOT EXISTS (SELECT 1 FROM ledger.messages m WHERE m.kind = 'rejects' AND m.occasion = 'load ' || l.id)
ORDER BY l.id
"""
RECOVERED = f"""
SELECT m.id AS message, m.kind, m.subject, m.feed, n.id AS file, n.bucket, n.key FROM ledger.messages m
LEFT JOIN ledger.files f ON f.id = m.file
CROSS JOIN LATERAL (
  SELECT id, bucket, key FROM ledger.files n
  WHERE (m.kind = 'fail' AND (n.bucket, n.key) = (f.bucket, f.key) AND n.state = 'Done' AND n.done_at > m.made_at)
    OR (m.kind = 'late' AND n.feed = m.feed AND n.state <> 'Rejected' AND n.registered_at > m.made_at)
  ORDER BY id LIMIT 1
) n
WHERE m.kind IN ('fail', 'late') AND m.made_at > {RECENT} AND m.feed = ANY(:feeds) AND NOT EXISTS (
  SELECT 1 FROM ledger.messages o WHERE o.kind = 'recovered' AND o.occasion = 'message ' || m.id
) ORDER BY m.id
"""
NOTED = """
INSERT INTO ledger.messages (kind, feed, file, occasion, subject, body)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (kind, occasion) DO NOTHING
"""


@dataclass(frozen=True)
class Notices:
    """Messages about feeds and their files. Raises LoadError."""

    database: DatabaseManager

    def note(self, feeds: Iterable[Feed], now: datetime) -> int:
        """Record every message that is due at ``now``; return the number of new messages."""
        declared = list(feeds)
        notices = list(self._due(declared, now))
        with self.database.transaction("ledger.messages") as cursor:
            given = [
                (notice.kind, notice.feed, notice.file, notice.occasion, notice.subject, notice.body)
                for notice in notices
            ]
            return sum(cursor.execute(NOTED, row).rowcount for row in given)

    def _due(self, feeds: list[Feed], now: datetime) -> Iterator[Notice]:
        given = {"feeds": [feed.name for feed in feeds]}
        yield from map(notice_texts.failed, self.database.query(FAILED, given))
        yield from map(notice_texts.rejected, self.database.query(REJECTED, given))
        yield from map(notice_texts.unexpected, Expectations(self.database).unexpected(feeds, now))
        yield from map(notice_texts.recovered, self.database.query(RECOVERED, given))
