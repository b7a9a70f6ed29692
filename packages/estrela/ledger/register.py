"""Registers arrivals: each version of a file once, however often and in whatever order it is reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg import Cursor

from estrela.errors import DefinitionError
from estrela.hooks.database import DatabaseManager
from estrela.ledger.arrivals import Arrival
from estrela.ledger.state import State
from estrela.model.feed import Feed, OnOverwrite

TICK = timedelta(microseconds=1)
SEEN = """
WITH seen AS (
  SELECT f.id, a.times FROM ledger.files f
  JOIN unnest(%s::text[], %s::text[], %s::text[], %s::int[]) AS a (bucket, key, version, times)
    ON (f.bucket, f.key, f.version) = (a.bucket, a.key, a.version)
  ORDER BY f.id FOR UPDATE OF f
)
UPDATE ledger.files f SET {column} = f.{column} + seen.times FROM seen WHERE f.id = seen.id
RETURNING f.bucket, f.key, f.version
"""
"""Locks rows in a fixed order, so that two calls that count the same files cannot deadlock."""
OTHERS = """
SELECT id, state, arrived_at, state <> 'Rejected' AND CASE
    WHEN version = ANY(%(older)s) THEN false
    WHEN %(sequencer)s <> '' AND sequencer <> '' THEN sequencer > %(sequencer)s
    WHEN %(sequencer)s <> '' AND NOT %(is_versioned)s THEN arrived_at >= date_trunc('second', %(at)s)
    WHEN %(sequencer)s = '' AND %(is_versioned)s AND archived_at IS NULL THEN true
    ELSE date_trunc('second', arrived_at) > %(at)s END AS is_newer
FROM ledger.files
WHERE bucket = %(bucket)s AND key = %(key)s AND version <> %(version)s ORDER BY id FOR UPDATE
"""
"""Other versions of a file, each with a flag that it is newer than an arrival.

Sequencers order events; ``arrived_at`` may be later than the time of the event. A listing is exact only to the second,
but it shows all versions in their order. A version that it did not show, and that was not archived, arrived after it.
So did a version whose event is registered after the listing, unless the event's time is in an earlier second.
"""
OVERTAKEN = "a newer version of the file had already arrived"
SUPERSEDED = """
UPDATE ledger.files SET state = 'Filtered Out', reason = 'a newer version arrived before this one was loaded', run = %s
WHERE id = ANY(%s)
"""
INSERTED = """
INSERT INTO ledger.files
  (feed, bucket, key, version, etag, size, place, sequencer, arrived_at, {column}, state, reason, run, is_manifest)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 1, %s, %s, %s, %s)
ON CONFLICT (bucket, key, version) DO UPDATE SET {column} = ledger.files.{column} + 1
RETURNING CAST(xmax = 0 AS int)
"""
"""Returns 1 if the row is new, 0 if a concurrent call registered it first: an updated row has a non-zero ``xmax``."""


LOCKED = """
SELECT pg_advisory_xact_lock(hashtextextended(name, 0))
FROM unnest(%s::text[]) WITH ORDINALITY AS n (name, at) ORDER BY at
"""
"""Takes locks in a fixed order, so that two calls that lock the same names cannot deadlock."""
WITH_VERSIONS = """
SELECT DISTINCT f.bucket, f.key FROM ledger.files f
JOIN unnest(%s::text[], %s::text[]) AS a (bucket, key) ON (f.bucket, f.key) = (a.bucket, a.key)
"""
ALL_INSERTED = """
INSERT INTO ledger.files
  (feed, bucket, key, version, etag, size, place, sequencer, arrived_at, {column}, state, reason, run, is_manifest)
