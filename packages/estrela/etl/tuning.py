"""Settings of Spark for the size of a step's input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FEW_BYTES = 512 * 1024
"""Below this, some 50,000 rows, the time goes into compiling plans, not into rows."""
SMALL_BYTES = 16 * 1024 * 1024
"""Below this one task is enough for all rows."""
BROADCAST = {"spark.sql.autoBroadcastJoinThreshold": "64m"}
"""Up to this size a side of a join is sent to every task; a larger one is shuffled, since each task holds it whole."""
FOR_SMALL = {
    **BROADCAST,
    # One task sorts and joins it all, so there is nothing to re-plan at run time.
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
}
FOR_FEW = {
    **FOR_SMALL,
    # To evaluate an expression a few thousand times costs less than to compile it.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
BY_PARTITION = {
    "spark.sql.sources.v2.bucketing.enabled": "true",
    "spark.sql.iceberg.planning.preserve-data-grouping": "true",
}
"""One task reads the rows of one partition of a table: what needs them together does not shuffle them."""
COMPILED = {"spark.sql.codegen.hugeMethodLimit": "8000"}
"""Java runs a larger method without compiling it: a plan whose fused code is larger keeps its operators apart."""
FOR_LARGE = {**BROADCAST, **BY_PARTITION, **COMPILED}


def tier_of(size: int) -> int:
    """Return the least number of bytes for which plans are made as for ``size``."""
    return max(least for least in (0, FEW_BYTES, SMALL_BYTES) if least <= size)


@contextmanager
def tuned(spark: SparkSession, size: int) -> Iterator[None]:
    """While this holds, plans are made for ``size`` bytes of input."""
    by_tier = {0: FOR_FEW, FEW_BYTES: FOR_SMALL, SMALL_BYTES: FOR_LARGE}
    with settings(spark, by_tier[tier_of(size)]):
        yield


@contextmanager
def settings(spark: SparkSession, wanted: Mapping[str, str]) -> Iterator[None]:
    """While this holds, the session has these settings."""
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
