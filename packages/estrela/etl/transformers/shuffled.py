"""Rows that are computed once and read several times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from estrela.etl.lake_table import LakeTable
from estrela.etl.spark_fault import error_of

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def shuffled(rows: DataFrame, by: Sequence[Column], table: LakeTable) -> DataFrame:
    """``rows`` of ``table`` brought together by the columns ``by``, computed now; to read them is to read these files.

    Spark keeps the shuffle's files for as long as the frame lives and makes them anew if it loses some. A cache would
    be a second copy. Spark gives the rows of a plan as a frame to its own code alone, hence the names with underscores.
    Raises TransformError where a row cannot be computed.
    """
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException
    from pyspark.sql import DataFrame

    spark, plan = rows.sparkSession, rows.repartition(*by)._jdf.queryExecution()
    try:
        computed = plan.toRdd()
    except (Py4JJavaError, PySparkException) as error:
        raise error_of(table.path, error) from error
    return DataFrame(spark._jsparkSession.internalCreateDataFrame(computed, plan.analyzed().schema(), False), spark)
