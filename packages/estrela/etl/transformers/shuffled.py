"""Rows that are computed once and read several times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def shuffled(rows: DataFrame, by: Sequence[str]) -> DataFrame:
    """``rows`` brought together by the columns ``by``, computed now; each read of them takes up the shuffle's files.

    Spark keeps these files for as long as the frame lives and makes them anew if it loses some. A cache would be a
    second copy. Spark gives the rows of a plan as a frame to its own code alone, hence the names with underscores.
    """
    from pyspark.sql import DataFrame

    spark, plan = rows.sparkSession, rows.repartition(*by)._jdf.queryExecution()
    frame = spark._jsparkSession.internalCreateDataFrame(plan.toRdd(), plan.analyzed().schema(), False)
    return DataFrame(frame, spark)
