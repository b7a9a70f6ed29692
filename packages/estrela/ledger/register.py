"""Registers arrivals: each version of a file once, however often and in whichever order it is heard of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Cursor

from estrela.hooks.database import DatabaseManager
from estrela.ledger.arrivals import Arrival
from estrela.ledger.state import State
from estrela.model.feed import Feed, OnOverwrite

SEEN = """
UPDATE ledger.files f SET {column} = f.{column} + a.times
FROM unnest(%s::text[], %s::text[], %s::text[], %s::int[]) AS a (bucket, key, version, times)
WHERE (f.bucket, f.key, f.version) = (a.bucket, a.key, a.version)
RETURNING f.bucket, f.key, f.version
"""
OTHERS = """
SELECT id, state, (arrived_at, sequencer) > (%s, %s) AS is_newer FROM ledger.files
WHERE bucket = %s AND key = %s ORDER BY id FOR UPDATE
"""
SUPERSEDED = """
UPDATE ledger.files SET state = 'Filtered Out', reason = 'a newer version arrived before this one was loaded', run = %s
WHERE id = ANY(%s)
"""
INSERTED = """
INSERT INTO ledger.files
  (feed, bucket, key, version, etag, size, place, sequencer, arrived_at, {column}, state, reason, run)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 1, %s, %s, %s)
ON CONFLICT (bucket, key, version) DO UPDATE SET {column} = ledger.files.{column} + 1
"""


@dataclass(frozen=True)
class Judgement:
    """What becomes of an arrival: its ``feed`` (None: no feed takes it), ``place`` in the feed's order and state."""

    feed: Feed | None
    place: str
    state: State
    reason: str


@dataclass(frozen=True)
class Register:
    """Registers files of ``feeds``. ``landing`` is the bucket of the feeds that name none."""

    database: DatabaseManager
    feeds: Mapping[str, Feed]
    landing: str

    def judge(self, arrival: Arrival) -> Judgement:
        """Return the feed of a file, and whether its place, name and size are right."""
        for feed in self.feeds.values():
            origin = feed.origin
            if arrival.bucket == (origin.bucket or self.landing) and arrival.key.startswith(origin.prefix):
                place = origin.place_of(arrival.key)
                if place is None:
                    reason = f"the name does not match {origin.pattern!r} below {origin.prefix}"
                    return Judgement(feed, "", State.REJECTED, reason)
                if arrival.size == 0:
                    return Judgement(feed, place, State.REJECTED, "the file is empty: 0 bytes")
                return Judgement(feed, place, State.NEW, "")
        return Judgement(None, "", State.REJECTED, "no feed is declared for this bucket and folder")

    def register(self, arrivals: Sequence[Arrival], run: str, *, by_event: bool) -> int:
        """Register files; return how many were not known. Known ones are only counted. Raises LoadError."""
        files = [one for one in arrivals if not one.key.endswith("/")]
        column = "events_seen" if by_event else "listings_seen"
        new = 0
        with self.database.transaction("ledger.files") as cursor:
            known = _count_known(cursor, files, column)
            for one in dict.fromkeys(files):
                if (one.bucket, one.key, one.version) not in known:
                    new += self._add(cursor, one, run, column)
        return new

    def _add(self, cursor: Cursor[Any], one: Arrival, run: str, column: str) -> int:
        # Two versions of one key are compared with each other: one after the other.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"{one.bucket}/{one.key}",))
        judged = self.judge(one)
        others = cursor.execute(OTHERS, (one.arrived_at, one.sequencer, one.bucket, one.key)).fetchall()
        state, reason = judged.state, judged.reason
        if judged.feed is not None and state is State.NEW and others:
            state, reason, superseded = _version(judged.feed.on_overwrite, others)
            if superseded:
                cursor.execute(SUPERSEDED, (run, superseded))
        cursor.execute(
            INSERTED.format(column=column),
            (
                judged.feed.name if judged.feed else None, one.bucket, one.key, one.version, one.etag, one.size,
                judged.place, one.sequencer, one.arrived_at, state, reason, run,
            ),
        )  # fmt: skip
        return 1


def _version(policy: OnOverwrite, others: Sequence[tuple[int, str, bool]]) -> tuple[State, str, list[int]]:
    """Return the state of a further version of a file, its reason, and the older versions that need no load now."""
    if policy is OnOverwrite.APPEND_VERSION:
        return State.NEW, "", []
    if any(is_newer for _, _, is_newer in others):
        return State.FILTERED_OUT, "a newer version of the file arrived before", []
    if any(state in (State.DONE, State.IN_PROGRESS) for _, state, _ in others):
        if policy is OnOverwrite.IGNORE:
            return State.FILTERED_OUT, "the file was loaded already, and the feed ignores new versions", []
        if policy is OnOverwrite.REFUSE:
            return State.REJECTED, "the file was loaded already, and the feed refuses new versions", []
    return State.NEW, "", [id_ for id_, state, _ in others if state in (State.NEW, State.FAIL)]


def _count_known(cursor: Cursor[Any], files: Sequence[Arrival], column: str) -> set[tuple[str, str, str]]:
    """Count what is known already, in one statement; return it."""
    times = Counter((one.bucket, one.key, one.version) for one in files)
    if not times:
        return set()
    buckets, keys, versions = map(list, zip(*times, strict=True))
    cursor.execute(SEEN.format(column=column), (buckets, keys, versions, list(times.values())))
    return set(cursor.fetchall())
