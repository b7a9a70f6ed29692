"""Versions, keys and lookups, on DataFrames alone."""

from __future__ import annotations

from datetime import date

import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession

from estrela.errors import TransformError
from estrela.etl.transformers.refined import dimension_rows, fact_rows
from estrela.model import Column, CsvSource, Dimension, Download, Fact, Field, Layout, Lookup, Scd2, Text

shops = CsvSource(
    "shops", "Shops", "shops", Download("http://x/shops.csv"), (Column("code", "string", "Code"),),
    (Layout("v1", (Field("Code", "code", Text()),)),),
)  # fmt: skip
OBSERVED = "code string, name string, city string, day date"


def as_it_is(shops: DataFrame) -> DataFrame:
    return shops


dim_shop = Dimension(
    "dim_shop", "Shops", (shops,), as_it_is,
    (Column("code", "string", "Code"), Column("name", "string", "Name"), Column("city", "string", "City")),
    ("code",), Scd2(("name",), "day"),
)  # fmt: skip
fact_sales = Fact(
    "fact_sales", "Sales", (shops,), as_it_is, (Column("sold_on", "date", "Day"), Column("amount", "bigint", "BRL")),
    (Lookup(dim_shop, ("code",), as_of="sold_on"),), ("shop_key", "sold_on"),
)  # fmt: skip
SEEN = [
    ("a", "Old", "Rio", date(2020, 3, 31)),
    ("a", "Old", "Rio", date(2020, 6, 30)),
    ("a", "New", "Recife", date(2020, 9, 30)),
    ("a", "Old", "Natal", date(2020, 12, 31)),
    ("b", "Listed", "Belém", None),
    ("a", "Ignored", "Ignored", None),
]
FIRST, LAST = date(1900, 1, 1), date(9999, 12, 31)


def members(spark: SparkSession, rows: list[tuple[object, ...]]) -> DataFrame:
    return dimension_rows(dim_shop, {"shops": spark.createDataFrame(rows, OBSERVED)})


def test_a_change_opens_a_version_and_untracked_columns_hold_the_newest(spark: SparkSession) -> None:
    found = members(spark, SEEN).where("shop_key <> 0").drop("shop_key").orderBy("code", "valid_from")

    schema = "code string, name string, city string, valid_from date, valid_to date, is_current boolean"
    expected = [
        ("a", "Old", "Natal", FIRST, date(2020, 9, 30), False),
        ("a", "New", "Natal", date(2020, 9, 30), date(2020, 12, 31), False),
        ("a", "Old", "Natal", date(2020, 12, 31), LAST, True),
        ("b", "Listed", "Belém", FIRST, LAST, True),
    ]
    assert_df_equality(found, spark.createDataFrame(expected, schema), ignore_nullable=True)


def test_keys_do_not_depend_on_the_order_of_rows(spark: SparkSession) -> None:
    one, other = members(spark, SEEN), members(spark, SEEN[::-1]).repartition(3)

    assert_df_equality(one, other, ignore_row_order=True, ignore_nullable=True)
    assert one.select("shop_key").distinct().count() == one.count() == 5


def test_a_fact_finds_the_version_of_its_day_or_the_unknown_member(spark: SparkSession) -> None:
    dimension = members(spark, SEEN)
    autumn = date(2020, 10, 1)
    sold = [("a", date(2019, 1, 1), 1), ("a", autumn, 2), ("x", autumn, 3), (None, autumn, 4)]
    sales = spark.createDataFrame(sold, "code string, sold_on date, amount bigint")
    rows = fact_rows(fact_sales, {"shops": sales}, {"dim_shop": dimension})
    named = rows.join(dimension, "shop_key").orderBy("amount").select("amount", "name")

    assert [tuple(row) for row in named.collect()] == [(1, "Old"), (2, "New"), (3, "unknown"), (4, "unknown")]


def test_a_transform_that_does_not_keep_the_contract_is_refused(spark: SparkSession) -> None:
    wrong = spark.createDataFrame([], "code string, name string, town string, day date")

    with pytest.raises(TransformError) as refused:
        dimension_rows(dim_shop, {"shops": wrong})

    assert str(refused.value) == "dim_shop: the transform lacks columns ['city'] and has undeclared columns ['town']"
