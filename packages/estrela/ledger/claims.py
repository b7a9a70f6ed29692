"""Claims: leases on files, with the worker, the end of the lease and a fencing token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Cursor
from psycopg.rows import dict_row

from estrela.errors import ClaimLostError
from estrela.hooks.database import DatabaseManager
from estrela.ledger.batch import ONE_FILE, BatchLimit, Candidate, batch_of
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
FROM ledger.files c
WHERE c.feed = %(feed)s AND c.state = 'New' AND NOT c.is_manifest AND NOT EXISTS (
  SELECT 1 FROM ledger.files b
  WHERE b.feed = c.feed AND b.state = 'In Progress' AND (%(serial)s OR (b.bucket, b.key) = (c.bucket, c.key))
) AND NOT (%(in_order)s AND EXISTS (
  SELECT 1 FROM ledger.files b WHERE b.feed = c.feed AND b.state = 'Fail'
    AND (b.place, b.arrived_at, b.sequencer, b.id) < (c.place, c.arrived_at, c.sequencer, c.id)
)) AND (NOT %(by_manifest)s OR EXISTS (
  SELECT 1 FROM ledger.deliveries d JOIN ledger.files m ON m.id = d.manifest
  WHERE (d.bucket, d.key) = (c.bucket, c.key) AND coalesce(d.size, c.size) = c.size
    AND m.feed = c.feed AND m.state = 'Done' AND NOT EXISTS (
      SELECT 1 FROM ledger.deliveries x WHERE x.manifest = d.manifest AND NOT EXISTS (
        SELECT 1 FROM ledger.files f WHERE (f.bucket, f.key) = (x.bucket, x.key) AND f.feed = m.feed
          AND f.state IN ('New', 'In Progress', 'Done', 'Fail') AND coalesce(x.size, f.size) = f.size
      )
    )
))
"""
MANIFEST = f"""
SELECT id FROM ledger.files WHERE feed = %(feed)s AND state = 'New' AND is_manifest
ORDER BY {PLACE} LIMIT 1 FOR UPDATE SKIP LOCKED
"""
CANDIDATES = f"""
SELECT c.id, c.bucket, c.key, c.size, c.attempts > 0 OR EXISTS (
  SELECT 1 FROM ledger.files o WHERE (o.bucket, o.key) = (c.bucket, c.key) AND o.state = 'Done'
)
{CLAIMABLE}
ORDER BY {PLACE} LIMIT %(most)s FOR UPDATE OF c"""
SKIPPING = f"{CANDIDATES} SKIP LOCKED"
"""Skips files that others have locked. If the order matters, a file that is being registered must not be skipped."""
CLAIM = """
UPDATE ledger.files f
SET state = 'In Progress', reason = '', run = %(run)s, attempts = f.attempts + 1, fence = nextval('ledger.fence'),
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE f.id = ANY(%(ids)s)
RETURNING f.id, f.bucket, f.key, f.version, f.etag, f.size, coalesce(f.archive_uri, ''), f.fence, f.attempts
"""
HAS_WORK = f"""
SELECT EXISTS (SELECT 1 {CLAIMABLE}) OR EXISTS (
  SELECT 1 FROM ledger.files WHERE feed = %(feed)s AND (
    state = 'In Progress' AND lease_until <= clock_timestamp() OR %(by_manifest)s AND state = 'New' AND is_manifest
  )
)
"""
WAITING = f"SELECT * FROM ledger.files WHERE feed = %s AND state = 'New' AND NOT is_manifest ORDER BY {PLACE}"
GIVEN_UP = """
UPDATE ledger.files f SET
  state = CASE WHEN f.attempts = 1 AND EXISTS (
    SELECT 1 FROM ledger.files o WHERE o.run = f.run AND o.state = 'In Progress' AND o.id <> f.id
  ) THEN 'New' ELSE 'Fail' END,
  reason = %s, lease_until = NULL, fence = nextval('ledger.fence')
WHERE f.run = %s AND f.state = 'In Progress'
RETURNING f.state
"""
HELD = """
SELECT f.id FROM ledger.files f JOIN unnest(%(files)s::bigint[], %(fences)s::bigint[]) AS c (id, fence)
  ON (f.id, f.fence) = (c.id, c.fence)
WHERE f.state = 'In Progress' AND f.lease_until > clock_timestamp()
"""
HEARTBEAT = f"""
UPDATE ledger.files SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
WHERE id IN ({HELD} FOR UPDATE OF f SKIP LOCKED)
"""
"""Skips locked files: two heartbeats that wait for each other's files would stop the load."""
GIVEN_BACK = f"""
UPDATE ledger.files SET state = 'New', reason = %(reason)s, attempts = attempts - 1, lease_until = NULL
WHERE id IN ({HELD})
"""
SETTLE = """
UPDATE ledger.files
SET state = %s, superseded_by = NULL, reason = %s, lease_until = NULL, sha256 = coalesce(%s, sha256),
    rows_in = %s, rows_loaded = %s, rows_rejected = %s,
    done_at = CASE WHEN %s = 'Done' THEN clock_timestamp() ELSE done_at END
WHERE id = %s AND fence = %s AND state = 'In Progress' AND lease_until > clock_timestamp()
"""
DONE = """
UPDATE ledger.files f
SET state = 'Done', superseded_by = NULL, reason = '', lease_until = NULL, sha256 = c.sha256, rows_in = c.rows_in,
    rows_loaded = c.rows_loaded, rows_rejected = c.rows_rejected, done_at = clock_timestamp()
FROM unnest(
  %(files)s::bigint[], %(fences)s::bigint[], %(sha256)s::text[], %(rows_in)s::bigint[], %(rows_loaded)s::bigint[],
  %(rows_rejected)s::bigint[]
) AS c (id, fence, sha256, rows_in, rows_loaded, rows_rejected)
WHERE (f.id, f.fence) = (c.id, c.fence) AND f.state = 'In Progress' AND f.lease_until > clock_timestamp()
RETURNING f.id
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
    """A file that one worker may load until its lease expires. ``fence`` is larger than that of every earlier claim."""

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
    """Return a row of ``ledger.files`` as a claim without a lease, with which the file can be read but not settled."""
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
    """Counts of a load: ``rows`` of the file = loaded + rejected; ``changed`` is the number of changed target rows."""

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
        """Return whether a file of ``feed`` can be claimed now, or has an expired lease."""
        with self.database.transaction("ledger.files") as cursor:
            row = cursor.execute(HAS_WORK, _given(feed)).fetchone()
        return bool(row and row[0])

    def waiting(self, feed: Feed, run: str) -> list[Claim]:
        """Return the new files of ``feed``, in the feed's order, as claims that cannot be settled."""
        with self.database.transaction("ledger.files") as cursor:
            rows = cursor.connection.cursor(row_factory=dict_row)
            return [unclaimed(feed, run, file) for file in rows.execute(WAITING, (feed.name,)).fetchall()]

    def filter_out(self, feed: Feed, run: str) -> int:
        """Filter out files that a newer one makes unnecessary, according to the feed's order; return their number."""
        with self.database.transaction("ledger.files") as cursor:
            return _filtered_out(cursor, feed, run)

    def claim(self, feed: Feed, run: str) -> Claim | None:
        """Claim the next file of ``feed`` in its order; return None if no file can be loaded now."""
        row = self.claim_some(feed, run, ONE_FILE)
        return row[0] if row else None

    def claim_some(self, feed: Feed, run: str, limit: BatchLimit) -> list[Claim]:
        """Claim the next files of ``feed`` in its order; return [] if no file can be loaded now."""
        with self.database.transaction("ledger.files") as cursor:
            _filtered_out(cursor, feed, run)
            query = CANDIDATES if feed.is_serial else SKIPPING
            rows = cursor.execute(query, {**_given(feed), "most": limit.files}).fetchall()
            ids = batch_of((Candidate(*row) for row in rows), limit)
            return self._claimed(cursor, feed, run, ids)

    def claim_manifest(self, feed: Feed, run: str) -> Claim | None:
        """Claim the next manifest of ``feed``; return None if there is none."""
        with self.database.transaction("ledger.files") as cursor:
            row = cursor.execute(MANIFEST, {"feed": feed.name}).fetchone()
            return self._claimed(cursor, feed, run, [row[0]])[0] if row else None

    def _claimed(self, cursor: Cursor[Any], feed: Feed, run: str, ids: Sequence[int]) -> list[Claim]:
        given = {"ids": list(ids), "run": run, "lease": self.lease}
        claimed = {row[0]: row for row in cursor.execute(CLAIM, given).fetchall()} if ids else {}
        return [Claim(feed, run, *claimed[id_]) for id_ in ids]

    def give_back(self, claims: Sequence[Claim], reason: str) -> int:
        """Set claimed files that were not tried back to New; return the number of those whose lease was still valid."""
        if not claims:
            return 0
        with self.database.transaction("ledger.files") as cursor:
            return cursor.execute(GIVEN_BACK, {**_held(claims), "reason": reason}).rowcount

    def give_up(self, run: str, reason: str) -> Counter[str]:
        """Fail the file that ``run`` has claimed and not settled, so that it cannot commit it later. Return counts by
        state.

        If the run tried several files together, those on their first attempt are set to New: each is then tried alone,
        and only the faulty file fails.
        """
        with self.database.transaction("ledger.files") as cursor:
            return Counter(state for (state,) in cursor.execute(GIVEN_UP, (reason, run)).fetchall())

    def heartbeat(self, claims: Sequence[Claim]) -> bool:
        """Extend the leases of ``claims`` that are still valid; return False if none is."""
        with self.database.transaction("ledger.files") as cursor:
            cursor.execute(HEARTBEAT, {**_held(claims), "lease": self.lease})
            return cursor.execute(HELD, _held(claims)).fetchone() is not None

    def sweep(self, feed: Feed, run: str) -> int:
        """Release the files with expired leases; those with too many attempts fail. Return the number of files."""
        with self.database.transaction("ledger.files") as cursor:
            given = {"feed": feed.name, "run": run, "most": feed.max_attempts}
            one_version = feed.on_overwrite is not OnOverwrite.APPEND_VERSION
            return cursor.execute(SWEEP, {**given, "one_version": one_version}).rowcount


