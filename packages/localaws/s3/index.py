"""The index: metadata of objects, in one SQLite file."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from localaws.s3.info import Facts, Identity, ObjectInfo
from localaws.sqlite_files import open_file

_SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, created_ns INTEGER NOT NULL, versioning TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS objects (
    number INTEGER PRIMARY KEY AUTOINCREMENT, bucket TEXT NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL,
    marker INTEGER NOT NULL, pending INTEGER NOT NULL, vault TEXT,
    inode INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, etag TEXT, facts TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_by_key ON objects (bucket, key, number);
CREATE INDEX IF NOT EXISTS objects_in_vault ON objects (bucket, key) WHERE vault IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_pending ON objects (bucket, key) WHERE pending;
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, started_ns INTEGER NOT NULL, facts TEXT NOT NULL,
    algorithm TEXT NOT NULL, checksum_type TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS uploads_by_key ON uploads (bucket, key, id);
CREATE TABLE IF NOT EXISTS parts (
    upload TEXT NOT NULL, number INTEGER NOT NULL, file TEXT NOT NULL, etag TEXT NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, checksums TEXT NOT NULL, PRIMARY KEY (upload, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uploads_with_deleted_key (upload TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS completed_uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, completed_ns INTEGER NOT NULL, etag TEXT NOT NULL,
    version TEXT NOT NULL, facts TEXT NOT NULL) WITHOUT ROWID;
"""
_COLUMNS = "number, bucket, key, version, marker, pending, vault, inode, size, mtime_ns, etag, facts"


class Index:
    """Rows of objects, buckets and uploads.

    A commit survives a kill of the process, but not a loss of power, because it does not wait for the disk. Text sorts
    by its UTF-8 bytes, as S3 sorts keys.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = open_file(path, _SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all changes of the block, or none."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows of one statement."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def versions(self, bucket: str, key: str) -> list[ObjectInfo]:
        """Every row of a key, newest first."""
        return self._objects("bucket = ? AND key = ? ORDER BY number DESC", (bucket, key))

    def of_file(self, bucket: str, key: str, identity: Identity) -> ObjectInfo | None:
        """The row of the bytes that are now at the key's own path."""
        where = "bucket = ? AND key = ? AND inode = ? AND size = ? AND mtime_ns = ? AND NOT marker"
        objects = self._objects(
            f"{where} ORDER BY number DESC LIMIT 1", (bucket, key, identity.inode, identity.size, identity.mtime_ns)
        )
        return objects[0] if objects else None

    def of_keys(self, bucket: str, keys: Iterable[str]) -> dict[tuple[str, Identity], ObjectInfo]:
        """The rows of many keys, by key and identity of the bytes."""
        where = "bucket = ? AND NOT marker AND key IN (SELECT value FROM json_each(?)) ORDER BY number"
        rows = self._objects(where, (bucket, json.dumps(list(keys))))
        return {(row.key, row.identity): row for row in rows}

    def in_vault(self, bucket: str, prefix: str, after: str, limit: int) -> list[ObjectInfo]:
        """Keys whose newest bytes are in the vault, in order, not before ``prefix`` and after ``after``."""
        newest = (
            "number = (SELECT max(number) FROM objects n WHERE n.bucket = o.bucket AND n.key = o.key AND NOT pending)"
        )
        where = f"bucket = ? AND key >= ? AND key > ? AND vault IS NOT NULL AND {newest} ORDER BY key LIMIT ?"
        return self._objects(where, (bucket, prefix, after, limit))

    def history(self, bucket: str, key: str, number: int, limit: int) -> list[ObjectInfo]:
        """Settled rows of ``key`` numbered below ``number``, then of later keys; the newest version of a key first."""
        where = "bucket = ? AND key >= ? AND (key > ? OR number < ?) AND NOT pending ORDER BY key, number DESC LIMIT ?"
        return self._objects(where, (bucket, key, key, number, limit))

    def pending(self) -> list[tuple[str, str]]:
        """Bucket and key of each interrupted change."""
        return [(bucket, key) for bucket, key in self.run("SELECT DISTINCT bucket, key FROM objects WHERE pending")]

    def insert(self, info: ObjectInfo) -> None:
        values = (info.bucket, info.key, info.version, info.marker, info.pending, info.vault)
        identity = (info.identity.inode, info.identity.size, info.identity.mtime_ns)
        columns = _COLUMNS.removeprefix("number, ")
        self.run(
            f"INSERT INTO objects ({columns}) VALUES (?,?,?,?,?,?,?,?,?,?,?)",  # noqa: S608
            (*values, *identity, info.etag, info.facts.to_json()),
        )

    def move(self, info: ObjectInfo) -> None:
        """Store the location of a row's bytes, and whether the row is pending."""
        self.run("UPDATE objects SET pending = ?, vault = ? WHERE number = ?", (info.pending, info.vault, info.number))

    def set_facts(self, info: ObjectInfo) -> None:
        """Store the facts of a row."""
        self.run("UPDATE objects SET facts = ? WHERE number = ?", (info.facts.to_json(), info.number))

    def delete(self, info: ObjectInfo) -> None:
        self.run("DELETE FROM objects WHERE number = ?", (info.number,))

    def note_deletion(self, bucket: str, key: str) -> None:
        """Record, for the active uploads of a key, that it was deleted after they began."""
        query = "SELECT id FROM uploads WHERE bucket = ? AND key = ?"
        self.run(f"INSERT OR IGNORE INTO uploads_with_deleted_key {query}", (bucket, key))

    def _objects(self, where: str, values: Sequence[Any]) -> list[ObjectInfo]:
        rows = self.run(f"SELECT {_COLUMNS} FROM objects o WHERE {where}", values)  # noqa: S608
        return [_object(*row) for row in rows]


def _object(  # noqa: PLR0913, PLR0917
    number: int, bucket: str, key: str, version: str, marker: int, pending: int, vault: str | None,
    inode: int, size: int, mtime_ns: int, etag: str | None, facts: str,
) -> ObjectInfo:  # fmt: skip
    return ObjectInfo(
        bucket, key, Identity(inode, size, mtime_ns), etag, version, bool(marker), vault,
        Facts.from_json(facts), bool(pending), number,
    )  # fmt: skip
