"""Spark's settings follow the size of the input and are afterwards what they were."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from estrela.etl.tuning import FOR_LARGE, FOR_SMALL, SMALL_BYTES, tuned


def seen(spark: SparkSession) -> dict[str, str | None]:
    return {name: spark.conf.get(name, None) for name in FOR_SMALL | FOR_LARGE}


def test_small_inputs_get_plans_for_few_rows_and_large_ones_are_read_by_partition(spark: SparkSession) -> None:
    before = seen(spark)
    with tuned(spark, SMALL_BYTES - 1):
        assert seen(spark) == before | FOR_SMALL
    with tuned(spark, SMALL_BYTES):
        assert seen(spark) == before | FOR_LARGE
    assert seen(spark) == before


def test_a_step_that_fails_leaves_the_settings_as_they_were(spark: SparkSession) -> None:
    before = seen(spark)
    with pytest.raises(ZeroDivisionError), tuned(spark, 0):
        raise ZeroDivisionError
    assert seen(spark) == before
