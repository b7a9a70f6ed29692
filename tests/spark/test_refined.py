"""Versions, keys and lookups, on DataFrames only."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from estrela.errors import TransformError
from estrela.etl.row_hash import row_hash
from estrela.etl.transformers.refined import dimension_rows, fact_rows
from estrela.model import Column, CsvSource, Dimension, Download, Fact, Field, Layout, Lookup, Scd1, Scd2, Text

shops = CsvSource(
    "shops", "Shops", "shops", Download("https://x.test/shops.csv"), (Column("code", "string", "Code"),),
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
    versions = members(spark, SEEN).where("shop_key <> 0").drop("shop_key", "shop_durable_key")
    versions = versions.orderBy("code", "valid_from")

    schema = "code string, name string, city string, valid_from date, valid_to date, is_current boolean"
    expected = [
        ("a", "Old", "Natal", FIRST, date(2020, 9, 30), False),
        ("a", "New", "Natal", date(2020, 9, 30), date(2020, 12, 31), False),
        ("a", "Old", "Natal", date(2020, 12, 31), LAST, True),
        ("b", "Listed", "Belém", FIRST, LAST, True),
    ]
    assert_df_equality(versions, spark.createDataFrame(expected, schema), ignore_nullable=True)


def test_keys_do_not_depend_on_the_order_of_rows(spark: SparkSession) -> None:
    original, other = members(spark, SEEN), members(spark, SEEN[::-1]).repartition(3)

    assert_df_equality(original, other, ignore_row_order=True, ignore_nullable=True)
    assert original.select("shop_key").distinct().count() == original.count() == 5


def test_a_fact_finds_the_version_of_its_day_or_the_unknown_member(spark: SparkSession) -> None:
    dimension = members(spark, SEEN)
    early, last_old, first_new, last_new = date(2019, 1, 1), date(2020, 9, 29), date(2020, 9, 30), date(2020, 12, 30)
    days = (early, last_old, first_new, last_new, date(2020, 12, 31))
    sold = [*(("a", day, amount) for amount, day in enumerate(days)), ("x", first_new, 5), (None, first_new, 6)]
    sales = spark.createDataFrame(sold, "code string, sold_on date, amount bigint")
    rows = fact_rows(fact_sales, {"shops": sales}, {"dim_shop": dimension})
    named = rows.join(dimension, "shop_key").orderBy("amount").select("amount", "name")

    names = ("Old", "Old", "New", "New", "Old", "unknown", "unknown")
    assert [tuple(row) for row in named.collect()] == list(enumerate(names))


def test_the_durable_key_names_a_member_through_its_versions_and_before_the_dimension_knows_it(
    spark: SparkSession,
) -> None:
    autumn = date(2020, 10, 1)
    sold = [("a", date(2019, 1, 1), 1), ("a", autumn, 2), ("b", autumn, 3)]
    sales = {"shops": spark.createDataFrame(sold, "code string, sold_on date, amount bigint")}
    early = fact_rows(fact_sales, sales, {"dim_shop": members(spark, [row for row in SEEN if row[0] == "a"])})
    dimension = members(spark, SEEN)
    late = fact_rows(fact_sales, sales, {"dim_shop": dimension})

    durable = {(row["amount"], row["shop_durable_key"]) for row in early.collect()}
    assert durable == {(row["amount"], row["shop_durable_key"]) for row in late.collect()}
    assert early.where("shop_key = 0").count() == 1
    named = late.join(dimension.where("is_current"), "shop_durable_key").orderBy("amount").select("name")
    assert [row["name"] for row in named.collect()] == ["Old", "Old", "Listed"]


def test_a_key_does_not_depend_on_the_type_in_which_a_transform_gives_it(spark: SparkSession) -> None:
    numbered = replace(
        dim_shop, columns=(Column("code", "bigint", "Code"), Column("name", "string", "Name")), history=Scd1()
    )
    sales = replace(fact_sales, lookups=(Lookup(numbered, ("code",)),))
    known = dimension_rows(numbered, {"shops": spark.createDataFrame([(7, "x")], "code int, name string")})
    sold = spark.createDataFrame([(7, date(2020, 1, 1), 1)], "code smallint, sold_on date, amount bigint")
    row = fact_rows(sales, {"shops": sold}, {"dim_shop": known}).first()

    assert row["shop_key"] == row["shop_durable_key"] == known.where("code = 7").first()["shop_durable_key"]


def test_keys_tell_rows_apart_by_the_place_of_their_nulls(spark: SparkSession) -> None:
    pair = (Column("part", "bigint", "Part"), Column("whole", "bigint", "Whole"))
    paired = replace(dim_shop, columns=pair, business_key=("part", "whole"), history=Scd1())
    rows = spark.createDataFrame([(None, 5), (5, None), (5, 5), (None, None)], "part bigint, whole bigint")
    known = dimension_rows(paired, {"shops": rows})

    assert known.select("shop_key").distinct().count() == known.select("shop_durable_key").distinct().count() == 5


@pytest.mark.parametrize("width", [2, 63, 64, 130])
def test_a_value_that_moves_to_another_column_changes_the_hash_of_its_row(spark: SparkSession, width: int) -> None:
    places = [[5 if at == place else None for at in range(width)] for place in range(width)]
    rows = spark.createDataFrame(places, ", ".join(f"c{at} bigint" for at in range(width)))

    assert rows.select(row_hash([F.col(name) for name in rows.columns])).distinct().count() == width


def test_a_transform_that_does_not_keep_the_contract_is_refused(spark: SparkSession) -> None:
    wrong = spark.createDataFrame([], "code string, name string, town string, day date")

    with pytest.raises(TransformError) as refused:
        dimension_rows(dim_shop, {"shops": wrong})

    assert str(refused.value) == "dim_shop: the transform lacks columns ['city'] and has undeclared columns ['town']"
