"""Maintenance of a table: expire old snapshots and delete orphan files."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pyiceberg.table import Table
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.snapshots import Snapshot, ancestors_of

from localaws.iceberg.file_io import StoreFileIO
from localaws.iceberg.table_files import files_of
from localaws.s3.store import ObjectStore


@dataclass(frozen=True)
class Retention:
    """Snapshots of the main branch to keep: those younger than ``seconds``, and at least the newest ``snapshots``."""

    seconds: int
    snapshots: int


def expire_snapshots(table: Table, retention: Retention) -> None:
    """Expire the snapshots that neither the retention nor a ref keeps, and delete the files that only they referenced.

    Raises PyIceberg's CommitFailedException.
    """
    gone = _expired(table, retention, time.time() - retention.seconds)
    if not gone:
        return
    before = files_of(table)
    table.maintenance.expire_snapshots().by_ids(gone).commit()
    for file in before - files_of(table.refresh(), live=True):
        table.io.delete(file)


def _expired(table: Table, retention: Retention, oldest: float) -> list[int]:
    metadata = table.metadata
    kept = {ref.snapshot_id for ref in metadata.refs.values()}
    for name, ref in metadata.refs.items():
        head = metadata.snapshot_by_id(ref.snapshot_id)
        line = list(ancestors_of(head, metadata)) if head else []
        kept |= {s.snapshot_id for s in line[: retention.snapshots if name == MAIN_BRANCH else 1]}
        kept |= {s.snapshot_id for s in line if _is_younger(s, oldest)}
    return [s.snapshot_id for s in metadata.snapshots if s.snapshot_id not in kept and not _is_younger(s, oldest)]


def _is_younger(snapshot: Snapshot, oldest: float) -> bool:
    return snapshot.timestamp_ms > oldest * 1000


def remove_orphans(table: Table, store: ObjectStore, seconds: int) -> int:
    """Delete unreferenced files below the table's location that are older than ``seconds``; return their number.

    Younger files are kept because they may belong to a commit in progress.
    """
    io = table.io
    assert isinstance(io, StoreFileIO)
    named = {io.bucket_and_key(file) for file in files_of(table, live=True)}
    bucket, prefix = io.bucket_and_key(f"{table.location().rstrip('/')}/")
    oldest = time.time() - seconds
    orphans = [
        info.key
        for info in store.reads.list(bucket, prefix)
        if (bucket, info.key) not in named and info.mtime < oldest and not info.key.endswith("/")
    ]
    for key in orphans:
        store.writes.delete(bucket, key)
    return len(orphans)
