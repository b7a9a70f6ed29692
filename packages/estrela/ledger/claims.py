"""Claims: which worker loads which file, until when, and with which fencing token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Cursor
from psycopg.rows import dict_row

from estrela.errors import ClaimLostError
from estrela.hooks.database import DatabaseManager
from estrela.ledger.state import State
from estrela.model.feed import Feed, OnOverwrite, Order

PLACE = "(place, arrived_at, sequencer, id)"
"""The sort key of a feed's files."""
OLDER_ARE_FILTERED_OUT = f"""
UPDATE ledger.files f SET state = 'Filtered Out', reason = 'a newer file arrived: ' || n.key, run = %(run)s
FROM (
  SELECT key, place, arrived_at, sequencer, id FROM ledger.files
  WHERE feed = %(feed)s AND state = ANY(%(rivals)s) ORDER BY {PLACE} DESC LIMIT 1
) n
WHERE f.feed = %(feed)s AND f.state = 'New'
  AND (f.place, f.arrived_at, f.sequencer, f.id) < (n.place, n.arrived_at, n.sequencer, n.id)
"""
CLAIMABLE = """
  SELECT c.id FROM ledger.files c
  WHERE c.feed = %(feed)s AND c.state = 'New' AND NOT EXISTS (
    SELECT 1 FROM ledger.files b
    WHERE b.feed = c.feed AND (
      (b.state = 'In Progress' AND (%(serial)s OR (b.bucket, b.key) = (c.bucket, c.key)))
      OR (%(in_order)s AND b.state = 'Fail'
          AND (b.place, b.arrived_at, b.sequencer, b.id) < (c.place, c.arrived_at, c.sequencer, c.id))
    )
  )
"""
CLAIM = f"""
UPDATE ledger.files f
SET state = 'In Progress', reason = '', run = %(run)s, attempts = f.attempts + 1, fence = nextval('ledger.fence'),
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE f.id IN (
  {CLAIMABLE}
  ORDER BY {PLACE} LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING f.id, f.bucket, f.key, f.version, f.etag, f.size, coalesce(f.archive_uri, ''), f.fence, f.attempts
"""
HAS_WORK = f"""
SELECT EXISTS ({CLAIMABLE}) OR EXISTS (
  SELECT 1 FROM ledger.files WHERE feed = %(feed)s AND state = 'In Progress' AND lease_until <= clock_timestamp()
)
"""
WAITING = f"SELECT * FROM ledger.files WHERE feed = %s AND state = 'New' ORDER BY {PLACE}"
GIVEN_UP = """
UPDATE ledger.files SET state = 'Fail', reason = %s, lease_until = NULL, fence = nextval('ledger.fence')
WHERE run = %s AND state = 'In Progress'
"""
HEARTBEAT = """
UPDATE ledger.files SET lease_until = clock_timestamp() + make_interval(secs => %s)
WHERE id = %s AND fence = %s AND state = 'In Progress' AND lease_until > clock_timestamp()
"""
SETTLE = """
UPDATE ledger.files
SET state = %s, superseded_by = NULL, reason = %s, lease_until = NULL, sha256 = coalesce(%s, sha256),
    rows_in = %s, rows_loaded = %s, rows_rejected = %s,
    done_at = CASE WHEN %s = 'Done' THEN clock_timestamp() ELSE done_at END
WHERE id = %s AND fence = %s AND state = 'In Progress' AND lease_until > clock_timestamp()
"""
SWEEP = """
UPDATE ledger.files f SET
  state = CASE
    WHEN %(one_version)s AND EXISTS (
      SELECT 1 FROM ledger.files n
      WHERE (n.bucket, n.key) = (f.bucket, f.key) AND n.state IN ('New', 'In Progress', 'Done', 'Fail')
        AND (n.arrived_at, n.sequencer, n.id) > (f.arrived_at, f.sequencer, f.id)
    ) THEN 'Filtered Out'
    WHEN f.attempts >= %(most)s THEN 'Fail' ELSE 'New' END,
  reason = 'the lease of run ' || f.run || ' ended without a result, attempt ' || f.attempts,
  lease_until = NULL, fence = nextval('ledger.fence'), run = %(run)s
WHERE f.feed = %(feed)s AND f.state = 'In Progress' AND f.lease_until <= clock_timestamp()
"""


@dataclass(frozen=True)
class Claim:
    """A file that one worker may load until its lease ends. ``fence`` is larger than that of every earlier claim."""

    feed: Feed
    run: str
    file: int
    bucket: str
    key: str
    version: str
    etag: str
    size: int
    archive_uri: str
    fence: int
    attempt: int

    @property
    def address(self) -> str:
        """Address of the file."""
        return f"s3://{self.bucket}/{self.key}"


