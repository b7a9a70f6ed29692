"""DataFrames that are already planned, so that later changes of Spark's settings do not affect them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def planned(rows: DataFrame) -> DataFrame:
    """Return ``rows`` with their tasks planned, and their shuffles started, using the session's current settings.

    Spark converts a plan to a DataFrame only in internal code, hence the private names. Raises Py4JJavaError or
    PySparkException if planning or a shuffle fails.
    """
    from pyspark.sql import DataFrame

    spark, plan = rows.sparkSession, rows._jdf.queryExecution()
    computed = plan.toRdd()
    return DataFrame(spark._jsparkSession.internalCreateDataFrame(computed, plan.analyzed().schema(), False), spark)
