"""Conditions on partitions: exact for every type of field, and not deeply nested for thousands of partitions."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from world import World

from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.loaders.partitions import Partitions
from estrela.etl.partition_filter import partition_filter, partition_value
from estrela.frame import frame_of
from estrela.model import Column, bucket, day, month, year
from estrela.model.partition import DatePart, Partition, PartitionField, start_of, valued

COLUMNS = (
    Column("code", "string", "Code"),
    Column("number", "int", "Number"),
    Column("sold_on", "date", "Day"),
    Column("sold_at", "timestamp", "Time"),
)
SCHEMA = ", ".join(f"{column.name} {column.type}" for column in COLUMNS)
DAYS = [date(2019, 12, 31), date(2020, 1, 1), date(2020, 1, 31), date(2020, 2, 29), date(2020, 3, 1), date(2021, 1, 1)]
ROWS = [
    (code, number, sold_on, sold_on and datetime(sold_on.year, sold_on.month, sold_on.day, 23, 59))
    for at, sold_on in enumerate([*DAYS, None])
    for code, number in (("a", at % 3), (None, 7), ("b'\\", None))
]


def declared(*fields: PartitionField) -> LakeTable:
    return LakeTable("banking_ops", "sold", "Sold", COLUMNS, fields)


@pytest.mark.parametrize(
    "fields",
    [("code",), ("code", "number"), (month("sold_on"),), (year("sold_at"),), (day("sold_at"), "code", "number")],
    ids=str,
)
def test_the_condition_holds_for_the_rows_of_the_partitions_and_for_no_others(
    spark: SparkSession, fields: tuple[PartitionField, ...]
) -> None:
    rows = spark.createDataFrame(ROWS, SCHEMA)
    values = F.array(*[partition_value(field).cast("string") for field in valued(fields)])
    frame = rows.select("*", values.alias("partition")).cache()
    partitions = sorted({tuple(row["partition"]) for row in frame.select("partition").collect()}, key=str)

    for chosen in (partitions[::2], partitions[1::2], partitions, []):
        matching = frame.where(partition_filter(declared(*fields), chosen)).collect()
        assert len(matching) == sum(tuple(row["partition"]) in chosen for row in frame.collect())
        assert {tuple(row["partition"]) for row in matching} == set(chosen)


def test_the_value_of_a_request_is_that_of_its_rows() -> None:
    fields = ("sold_on", year("sold_on"), month("sold_on"), day("sold_on"))
    assert [start_of(field, "2020-02-29") for field in fields] == [
        "2020-02-29",
        "2020-01-01",
        "2020-02-01",
        "2020-02-29",
    ]


def test_a_bucket_splits_files_and_is_no_part_of_what_is_replaced(world: World) -> None:
    table = declared(month("sold_on"), bucket("code", 4))
    lake = LakeLoader(world.spark, "banking", "one")
    lake.ensure(table)
    lake.overwrite_published(table, world.spark.createDataFrame(ROWS, SCHEMA), F.lit(True))
    before = lake.seen(table)
    january: Partition = ("2020-01-01",)
    rows = frame_of(world.spark, [{"code": "z", "sold_on": "2020-01-15"}], table.schema)
    lake.overwrite_published(table, rows, partition_filter(table, [january]))

    changed = Partitions(table, lake.snapshots).changed(before, lake.seen(table))
    assert changed is not None and [row["sold_on"] for row in changed.collect()] == [date(2020, 1, 1)]
    kept = lake.read(table).where("sold_on BETWEEN DATE '2020-01-01' AND DATE '2020-01-31'").collect()
    assert [row["code"] for row in kept] == ["z"]
    assert lake.read(table).count() == len(ROWS) - 6 + 1


@pytest.mark.parametrize("field", [year("sold_on"), month("sold_on"), day("sold_on")], ids=str)
def test_partitions_read_from_metadata_are_the_first_days_of_their_date_parts(world: World, field: DatePart) -> None:
    table = declared(field)
    lake = LakeLoader(world.spark, "banking", "one")
    lake.ensure(table)
    lake.overwrite_published(table, world.spark.createDataFrame(ROWS, SCHEMA), F.lit(True))
    partitions, newest = Partitions(table, lake.snapshots), lake.seen(table)
    changed = partitions.changed(0, newest)

    assert changed is not None
    for rows in (partitions.existing(newest), changed):
        days = {row["sold_on"] and str(row["sold_on"]) for row in rows.collect()}
        assert days == {None, *[start_of(field, str(sold_on)) for sold_on in DAYS]}


def test_five_thousand_partitions_of_two_columns_are_replaced(world: World) -> None:
    table = declared("code", month("sold_on"))
    lake = LakeLoader(world.spark, "banking", "one")
    lake.ensure(table)
    lake.overwrite_published(table, world.spark.createDataFrame(ROWS, SCHEMA), F.lit(True))
    start = date(1600, 1, 1)
    # Every shop has different months, so that the values of no two shops can share a condition.
    many = {(str(at), (start + timedelta(35 * at)).replace(day=1).isoformat()) for at in range(5000)}
    chosen = [*many, ("a", "2020-01-01"), (None, "2020-02-01")]
    lake.overwrite_published(table, frame_of(world.spark, [], table.schema), partition_filter(table, chosen))

    assert lake.read(table).count() == len(ROWS) - 3