def _held(claims: Sequence[Claim]) -> dict[str, object]:
    return {"files": [claim.file for claim in claims], "fences": [claim.fence for claim in claims]}


def _given(feed: Feed) -> dict[str, object]:
    order = {"in_order": feed.order is Order.IN_ORDER, "by_manifest": feed.order is Order.BY_MANIFEST}
    return {"feed": feed.name, "serial": feed.is_serial, **order}


def _filtered_out(cursor: Cursor[Any], feed: Feed, run: str) -> int:
    if feed.is_serial:
        # An uncommitted claim of another worker is invisible here. So claims are serialised, each with a new snapshot.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", (feed.name,))
    rivals = _superseding_states(feed)
    if not rivals:
        return 0
    return cursor.execute(OLDER_ARE_FILTERED_OUT, {"feed": feed.name, "run": run, "rivals": rivals}).rowcount


def _superseding_states(feed: Feed) -> list[str]:
    """Return the states in which a newer file makes a new file unnecessary."""
    if feed.order is Order.NEWEST:
        return [State.NEW, State.IN_PROGRESS, State.DONE]
    return [State.DONE] if feed.is_whole else []


def settle(
    cursor: Cursor[Any], claim: Claim, state: str, reason: str = "", *, account: Account | None = None, sha256: str = ""
) -> None:
    """End a claim in the transaction of ``cursor``. Raises ClaimLostError if another worker may have it."""
    counts = (account.rows, account.loaded, account.rejected) if account else (None, None, None)
    given = (state, reason, sha256 or None, *counts, state, claim.file, claim.fence)
    if cursor.execute(SETTLE, given).rowcount != 1:
        raise ClaimLostError(claim.feed.name, claim.address)


def settle_done(cursor: Cursor[Any], done: Sequence[tuple[Claim, Account, str]]) -> None:
    """Set files to Done in the transaction of ``cursor``, each with its account and sha256.

    Raises ClaimLostError if another worker may have claimed any of them.
    """
    accounts = [account for _, account, _ in done]
    given = {
        **_held([claim for claim, _, _ in done]),
        "sha256": [sha256 for _, _, sha256 in done],
        "rows_in": [account.rows for account in accounts],
        "rows_loaded": [account.loaded for account in accounts],
        "rows_rejected": [account.rejected for account in accounts],
    }
    settled = {id_ for (id_,) in cursor.execute(DONE, given).fetchall()}
    for claim, _, _ in done:
        if claim.file not in settled:
            raise ClaimLostError(claim.feed.name, claim.address)
