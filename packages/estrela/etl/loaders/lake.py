"""Write, audit, publish: Iceberg tables of the lake, seen through the branch of one run.

A run reads its own branch of a table if it exists, else the published table. It writes only to its branch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from estrela.errors import LoadError
from estrela.etl.java_classes import keep_classes
from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.branches import Branches
from estrela.etl.loaders.by_partition import is_read_by_partition
from estrela.etl.loaders.catalog import Catalog
from estrela.etl.loaders.definition import define
from estrela.etl.loaders.notes import Notes
from estrela.etl.loaders.snapshots import Snapshots
from estrela.etl.row_hash import row_hash
from estrela.etl.run_key import branch_of
from estrela.etl.star_loader import StarLoader
from estrela.etl.star_tables import StarTables

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, DataFrameWriterV2, SparkSession

TASK_BYTES = str(64 * 1024 * 1024)
"""Shuffled bytes that one task sorts and writes. Iceberg's default of 384 MB would leave cores idle."""

OPEN_FILES = 100
"""Number of files that one task may write at the same time; each needs a few megabytes of memory."""
ONE_FILE_AT_A_TIME = {"fanout-enabled": "false"}
"""Sorts the rows of a task by partition. Tables with a sort order do so anyway."""
AS_THEY_COME = {"use-table-distribution-and-ordering": "false", **ONE_FILE_AT_A_TIME}
"""Writes rows in their current tasks and order. Iceberg refuses them if the rows of a partition are not adjacent."""


class LakeLoader(StarLoader):
    """The lake's tables as one run sees them."""

    def __init__(self, spark: SparkSession, star: str, run_key: str) -> None:
        keep_classes(spark)
        self.spark = spark
        self.tables = StarTables(star)
        self.branch = branch_of(run_key)
        self.catalog = Catalog(spark)
        self.snapshots = Snapshots(self.catalog, self.branch)
        self.branches = Branches(self.snapshots)
        self.notes = Notes(self.snapshots)
        self._ensured: set[str] = set()

    def ensure(self, table: LakeTable) -> None:
        """Create the table, or update it to match its declaration.

        Raises DefinitionError if the declaration cannot be applied. A run checks each table only once.
        """
        if table.path not in self._ensured:
            define(self.catalog, table)
            self._ensured.add(table.path)

    def read(self, table: LakeTable) -> DataFrame:
        """Return the table as this run sees it. Raises LoadError if it was never created."""
        if not self.catalog.has(table):
            raise LoadError(table.path, "does not exist; run the transform steps of its sources first", retriable=False)
        suffix = "" if self.snapshots.head(table) is None else f".branch_{self.branch}"
        return self.spark.table(f"{table.identifier}{suffix}")

    def read_at(self, table: LakeTable, snapshot: int) -> DataFrame:
        """Return the rows of the table at a snapshot that has not expired."""
        return self.catalog.rows_at(table.identifier, snapshot)

    def seen(self, table: LakeTable) -> int:
        """Return the ID of the snapshot that this run sees, or 0 if the table is empty or does not exist."""
        return self.snapshots.seen(table)

    def read_published(self, table: LakeTable) -> DataFrame:
        """Return the table as analysts see it."""
        return self.spark.table(table.identifier)

    def overwrite(
        self,
        table: LakeTable,
        rows: DataFrame,
        replaced: Column | None = None,
        *,
        inputs: str = "",
        partitions: int = 0,
        clustered: bool = False,
    ) -> None:
        """Replace the rows that match ``replaced`` (default: all) on the run's branch, in one commit.

        ``inputs`` describes the versions that the rows were computed from and is stored with the commit. ``partitions``
        is the number of partitions of the rows, 0 if unknown. ``clustered``: each partition is already within one task.
        """
        self.branches.begin(table)
        options = {"snapshot-property.estrela.inputs": inputs, "advisory-partition-size": TASK_BYTES}
        options |= {"distribution-mode": "none"} if clustered else {}
        options |= {} if 0 < partitions <= OPEN_FILES else ONE_FILE_AT_A_TIME
        self._replace(table, f"{table.identifier}.branch_{self.branch}", rows, replaced, options)

    def overwrite_published(self, table: LakeTable, rows: DataFrame, replaced: Column) -> None:
        """Replace published rows without audit. Only for records of operations."""
        self._replace(table, table.identifier, rows, replaced, ONE_FILE_AT_A_TIME)

    def append_published(self, table: LakeTable, rows: DataFrame) -> None:
        """Append published rows without audit. Only for records of operations."""
        self.catalog.commit(table, lambda: rows.writeTo(table.identifier).append())

    def is_unchanged(self, table: LakeTable, where: Column | None = None) -> bool:
        """Return whether the run's branch has exactly the published rows, in any order; ``where`` limits both."""
        limit = F.lit(True) if where is None else where
        if not self.snapshots.has_as_many_rows(table):
            return False
        return _are_same(self.read_published(table).where(limit), self.read(table).where(limit))

    def _replace(
        self, table: LakeTable, target: str, rows: DataFrame, replaced: Column | None, options: Mapping[str, str]
    ) -> None:
        conformed = rows.select(*[F.col(column.name).cast(column.type).alias(column.name) for column in table.columns])
        condition = F.lit(True) if replaced is None else replaced
        self.catalog.commit(table, lambda: _writer(conformed, table, target, options).overwrite(condition))


def _writer(rows: DataFrame, table: LakeTable, target: str, options: Mapping[str, str]) -> DataFrameWriterV2:
    """Return the writer of ``rows``, without a shuffle if each task has one partition; else Iceberg shuffles them."""
    if is_read_by_partition(rows, table.partition_by):
        # The partition columns are omitted: Spark sorts faster if the first sort key differs in nearly all rows.
        rows = rows.sortWithinPartitions(*table.sort_by) if table.sort_by else rows
        options = {**options, **AS_THEY_COME}
    writer = rows.writeTo(target)
    for name, value in options.items():
        writer = writer.option(name, value)
    return writer


def _are_same(left: DataFrame, right: DataFrame) -> bool:
    """Return whether two DataFrames with the same columns have the same rows, in any order.

    Compares row counts and sums over row hashes, in one job.
    """
    digest = row_hash([F.col(name) for name in left.columns])
    sides = left.select(F.lit(0).alias("side"), digest.alias("digest")).union(right.select(F.lit(1), digest))
    sums = (
        F.count(F.lit(1)),
        F.bit_xor("digest"),
        F.sum(F.shiftrightunsigned("digest", 24)),
        F.sum(F.col("digest").bitwiseAND(0xFFFFFF)),
    )
    totals = {row["side"]: tuple(row)[1:] for row in sides.groupBy("side").agg(*sums).collect()}
    return totals.get(0) == totals.get(1)
