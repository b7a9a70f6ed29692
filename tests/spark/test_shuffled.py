"""Rows that are computed only once, however often they are read."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from estrela.errors import TransformError
from estrela.etl.star_tables import StarTables
from estrela.etl.transformers.shuffled import shuffled


def test_rows_are_computed_a_single_time(spark: SparkSession) -> None:
    computed = spark.sparkContext.accumulator(0)

    def counting(number: int) -> int:
        computed.add(1)
        return number

    count = F.udf(counting, "bigint").asNondeterministic()
    rows = shuffled(spark.range(20).withColumn("n", count("id")), ["id"], StarTables("banking").files)

    assert rows.where("n < 5").count() == 5
    assert rows.where("n >= 5").count() == 15
    assert computed.value == 20


def test_a_row_that_cannot_be_computed_names_the_table(spark: SparkSession) -> None:
    rows = spark.range(3).withColumn("n", F.raise_error(F.lit("no such value")).cast("int"))

    with pytest.raises(TransformError, match=r"(?s)banking_ops\.files.*no such value"):
        shuffled(rows, ["id"], StarTables("banking").files).count()
