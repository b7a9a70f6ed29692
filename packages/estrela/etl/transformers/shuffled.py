"""Rows that are computed once and read several times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from estrela.etl.lake_table import LakeTable
from estrela.etl.readers.planned import planned
from estrela.etl.spark_fault import error_of
from estrela.etl.tuning import settings

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def shuffled(rows: DataFrame, by: Sequence[Column], table: LakeTable) -> DataFrame:
    """Return ``rows`` of ``table`` repartitioned by the columns ``by``. Later reads reuse the shuffle files.

    Spark keeps the shuffle files as long as the DataFrame exists, and recomputes lost ones. A cache would be a second
    copy. Raises TransformError if a row cannot be computed.
    """
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        # The JVM does not JIT-compile methods larger than 8,000 bytes. Whole-stage code generation puts everything into
        # one method, which exceeds that for wide rows; without it, Spark splits a projection into several methods.
        with settings(rows.sparkSession, {"spark.sql.codegen.wholeStage": "false"}):
            return planned(rows.repartition(*by))
    except (Py4JJavaError, PySparkException) as error:
        raise error_of(table.path, error, is_sensitive=table.is_sensitive) from error