SELECT feed, bucket, key, version, etag, size, place, sequencer, arrived_at, 1, state, reason, %s, is_manifest
FROM unnest(
  %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[],
  %s::text[], %s::text[], %s::boolean[]
) WITH ORDINALITY AS a (
  feed, bucket, key, version, etag, size, place, sequencer, arrived_at, state, reason, is_manifest, at
) ORDER BY at
ON CONFLICT (bucket, key, version) DO UPDATE SET {column} = ledger.files.{column} + 1
RETURNING CAST(xmax = 0 AS int)
"""


@dataclass(frozen=True)
class Judgement:
    """Classification of an arrival: its ``feed`` (None if no feed matches), ``place`` in the feed's order and state.

    ``is_manifest``: the file is a manifest, which names the files of a delivery.
    """

    feed: Feed | None
    place: str
    state: State
    reason: str
    is_manifest: bool = False


@dataclass(frozen=True)
class Register:
    """Registers files of ``feeds``. ``landing`` is the bucket of feeds that name none.

    ``unreadable`` maps the names of unreadable feeds to their problems.
    """

    database: DatabaseManager
    feeds: Mapping[str, Feed]
    landing: str
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def judge(self, arrival: Arrival) -> Judgement:
        """Return the feed of a file, and its state: Rejected if its folder, name or size is wrong, else New.

        Raises DefinitionError if no readable feed matches while another feed is unreadable, as that may be the file's
        feed.
        """
        for feed in self.feeds.values():
            origin = feed.origin
            if arrival.bucket == (origin.bucket or self.landing) and arrival.key.startswith(origin.prefix):
                is_manifest = origin.is_manifest(arrival.key)
                place = "" if is_manifest else origin.place_of(arrival.key)
                if place is None:
                    reason = f"the name does not match {origin.pattern!r} below {origin.prefix}"
                    return Judgement(feed, "", State.REJECTED, reason)
                if arrival.size == 0:
                    return Judgement(feed, place, State.REJECTED, "the file is empty: 0 bytes")
                return Judgement(feed, place, State.NEW, "", is_manifest)
        for name, problem in self.unreadable.items():
            address = f"s3://{arrival.bucket}/{arrival.key}"
            raise DefinitionError(name, f"cannot be read, but {address} may belong to it: {problem}")
        return Judgement(None, "", State.REJECTED, "no feed is declared for this bucket and folder")

    def register(self, arrivals: Sequence[Arrival], run: str, *, by_event: bool) -> int:
        """Register files; return the number of new ones. Known files are only counted.

        Raises LoadError and DefinitionError; then nothing is registered.
        """
        files = [file for file in arrivals if not file.key.endswith("/")]
        column = "events_seen" if by_event else "listings_seen"
        new = 0
        with self.database.transaction("ledger.files") as cursor:
            self._lock(cursor, files)
            known = _count_known(cursor, files, column)
            unknown = [file for file in dict.fromkeys(files) if _version_of(file) not in known]
            fresh = _first_versions(cursor, unknown)
            new += self._add_all(cursor, fresh, run, column)
            for arrival in unknown:
                if arrival not in fresh:
                    new += self._add(cursor, arrival, run, column)
        return new

    def _lock(self, cursor: Cursor[Any], arrivals: Sequence[Arrival]) -> None:
        """Prevent concurrent calls from counting or registering files with the same keys, as versions of a key are
        compared.
        """
        names = sorted({f"{arrival.bucket}/{arrival.key}" for arrival in arrivals})
        cursor.execute(LOCKED, (names,))

    def _others(self, cursor: Cursor[Any], file: Arrival) -> list[Other]:
        """Return the other versions of a file."""
        given = {name: getattr(file, name) for name in ("bucket", "key", "version", "sequencer")}
        given |= {"older": list(file.older), "at": file.arrived_at, "is_versioned": file.version != file.etag}
        return [Other(*row) for row in cursor.execute(OTHERS, given).fetchall()]

    def _add_all(self, cursor: Cursor[Any], arrivals: Sequence[Arrival], run: str, column: str) -> int:
        """Register files without any known version, in one statement; return the number of new ones."""
        if not arrivals:
            return 0
        judged = [self.judge(arrival) for arrival in arrivals]
        values = [
            [judgement.feed.name if judgement.feed else None for judgement in judged],
            *(
                [getattr(arrival, name) for arrival in arrivals]
                for name in ("bucket", "key", "version", "etag", "size")
            ),
            [judgement.place for judgement in judged],
            [arrival.sequencer for arrival in arrivals],
            [arrival.arrived_at for arrival in arrivals],
            [str(judgement.state) for judgement in judged],
            [judgement.reason for judgement in judged],
            [judgement.is_manifest for judgement in judged],
        ]
        cursor.execute(ALL_INSERTED.format(column=column), (run, *values))
        return sum(is_new for (is_new,) in cursor.fetchall())

    def _add(self, cursor: Cursor[Any], file: Arrival, run: str, column: str) -> int:
        judged, others = self.judge(file), self._others(cursor, file)
        state, reason = judged.state, judged.reason
        if judged.feed is not None and state is State.NEW and others:
            state, reason, superseded = _version(judged.feed.on_overwrite, others)
            if superseded:
                cursor.execute(SUPERSEDED, (run, superseded))
        cursor.execute(
            INSERTED.format(column=column),
            (
                judged.feed.name if judged.feed else None, file.bucket, file.key, file.version, file.etag, file.size,
                judged.place, file.sequencer, _arrived_at(file, others), state, reason, run,
                judged.is_manifest,
            ),
        )  # fmt: skip
        row = cursor.fetchone()
        assert row is not None
        return int(row[0])


@dataclass(frozen=True)
class Other:
    """Another version of the same file."""

    id: int
    state: str
    arrived_at: datetime
    is_newer: bool


def _arrived_at(file: Arrival, others: Sequence[Other]) -> datetime:
    """Return an arrival time later than those of the older versions, so that sorting by it gives the right order."""
    return max([file.arrived_at, *(other.arrived_at + TICK for other in others if not other.is_newer)])


def _version(policy: OnOverwrite, others: Sequence[Other]) -> tuple[State, str, list[int]]:
    """Return the state of a further version of a file, the reason, and the older versions that it replaces."""
    if policy is OnOverwrite.APPEND_VERSION:
        return State.NEW, "", []
    if any(other.is_newer for other in others):
        return State.FILTERED_OUT, OVERTAKEN, []
    if any(other.state in (State.DONE, State.IN_PROGRESS) for other in others):
        if policy is OnOverwrite.IGNORE:
            return State.FILTERED_OUT, "the file was loaded already, and the feed ignores new versions", []
        if policy is OnOverwrite.REFUSE:
            return State.REJECTED, "the file was loaded already, and the feed refuses new versions", []
    return State.NEW, "", [other.id for other in others if other.state in (State.NEW, State.FAIL)]


def _version_of(arrival: Arrival) -> tuple[str, str, str]:
    return arrival.bucket, arrival.key, arrival.version


def _first_versions(cursor: Cursor[Any], arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Return the arrivals whose key occurs only once among them, and in no registered file."""
    times = Counter((arrival.bucket, arrival.key) for arrival in arrivals)
    buckets, keys = [bucket for bucket, _ in times], [key for _, key in times]
    known = set(cursor.execute(WITH_VERSIONS, (buckets, keys)).fetchall())
    return [
        arrival
        for arrival in arrivals
        if times[arrival.bucket, arrival.key] == 1 and (arrival.bucket, arrival.key) not in known
    ]


def _count_known(cursor: Cursor[Any], files: Sequence[Arrival], column: str) -> set[tuple[str, str, str]]:
    """Increment the counts of known files, in one statement; return their identities."""
    times = Counter((file.bucket, file.key, file.version) for file in files)
    if not times:
        return set()
    buckets, keys, versions = map(list, zip(*times, strict=True))
    cursor.execute(SEEN.format(column=column), (buckets, keys, versions, list(times.values())))
    return set(cursor.fetchall())
