"""Changed and existing partitions of a table, from Iceberg's metadata; no data file is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.layout import partition_specs
from estrela.etl.loaders.snapshots import Snapshots
from estrela.model.partition import DatePart, column_of, valued

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

BYTES = "_bytes"
"""Column with the size of a partition's files."""
KEPT = 0
"""Status of a manifest entry whose file the snapshot neither added nor deleted."""


@dataclass(frozen=True)
class Partitions:
    """Partitions of a table as rows. Their columns are the partition columns; a date part is given as its first day."""

    table: LakeTable
    snapshots: Snapshots

    def existing(self, snapshot: int) -> DataFrame:
        """Return the partitions that have files in a snapshot, with the total size of these files."""
        from pyspark.sql import functions as F

        names = [column_of(field) for field in valued(self.table.partition_by)]
        files = self._metadata("files", snapshot).select(*self._values(), "file_size_in_bytes")
        return files.groupBy(*names).agg(F.sum("file_size_in_bytes").alias(BYTES))

    def changed(self, since: int, until: int) -> DataFrame | None:
        """Return the partitions in which commits after the snapshot ``since``, up to ``until``, added or removed rows.

        Returns None if that is unknown: ``until`` does not descend from ``since``, commits between them have expired,
        or a file has a partitioning other than the table's current one. Compactions are ignored, because they change no
        rows.
        """
        commits = self.snapshots.commits_between(self.table, since, until)
        if commits is None:
            return None
        entries = [self._written(commit) for commit in commits]
        files = self._metadata("files", until)
        if self._are_repartitioned([files, *entries]):
            return None
        nothing = files.select(*self._values()).limit(0)
        changed = [frame.select(*self._values()) for frame in entries]
        return reduce(lambda left, right: left.unionByName(right), changed, nothing).distinct()

    def _written(self, commit: int) -> DataFrame:
        """Return the files that a commit added or deleted."""
        entries = self._metadata("entries", commit)
        return entries.where(f"snapshot_id = {commit} AND status <> {KEPT}").select("data_file.*")

    def _are_repartitioned(self, files: Sequence[DataFrame]) -> bool:
        """Return whether a file has a partitioning other than the table's current one."""
        current, count = partition_specs(self.snapshots.catalog, self.table)
        return count > 1 and any(not frame.where(f"spec_id <> {current}").isEmpty() for frame in files)

    def _metadata(self, name: str, snapshot: int) -> DataFrame:
        """Return a metadata table as of a snapshot. It has no rows if the table has no commit (0)."""
        catalog, metadata = self.snapshots.catalog, f"{self.table.identifier}.{name}"
        return catalog.rows_at(metadata, snapshot) if snapshot else catalog.spark.table(metadata)

    def _values(self) -> list[Column]:
        types = {column.name: column.type for column in self.table.columns}
        fields = valued(self.table.partition_by)
        return [_value(field).cast(types[column_of(field)]).alias(column_of(field)) for field in fields]


def _value(field: str | DatePart) -> Column:
    """Convert a field of Iceberg's partition struct to a value of its column; years and months count from 1970."""
    from pyspark.sql import functions as F

    if isinstance(field, str):
        return F.col(f"partition.{field}")
    value = F.col(f"partition.{field.name}")
    if field.unit == "day":
        return value
    months = value * 12 if field.unit == "year" else value
    return F.add_months(F.lit("1970-01-01").cast("date"), months)
