"""The test of a physical plan: rows are read as they are written, one partition of a table by one task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from estrela.etl.tuning import BY_PARTITION
from estrela.model.partition import PartitionField

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def is_read_by_partition(rows: DataFrame, by: Sequence[PartitionField]) -> bool:
    """Return whether each task has all rows of one value of the columns ``by``, and no others, without a shuffle.

    So it is, under the settings BY_PARTITION, for rows that come of one table partitioned by these columns. It is false
    for date parts and buckets.
    """
    spark = rows.sparkSession
    if not by or not all(isinstance(field, str) for field in by):
        return False
    if any(spark.conf.get(name, "false") != value for name, value in BY_PARTITION.items()):
        return False
    plan = rows._jdf.queryExecution().executedPlan()
    if plan.getClass().getSimpleName() == "AdaptiveSparkPlanExec":
        plan = plan.initialPlan()
    # A plan answers by the settings of the session that is active in this thread.
    spark._jvm.SparkSession.setActiveSession(spark._jsparkSession)
    partitioning, columns = plan.outputPartitioning(), plan.output()
    if partitioning.getClass().getSimpleName() != "KeyGroupedPartitioning":
        return False
    keys = [partitioning.expressions().apply(at) for at in range(partitioning.expressions().size())]
    # A column may bear the name of the one that the table is partitioned by, and be another.
    names = [
        column.name() for column in map(columns.apply, range(columns.size())) if any(map(column.semanticEquals, keys))
    ]
    return len(names) == len(keys) and set(names) == set(by)
