"""Partitions of a table that changed or exist, from Iceberg's metadata: no data file is read."""

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
"""Status of a manifest's entry of a file that the snapshot neither added nor deleted."""


@dataclass(frozen=True)
class Partitions:
    """The partitions of one table, as rows: the columns that it is partitioned by, of a date part its first day."""

    table: LakeTable
    snapshots: Snapshots

    def existing(self, snapshot: int) -> DataFrame:
        """Return the partitions that have files at a snapshot, with the size of these files."""
        from pyspark.sql import functions as F

        names = [column_of(field) for field in valued(self.table.partition_by)]
        files = self._metadata("files", snapshot).select(*self._values(), "file_size_in_bytes")
        return files.groupBy(*names).agg(F.sum("file_size_in_bytes").alias(BYTES))

    def changed(self, since: int, until: int) -> DataFrame | None:
        """Return the partitions to which commits after the snapshot ``since``, up to ``until``, added or removed rows.

        None if that cannot be known: ``until`` does not descend from ``since``, the commits between are expired, or a
        file is partitioned in another way than the table is now. Compaction changes no rows and does not count.
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
        """Files that a commit added or deleted."""
        entries = self._metadata("entries", commit)
        return entries.where(f"snapshot_id = {commit} AND status <> {KEPT}").select("data_file.*")

    def _are_repartitioned(self, files: Sequence[DataFrame]) -> bool:
        """Return whether a file is partitioned in another way than the table is now."""
        current, count = partition_specs(self.snapshots.catalog, self.table)
        return count > 1 and any(not frame.where(f"spec_id <> {current}").isEmpty() for frame in files)

    def _metadata(self, name: str, snapshot: int) -> DataFrame:
        """Return a metadata table as of a snapshot; that of a table without any commit, 0, has no rows."""
        reader = self.snapshots.catalog.spark.read
        return (reader.option("snapshot-id", snapshot) if snapshot else reader).table(f"{self.table.identifier}.{name}")

    def _values(self) -> list[Column]:
        types = {column.name: column.type for column in self.table.columns}
        fields = valued(self.table.partition_by)
        return [_value(field).cast(types[column_of(field)]).alias(column_of(field)) for field in fields]


def _value(field: str | DatePart) -> Column:
    """A field of Iceberg's partition struct as a value of its column; years and months are counted from 1970."""
    from pyspark.sql import functions as F

    if isinstance(field, str):
        return F.col(f"partition.{field}")
    value = F.col(f"partition.{field.name}")
    if field.unit == "day":
        return value
    months = value * 12 if field.unit == "year" else value
    return F.add_months(F.lit("1970-01-01").cast("date"), months)
