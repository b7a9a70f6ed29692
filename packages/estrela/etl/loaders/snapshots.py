"""What Iceberg's metadata tell of a table: where its branches stand, and what is noted of their content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.definition import exists

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MAIN = "main"


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

    def size(self, table: LakeTable) -> int:
        """Bytes of the data files of the snapshot that this run sees."""
        seen = self.seen(table)
        return int(self._iceberg(table).snapshot(seen).summary().getOrDefault("total-files-size", "0")) if seen else 0

    def is_stale(self, table: LakeTable) -> bool:
        """Whether the table was published by another run since this run's branch began."""
        head, published = self.head(table), self.head(table, MAIN)
        if head is None or published is None:
            return False
        util = self.spark._jvm.org.apache.iceberg.util.SnapshotUtil
        return not util.isAncestorOf(self._iceberg(table), head, published)

    def inputs(self, table: LakeTable) -> set[str]:
        """What the published content is known to be made of."""
        iceberg = self._iceberg(table)
        current = iceberg.currentSnapshot()
        kept = current.summary().getOrDefault("estrela.inputs", "") if current else ""
        return {str(kept), str(iceberg.properties().getOrDefault("estrela.inputs", ""))}

    def audited_inputs(self, table: LakeTable) -> str:
        """What the run's branch was made of, if its newest commit passed the audit; else ""."""
        head = self._audited_head(table)
        if head is None:
            return ""
        return str(self._iceberg(table).snapshot(head).summary().getOrDefault("estrela.inputs", ""))

    def audit_report(self, table: LakeTable) -> str:
        """What the audit found in the run's branch as it stands; "" if nothing was noted."""
        properties = self._iceberg(table).properties()
        return "" if self._audited_head(table) is None else str(properties.getOrDefault("estrela.audit_report", ""))

    def _audited_head(self, table: LakeTable) -> int | None:
        head = self.head(table)
        audited = str(self._iceberg(table).properties().getOrDefault("estrela.audited", ""))
        return head if audited == str(head) else None

    def _iceberg(self, table: LakeTable) -> Any:
        loader = self.spark._jvm.org.apache.iceberg.spark.Spark3Util
        return loader.loadIcebergTable(self.spark._jsparkSession, table.identifier)
