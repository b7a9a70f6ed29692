"""Spark settings for the size of a step's input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FEW_BYTES = 512 * 1024
"""Below this size, about 50,000 rows, compiling plans takes most of the time."""
SMALL_BYTES = 16 * 1024 * 1024
"""Below this size one task suffices for all rows."""
BROADCAST = {"spark.sql.autoBroadcastJoinThreshold": "64m"}
"""A side of a join up to this size is broadcast. A larger one is shuffled, because every task would hold all of it."""
FOR_SMALL = {
    **BROADCAST,
    # A single task sorts and joins everything, so there is nothing to re-plan at run time.
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
}
FOR_FEW = {
    **FOR_SMALL,
    # Interpreting an expression a few thousand times is cheaper than compiling it.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
BY_PARTITION = {
    "spark.sql.sources.v2.bucketing.enabled": "true",
    "spark.sql.iceberg.planning.preserve-data-grouping": "true",
}
"""One task reads the rows of one table partition, so operations that group by partition need no shuffle."""
COMPILED = {"spark.sql.codegen.hugeMethodLimit": "8000"}
"""The JVM does not compile larger methods. If fused code would be larger, Spark keeps its operators separate."""
FOR_LARGE = {**BROADCAST, **BY_PARTITION, **COMPILED}
TASKS_PER_CORE = 8


def tier_of(size: int) -> int:
    """Return the lower bound of the tier of ``size``; all sizes in a tier have the same settings."""
    return max(least for least in (0, FEW_BYTES, SMALL_BYTES) if least <= size)


def in_few_tasks(rows: DataFrame) -> DataFrame:
    """Return ``rows`` in a few tasks per core, for totals over all of them.

    A task per table partition (see BY_PARTITION) takes longer to start than to count the rows of a small partition.
    """
    return rows.coalesce(TASKS_PER_CORE * rows.sparkSession.sparkContext.defaultParallelism)


@contextmanager
def tuned(spark: SparkSession, size: int) -> Iterator[None]:
    """Within the context, Spark is tuned for ``size`` bytes of input."""
    by_tier = {0: FOR_FEW, FEW_BYTES: FOR_SMALL, SMALL_BYTES: FOR_LARGE}
    with settings(spark, by_tier[tier_of(size)]):
        yield


@contextmanager
def settings(spark: SparkSession, wanted: Mapping[str, str]) -> Iterator[None]:
    """Within the context, the session has the settings ``wanted``."""
    before = {name: spark.conf.get(name, None) for name in wanted}
    for name, value in wanted.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, kept in before.items():
            if kept is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, kept)
