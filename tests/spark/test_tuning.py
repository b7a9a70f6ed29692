"""Spark's settings depend on the size of the input, and are restored afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pyspark.sql import SparkSession
from shop_star import dim_shop, fact_month

from estrela.etl.transformers.refined import fact_rows
from estrela.etl.tuning import FEW_BYTES, FOR_FEW, FOR_LARGE, FOR_SMALL, SMALL_BYTES, tuned
from estrela.model import Lookup


def seen(spark: SparkSession) -> dict[str, str | None]:
    return {name: spark.conf.get(name, None) for name in FOR_FEW | FOR_LARGE}


def test_small_inputs_get_plans_for_few_rows_and_large_ones_are_read_by_partition(spark: SparkSession) -> None:
    before = seen(spark)
    with tuned(spark, FEW_BYTES - 1):
        assert seen(spark) == before | FOR_FEW
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


@pytest.mark.parametrize(("members", "join"), [(1000, "BroadcastHashJoin"), (4_000_000, "SortMergeJoin")])
def test_only_a_dimension_that_fits_into_every_task_is_sent_to_all(
    spark: SparkSession, members: int, join: str
) -> None:
    shop, always = "CAST(id AS string) AS shop", ("DATE'1900-01-01' AS valid_from", "DATE'9999-12-31' AS valid_to")
    known = spark.range(members).selectExpr(
        "id AS shop_key", "id AS shop_durable_key", shop, "CAST(id AS string) AS name", *always
    )
    sold = spark.range(10_000_000).selectExpr("DATE'2024-01-01' AS sold_on", "id AS ticket", shop, "id AS amount")
    by_shop = replace(fact_month, lookups=(Lookup(dim_shop, ("shop",), as_of="sold_on"),))

    with tuned(spark, SMALL_BYTES):
        plan = fact_rows(by_shop, {"sales": sold}, {"dim_shop": known})._jdf.queryExecution().sparkPlan()

    assert join in plan.toString()
