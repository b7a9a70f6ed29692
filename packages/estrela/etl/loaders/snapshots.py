"""Snapshots of tables: branch heads, commits, and sizes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.catalog import Catalog, members

MAIN = "main"
ROWS = "total-records"
COMPACTION = "replace"
"""Operation of a snapshot that has the rows of its parent in other files."""


@dataclass(frozen=True)
class Snapshots:
    """Metadata of the lake's tables, as seen by the run of ``branch``."""

    catalog: Catalog
    branch: str

    def refs(self, table: LakeTable) -> dict[str, int]:
        """Return snapshot IDs by branch or tag."""
        entries = members(self.catalog.read(table).refs().entrySet())
        return {entry.getKey(): entry.getValue().snapshotId() for entry in entries}

    def head(self, table: LakeTable, branch: str = "") -> int | None:
        """Return the snapshot ID of a branch head (default: the run's own branch), or None without that branch."""
        snapshot = self.catalog.read(table).snapshot(branch or self.branch)
        return int(snapshot.snapshotId()) if snapshot else None

    def seen(self, table: LakeTable) -> int:
        """Return the ID of the snapshot that this run sees, or 0 if the table is empty or does not exist."""
        if not self.catalog.has(table):
            return 0
        return self.head(table) or self.head(table, MAIN) or 0

    def stored(self, table: LakeTable, snapshot: int) -> tuple[str, ...]:
        """Return the names of the columns that the table had at a snapshot."""
        iceberg = self.catalog.read(table)
        schema = iceberg.schemas().get(iceberg.snapshot(snapshot).schemaId())
        return tuple(field.name() for field in members(schema.columns()))

    def size(self, table: LakeTable) -> int:
        """Return the size in bytes of the data files of the snapshot that this run sees."""
        return self._total(table, "total-files-size")

    def is_kept(self, table: LakeTable, snapshot: int) -> bool:
        """Return whether the snapshot exists and has not expired."""
        return self.catalog.read(table).snapshot(snapshot) is not None

    def committed_at(self, table: LakeTable, snapshot: int) -> datetime | None:
        """Return the commit time of a snapshot, or None if it does not exist or has expired."""
        iceberg_snapshot = self.catalog.read(table).snapshot(snapshot)
        return datetime.fromtimestamp(iceberg_snapshot.timestampMillis() / 1000, UTC) if iceberg_snapshot else None

    def commits_between(self, table: LakeTable, since: int, until: int) -> list[int] | None:
        """Return the snapshots after ``since`` (0: the empty table), up to ``until``, that changed rows.

        Returns None if ``until`` does not descend from ``since`` or if a snapshot between them has expired.
        """
        iceberg, at = self.catalog.read(table), until
        commits = []
        while at not in (0, since):
            snapshot = iceberg.snapshot(at)
            if snapshot is None:
                return None
            if snapshot.operation() != COMPACTION:
                commits.append(at)
            at = int(snapshot.parentId() or 0)
        return commits if at == since else None

    def rows(self, table: LakeTable) -> int:
        """Return the number of rows of the snapshot that this run sees."""
        return self._total(table, ROWS)

    def has_as_many_rows(self, table: LakeTable) -> bool:
        """Return whether the run's branch has as many rows as ``main``; False before the first commit."""
        iceberg, names = self.catalog.read(table), (self.branch, MAIN)
        branch, main = (iceberg.snapshot(name) for name in names)
        return bool(branch and main) and branch.summary().get(ROWS) == main.summary().get(ROWS)

    def _total(self, table: LakeTable, name: str) -> int:
        seen = self.seen(table)
        return int(self.catalog.read(table).snapshot(seen).summary().getOrDefault(name, "0")) if seen else 0
