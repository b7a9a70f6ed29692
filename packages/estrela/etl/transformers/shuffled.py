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
    """Return ``rows`` of ``table`` brought together by the columns ``by``; every read of them reads the shuffle.

    Spark keeps the shuffle's files for as long as the frame lives and computes lost ones again. A cache would be a
    second copy. Raises TransformError where a row cannot be computed.
    """
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        # Java compiles no method of more than 8,000 bytes. Spark's whole stage is one method, larger than that for wide
        # rows; a projection is cut into several.
        with settings(rows.sparkSession, {"spark.sql.codegen.wholeStage": "false"}):
            return planned(rows.repartition(*by))
    except (Py4JJavaError, PySparkException) as error:
        raise error_of(table.path, error, is_sensitive=table.is_sensitive) from error
