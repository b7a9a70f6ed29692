"""Test whether a physical plan already has the distribution to write: each task has one partition of the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from estrela.etl.tuning import BY_PARTITION
from estrela.model.partition import PartitionField

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def is_read_by_partition(rows: DataFrame, by: Sequence[PartitionField]) -> bool:
    """Return whether each task has, without a shuffle, all rows of one value of the columns ``by`` and no others.

    This is true, with the settings BY_PARTITION, for rows read from a single table that is partitioned by these
    columns. It is false for date parts and buckets.
    """
    spark = rows.sparkSession
    if not by or not all(isinstance(field, str) for field in by):
        return False
    if any(spark.conf.get(name, "false") != value for name, value in BY_PARTITION.items()):
        return False
    plan = rows._jdf.queryExecution().executedPlan()
    if plan.getClass().getSimpleName() == "AdaptiveSparkPlanExec":
        plan = plan.initialPlan()
    # The output partitioning depends on the settings of the thread's active session.
    spark._jvm.SparkSession.setActiveSession(spark._jsparkSession)
    partitioning, columns = plan.outputPartitioning(), plan.output()
    if partitioning.getClass().getSimpleName() != "KeyGroupedPartitioning":
        return False
    keys = [partitioning.expressions().apply(at) for at in range(partitioning.expressions().size())]
    # Compare semantically: a column may have the name of a partition column without being that column.
    names = [
        column.name() for column in map(columns.apply, range(columns.size())) if any(map(column.semanticEquals, keys))
    ]
    return len(names) == len(keys) and set(names) == set(by)