def unclaimed(feed: Feed, run: str, file: Mapping[str, Any]) -> Claim:
    """Return a row of ``ledger.files`` as a claim that can settle nothing, to read its file."""
    return Claim(
        feed,
        run,
        file["id"],
        file["bucket"],
        file["key"],
        file["version"],
        file["etag"],
        file["size"],
        file["archive_uri"] or "",
        fence=0,
        attempt=0,
    )


@dataclass(frozen=True)
class Account:
    """Counts of a load: ``rows`` of the file = loaded + rejected. ``changed`` rows of the target differ."""

    rows: int = 0
    loaded: int = 0
    rejected: int = 0
    changed: int = 0


@dataclass(frozen=True)
class Claims:
    """Claims on the files of the ledger; each call is one transaction. ``lease`` is in seconds. Raises LoadError."""

    database: DatabaseManager
    lease: float = 300.0

    def has_work(self, feed: Feed) -> bool:
        """Return whether a file of ``feed`` may be claimed now, or waits for a run that died."""
        with self.database.transaction("ledger.files") as cursor:
            found = cursor.execute(HAS_WORK, _given(feed)).fetchone()
        return bool(found and found[0])

    def waiting(self, feed: Feed, run: str) -> list[Claim]:
        """Return the new files of ``feed`` in its order, as claims that can settle nothing."""
        with self.database.transaction("ledger.files") as cursor:
            rows = cursor.connection.cursor(row_factory=dict_row)
            return [unclaimed(feed, run, file) for file in rows.execute(WAITING, (feed.name,)).fetchall()]

    def filter_out(self, feed: Feed, run: str) -> int:
        """Filter out the files that a newer one makes unnecessary, by the feed's order; return their number."""
        with self.database.transaction("ledger.files") as cursor:
            return _filtered_out(cursor, feed, run)

    def claim(self, feed: Feed, run: str) -> Claim | None:
        """Claim the next file of ``feed`` by its order; None if there is none to load now."""
        given = {**_given(feed), "run": run, "lease": self.lease}
        with self.database.transaction("ledger.files") as cursor:
            _filtered_out(cursor, feed, run)
            found = cursor.execute(CLAIM, given).fetchone()
        return Claim(feed, run, *found) if found else None

    def give_up(self, run: str, reason: str) -> int:
        """Fail the files that ``run`` has claimed and not settled; it cannot commit them later. Return their number."""
        with self.database.transaction("ledger.files") as cursor:
            return cursor.execute(GIVEN_UP, (reason, run)).rowcount

    def heartbeat(self, claim: Claim) -> bool:
        """Extend the lease; return False if the claim is lost."""
        with self.database.transaction("ledger.files") as cursor:
            return cursor.execute(HEARTBEAT, (self.lease, claim.file, claim.fence)).rowcount == 1

    def sweep(self, feed: Feed, run: str) -> int:
        """Give back the files whose lease ended; those that were tried too often fail. Return their number."""
        with self.database.transaction("ledger.files") as cursor:
            given = {"feed": feed.name, "run": run, "most": feed.max_attempts}
            one_version = feed.on_overwrite is not OnOverwrite.APPEND_VERSION
            return cursor.execute(SWEEP, {**given, "one_version": one_version}).rowcount


def _given(feed: Feed) -> dict[str, object]:
    return {"feed": feed.name, "serial": feed.is_serial, "in_order": feed.order is Order.IN_ORDER}


def _filtered_out(cursor: Cursor[Any], feed: Feed, run: str) -> int:
    if feed.is_serial:
        # Another claim that is not committed yet would be invisible: one at a time, each with a new snapshot.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", (feed.name,))
    rivals = _rivals(feed)
    if not rivals:
        return 0
    return cursor.execute(OLDER_ARE_FILTERED_OUT, {"feed": feed.name, "run": run, "rivals": rivals}).rowcount


def _rivals(feed: Feed) -> list[str]:
    """Return the states of newer files that make a new file unnecessary."""
    if feed.order is Order.NEWEST:
        return [State.NEW, State.IN_PROGRESS, State.DONE]
    return [State.DONE] if feed.is_whole else []


def settle(
    cursor: Cursor[Any], claim: Claim, state: str, reason: str = "", *, account: Account | None = None, sha256: str = ""
) -> None:
    """End a claim in the transaction of ``cursor``. Raises ClaimLostError if another worker may have the file."""
    counts = (account.rows, account.loaded, account.rejected) if account else (None, None, None)
    given = (state, reason, sha256 or None, *counts, state, claim.file, claim.fence)
    if cursor.execute(SETTLE, given).rowcount != 1:
        raise ClaimLostError(claim.feed.name, claim.address)
