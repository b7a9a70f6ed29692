"""What Iceberg's metadata tell of a table: where its branches stand, and what is noted of their content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.definition import exists

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MAIN = "main"
ROWS = "total-records"
COMPACTION = "replace"
"""Operation of a snapshot that holds the rows of its parent in other files."""


@dataclass(frozen=True)
class Snapshots:
    """The metadata of the lake's tables as the run of ``branch`` sees them."""

    spark: SparkSession
    branch: str

    def refs(self, table: LakeTable) -> dict[str, int]:
        """Snapshot ids by branch."""
        return {entry.getKey(): entry.getValue().snapshotId() for entry in self._iceberg(table).refs().entrySet()}

    def head(self, table: LakeTable, branch: str = "") -> int | None:
        """The snapshot that a branch stands at, by default the run's own; None if there is no such branch."""
        snapshot = self._iceberg(table).snapshot(branch or self.branch)
        return int(snapshot.snapshotId()) if snapshot else None

    def seen(self, table: LakeTable) -> int:
        """The snapshot that this run sees; 0 if the table is empty or absent."""
        if not exists(self.spark, table):
            return 0
        return self.head(table) or self.head(table, MAIN) or 0

    def stored(self, table: LakeTable, snapshot: int) -> tuple[str, ...]:
        """Return the names of the columns that the table had at a snapshot."""
        iceberg = self._iceberg(table)
        schema = iceberg.schemas().get(iceberg.snapshot(snapshot).schemaId())
        return tuple(field.name() for field in schema.columns())

    def has_old_layout(self, table: LakeTable) -> bool:
        """Return whether files that this run sees are partitioned otherwise than the table is now."""
        iceberg, seen = self._iceberg(table), self.seen(table)
        if not seen:
            return False
        current, manifests = iceberg.spec().specId(), iceberg.snapshot(seen).dataManifests(iceberg.io())
        return any(
            one.partitionSpecId() != current and (one.hasAddedFiles() or one.hasExistingFiles()) for one in manifests
        )

    def lists_by_prefix(self, table: LakeTable) -> bool:
        """Return whether the table's store lists files by itself; else Hadoop's file system does."""
        from py4j.java_gateway import is_instance_of

        gateway = self.spark.sparkContext._gateway
        return bool(
            is_instance_of(gateway, self._iceberg(table).io(), "org.apache.iceberg.io.SupportsPrefixOperations")
        )

    def size(self, table: LakeTable) -> int:
        """Bytes of the data files of the snapshot that this run sees."""
        return self._total(table, "total-files-size")

    def is_stale(self, table: LakeTable) -> bool:
        """Whether the table was published by another run since this run's branch began."""
        head, published = self.head(table), self.head(table, MAIN)
        if head is None or published is None:
            return False
        util = self.spark._jvm.org.apache.iceberg.util.SnapshotUtil
        return not util.isAncestorOf(self._iceberg(table), head, published)

    def is_kept(self, table: LakeTable, snapshot: int) -> bool:
        """Whether the snapshot exists and is not expired."""
        return self._iceberg(table).snapshot(snapshot) is not None

    def committed_at(self, table: LakeTable, snapshot: int) -> datetime | None:
        """Return when a snapshot was committed; None if it does not exist or is expired."""
        found = self._iceberg(table).snapshot(snapshot)
        return datetime.fromtimestamp(found.timestampMillis() / 1000, UTC) if found else None

    def commits_between(self, table: LakeTable, since: int, until: int) -> list[int] | None:
        """Return the snapshots after ``since``, 0 for the empty table, up to ``until`` that changed rows.

        None if ``until`` does not descend from ``since``, or a snapshot between them is expired.
        """
        iceberg, at = self._iceberg(table), until
        commits = []
        while at not in (0, since):
            snapshot = iceberg.snapshot(at)
            if snapshot is None:
                return None
            if snapshot.operation() != COMPACTION:
                commits.append(at)
            at = int(snapshot.parentId() or 0)
        return commits if at == since else None

    def partition_specs(self, table: LakeTable) -> tuple[int, int]:
        """Return the ID of the table's partition spec, and how many specs it has had."""
        iceberg = self._iceberg(table)
        return int(iceberg.spec().specId()), int(iceberg.specs().size())

    def rows(self, table: LakeTable) -> int:
        """Return the number of rows of the snapshot that this run sees."""
        return self._total(table, ROWS)

    def has_as_many_rows(self, table: LakeTable) -> bool:
        """Return whether the run's branch has as many rows as what is committed; false before the first commit."""
        iceberg, names = self._iceberg(table), (self.branch, MAIN)
        branch, main = (iceberg.snapshot(name) for name in names)
        return bool(branch and main) and branch.summary().get(ROWS) == main.summary().get(ROWS)

    def inputs(self, table: LakeTable) -> str:
        """Return what the rows that this run sees are known to be made of, as noted with them; "" if unknown."""
        iceberg, at = self._iceberg(table), self.seen(table)
        noted = iceberg.properties()
        while at:
            snapshot = iceberg.snapshot(at)
            if snapshot is None:
                return ""
            if str(at) == str(noted.getOrDefault("estrela.inputs_of", "")):
                return str(noted.getOrDefault("estrela.inputs", ""))
            if snapshot.operation() != COMPACTION:
                return str(snapshot.summary().getOrDefault("estrela.inputs", ""))
            at = int(snapshot.parentId() or 0)
        return ""

    def is_compacted(self, table: LakeTable) -> bool:
        """Whether the newest commit that this run sees is a compaction with which no inputs are noted."""
        iceberg, seen = self._iceberg(table), self.seen(table)
        noted = str(iceberg.properties().getOrDefault("estrela.inputs_of", ""))
        return bool(seen) and noted != str(seen) and str(iceberg.snapshot(seen).operation()) == COMPACTION

    def is_audited(self, table: LakeTable) -> bool:
        """Whether the newest commit on the run's branch passed the audit; true without a branch."""
        return self.head(table) is None or self._audited_head(table) is not None

    def audit_report(self, table: LakeTable) -> str:
        """What the audit found in the run's branch as it stands; "" if nothing was noted."""
        properties = self._iceberg(table).properties()
        return "" if self._audited_head(table) is None else str(properties.getOrDefault("estrela.audit_report", ""))

    def _total(self, table: LakeTable, name: str) -> int:
        seen = self.seen(table)
        return int(self._iceberg(table).snapshot(seen).summary().getOrDefault(name, "0")) if seen else 0

    def _audited_head(self, table: LakeTable) -> int | None:
        head = self.head(table)
        audited = str(self._iceberg(table).properties().getOrDefault("estrela.audited", ""))
        return head if audited == str(head) else None

    def _iceberg(self, table: LakeTable) -> Any:
        loader = self.spark._jvm.org.apache.iceberg.spark.Spark3Util
        return loader.loadIcebergTable(self.spark._jsparkSession, table.identifier)
