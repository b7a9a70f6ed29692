"""Maintenance of an Iceberg table with Iceberg's own procedures."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from estrela.etl.lake_table import CATALOG, LakeTable
from estrela.etl.loaders.layout import lists_by_prefix
from estrela.etl.tuning import tuned

if TYPE_CHECKING:
    from pyspark.sql import Row

    from estrela.etl.loaders.lake import LakeLoader

TAG_PREFIX = "release_"
MANY_MANIFESTS = 20
"""From this number on, manifests are rewritten to speed up planning. Like compaction, that creates a snapshot."""
SMALL_FILES = 5
"""Minimum number of small files in a partition to merge them."""


@dataclass(frozen=True)
class TableMaintenance:
    """Expires snapshots of one table, compacts it and removes its orphans.

    ``kept`` are the snapshots of releases that can be shown again. Snapshots older than ``before`` expire. Files older
    than ``orphans_before``, which is before the start of any active run, are removed if they belong to no snapshot.
    """

    lake: LakeLoader
    table: LakeTable
    kept: Set[int]
    before: datetime
    orphans_before: datetime
    is_dry_run: bool

    def run(self) -> Mapping[str, int]:
        """Maintain the table, or only count in a dry run; return the counts by column of the table ``maintenance``."""
        with tuned(self.lake.spark, self.lake.snapshots.size(self.table)):
            return self._figures()

    def _figures(self) -> Mapping[str, int]:
        tags = self._outdated_tags()
        expired = self._expirable(tags)
        compacted = self._small_files()
        if not self.is_dry_run:
            for tag in tags:
                self.lake.branches.drop_tag(self.table, tag)
            inputs = self.lake.notes.inputs(self.table)
            compacted, is_rewritten = self._compact(compacted), self._rewrite_manifests()
            if expired or compacted or is_rewritten:
                if inputs:
                    # The snapshots through which the old note is found are about to expire.
                    self.lake.notes.note_inputs(self.table, inputs)
                self._expire()
        return {
            "tags_dropped": len(tags),
            "snapshots_expired": expired,
            "files_compacted": compacted,
            "orphans_removed": self._remove_orphans(),
            "data_files": self._count("files"),
            "snapshots": self._count("snapshots"),
        }

    def _outdated_tags(self) -> list[str]:
        refs = self.lake.snapshots.refs(self.table)
        return sorted(name for name, at in refs.items() if name.startswith(TAG_PREFIX) and at not in self.kept)

    def _expirable(self, dropped: list[str]) -> int:
        """Count the old snapshots without a reference after the tags in ``dropped`` are dropped."""
        held = {at for name, at in self.lake.snapshots.refs(self.table).items() if name not in dropped}
        old = self.lake.spark.sql(
            f"SELECT snapshot_id FROM {self.table.identifier}.snapshots WHERE committed_at < {_literal(self.before)}"
        ).collect()
        return sum(row[0] not in held for row in old)

    def _small_files(self) -> int:
        """Count the candidates for compaction: the small files of partitions that have several."""
        by = "partition, " if self.table.partition_by else ""
        rows = self.lake.spark.sql(
            f"SELECT {by}count(*) AS files FROM {self.table.identifier}.files "
            f"WHERE file_size_in_bytes < {384 * 1024 * 1024} {'GROUP BY partition' if by else ''}"
        ).collect()
        return sum(row["files"] for row in rows if row["files"] >= SMALL_FILES)

    def _compact(self, small_files: int) -> int:
        """Merge small files, if there are any, without changing rows; return the number of merged files."""
        if not small_files:
            return 0
        options = f"options => map('min-input-files', '{SMALL_FILES}')"
        return int(self._call("rewrite_data_files", options)["rewritten_data_files_count"])

    def _rewrite_manifests(self) -> bool:
        """Merge manifests if there are many; return whether that was needed."""
        is_needed = self._count("manifests") >= MANY_MANIFESTS
        if is_needed:
            self._call("rewrite_manifests", "use_caching => false")
        return is_needed

    def _expire(self) -> None:
        older = f"older_than => {_literal(self.before)}"
        self._call("expire_snapshots", older, "retain_last => 1", "stream_results => true")

    def _remove_orphans(self) -> int:
        arguments = (
            f"older_than => {_literal(self.orphans_before)}",
            f"dry_run => {'true' if self.is_dry_run else 'false'}",
            f"prefix_listing => {'true' if lists_by_prefix(self.lake.catalog, self.table) else 'false'}",
        )
        call = f"CALL {CATALOG}.system.remove_orphan_files(table => '{self.table.path}', {', '.join(arguments)})"
        return len(self.lake.spark.sql(call).collect())

    def _call(self, procedure: str, *arguments: str) -> Row:
        given = ", ".join((f"table => '{self.table.path}'", *arguments))
        [row] = self.lake.spark.sql(f"CALL {CATALOG}.system.{procedure}({given})").collect()
        self.lake.catalog.forget(self.table)
        return row

    def _count(self, metadata: str) -> int:
        [row] = self.lake.spark.sql(f"SELECT count(*) FROM {self.table.identifier}.{metadata}").collect()
        return int(row[0])


def _literal(moment: datetime) -> str:
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}'"
