"""Queries about files in the ledger, and the command to load a file again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from estrela.errors import LoadError
from estrela.hooks.database import DatabaseManager
from estrela.ledger.arrivals import Arrival
from estrela.ledger.register import Register
from estrela.ledger.state import State

FIND = """
SELECT * FROM ledger.files
WHERE CAST(id AS text) = :name OR key = :name OR 's3://' || bucket || '/' || key = :name
ORDER BY arrived_at DESC, sequencer DESC, id DESC LIMIT 1
"""
LIST = """
SELECT id, state, coalesce(feed, '-') AS feed, key, rows_loaded, rows_rejected, reason FROM ledger.files
WHERE (:feed = '' OR feed = :feed) AND (:state = '' OR state = :state) ORDER BY id DESC LIMIT :most
"""
TRANSITIONS = "SELECT at, from_state, to_state, run, reason FROM ledger.transitions WHERE file = :file ORDER BY id"
LOADS = """
SELECT id, kind, run, started_at, ended_at, rows_in, rows_loaded, rows_rejected, rows_changed, error
FROM ledger.loads WHERE file = :file ORDER BY id
"""
REJECTS = """
SELECT code, count(*) AS rows, min(line) AS first_line, (array_agg(column_name ORDER BY line))[1] AS first_column,
  (array_agg(value ORDER BY line))[1] AS first_value, (array_agg(r.reason ORDER BY line))[1] AS first_reason
FROM ledger.rejects r JOIN ledger.files f ON f.id = r.file
WHERE file = :file AND resolved_by IS NULL
  AND (is_counted OR f.state <> 'Done' AND load = (SELECT max(id) FROM ledger.loads WHERE file = :file))
GROUP BY code ORDER BY code
"""
"""Counted rejects of the file; if the file is not loaded, those of its last attempt."""
OF_RUN = """
SELECT f.id, f.key, f.state, l.rows_in, l.rows_loaded, l.rows_rejected, l.error
FROM ledger.loads l JOIN ledger.files f ON f.id = l.file WHERE l.run = :run ORDER BY l.id
"""
NEWER = """
SELECT n.id FROM ledger.files f JOIN ledger.files n ON (n.bucket, n.key) = (f.bucket, f.key)
WHERE f.id = :file AND n.state IN ('New', 'In Progress', 'Done')
  AND (n.arrived_at, n.sequencer, n.id) > (f.arrived_at, f.sequencer, f.id) ORDER BY n.id LIMIT 1
"""
RETRIED = """
UPDATE ledger.files SET state = 'New', reason = :reason, run = :run, attempts = 0, feed = :feed, place = :place
WHERE id = :file AND state = :state RETURNING id
"""
MAY_RETRY = (State.FAIL, State.REJECTED, State.FILTERED_OUT)
Record = Mapping[str, Any]


@dataclass(frozen=True)
class FileHistory:
    """A file with its transitions, loads, and open rejects by code."""

    file: Record
    transitions: list[dict[str, Any]]
    loads: list[dict[str, Any]]
    rejects: list[dict[str, Any]]


@dataclass(frozen=True)
class LedgerFiles:
    """Files of the ledger. ``register`` matches them with the feeds as declared now. Raises LoadError."""

    database: DatabaseManager
    register: Register

    def list(self, feed: str = "", state: str = "", most: int = 50) -> list[dict[str, Any]]:
        """Return the last registered files, filtered by feed or state if given."""
        return self.database.query(LIST, {"feed": feed, "state": state, "most": most})

    def find(self, name: str) -> Record:
        """Return the newest version of the file with this id, key or address. Raises LoadError if there is none."""
        records = self.database.query(FIND, {"name": name})
        if not records:
            problem = "the ledger has no such file; give an id, a key or an s3:// address, as `list` shows them"
            raise LoadError(name, problem, retriable=False)
        return records[0]

    def history(self, name: str) -> FileHistory:
        """Return everything the ledger knows about a file."""
        file = self.find(name)
        given = {"file": file["id"]}
        return FileHistory(file, *(self.database.query(sql, given) for sql in (TRANSITIONS, LOADS, REJECTS)))

    def of_run(self, run: str) -> Sequence[dict[str, Any]]:
        """Return the loads of a run: id, key and state of the file, rows in, loaded and rejected, the error or ""."""
        return self.database.query(OF_RUN, {"run": run})

    def retry(self, name: str, run: str, reason: str) -> Record:
        """Set a failed, rejected or filtered-out file to New, for the feed that matches it now; return the file."""
        file = self.find(name)
        if file["state"] not in MAY_RETRY:
            raise LoadError(
                name,
                f"its state is {file['state']}; only files in state {', '.join(MAY_RETRY)} can be retried",
                retriable=False,
            )
        newer = self.database.query(NEWER, {"file": file["id"]})
        if newer:
            raise LoadError(
                name, f"file {newer[0]['id']} is a newer version of it; it cannot be retried", retriable=False
            )
        given = {name: file[name] for name in ("bucket", "key", "version", "etag", "size", "arrived_at")}
        judged = self.register.judge(Arrival(**given))
        if judged.feed is None or judged.state is not State.NEW:
            raise LoadError(name, f"it is still rejected: {judged.reason}", retriable=False)
        changes = {"file": file["id"], "state": file["state"], "run": run, "reason": reason}
        place = {"feed": judged.feed.name, "place": judged.place}
        if not self.database.query(RETRIED, {**changes, **place}):
            raise LoadError(name, "its state changed at the same time; run the command again", retriable=True)
        return file
