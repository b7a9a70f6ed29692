"""Rows whose tasks are planned already: later settings of the session do not change them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def planned(rows: DataFrame) -> DataFrame:
    """Return ``rows`` with their tasks planned, and their shuffles started, by the present settings of the session.

    Spark offers the rows of a plan as a frame only to its own code, hence the names with underscores. Raises
    Py4JJavaError or PySparkException where planning or a shuffle fails.
    """
    from pyspark.sql import DataFrame

    spark, plan = rows.sparkSession, rows._jdf.queryExecution()
    computed = plan.toRdd()
    return DataFrame(spark._jsparkSession.internalCreateDataFrame(computed, plan.analyzed().schema(), False), spark)
