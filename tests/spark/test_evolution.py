"""Changes of a declaration are applied to the existing table, and readers see them only with a release."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pyspark.sql import SparkSession
from world import World

from estrela.errors import DefinitionError
from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.catalog import Catalog
from estrela.etl.loaders.evolution import changes, stored
from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.loaders.layout import has_old_layout
from estrela.frame import frame_of
from estrela.model import Column

FIRST = LakeTable(
    "shop",
    "sales",
    "Sales",
    (
        Column("shop", "string", "Shop"),
        Column("day", "date", "Day"),
        Column("pieces", "int", "Pieces"),
        Column("price", "decimal(9,2)", "Price"),
        Column("note", "string", "Note"),
    ),
    ("shop",),
    ("day",),
)
NEXT = LakeTable(
    "shop",
    "sales",
    "Sales of shops",
    (
        Column("branch", "string", "Branch of the shop", renamed_from="shop"),
        Column("day", "date", "Day of the sale"),
        Column("pieces", "bigint", "Pieces"),
        Column("price", "decimal(18,2)", "Price"),
        Column("seller", "string", "Who sold; it's new"),
    ),
    ("day",),
    ("branch",),
)
SOLD = {"shop": "north", "day": None, "pieces": 1, "price": None, "note": "first"}


def written(world: World, table: LakeTable, row: dict[str, object], run: str) -> LakeLoader:
    lake = LakeLoader(world.spark, "shop", run)
    lake.ensure(table)
    lake.overwrite(table, frame_of(world.spark, [row], table.schema))
    lake.branches.publish(table)
    return lake


def columns_at(spark: SparkSession, snapshot: int) -> list[str]:
    return spark.sql(f"SELECT * FROM {FIRST.identifier} VERSION AS OF {snapshot}").columns


def test_a_changed_declaration_is_applied_and_an_old_snapshot_keeps_its_columns(world: World) -> None:
    spark = world.spark
    lake = written(world, FIRST, SOLD, "one")
    spark.sql(f"ALTER TABLE {FIRST.identifier} ADD COLUMN gone STRING")
    old = lake.seen(FIRST)
    assert not has_old_layout(lake.snapshots, FIRST)

    later = LakeLoader(spark, "shop", "two")
    later.ensure(NEXT)
    assert columns_at(spark, old) == ["shop", "day", "pieces", "price", "note"]
    assert later.snapshots.stored(NEXT, old) == ("shop", "day", "pieces", "price", "note")
    assert has_old_layout(later.snapshots, NEXT)
    table = stored(Catalog(spark), NEXT)
    assert {name: (column.type, column.doc) for name, column in table.columns.items()} == {
        column.name: (column.type, column.doc) for column in NEXT.columns
    }
    assert (table.doc, table.partition_by, table.order) == ("Sales of shops", ("day",), ("day", "branch"))
    assert [tuple(row) for row in later.read(NEXT).select("branch", "pieces", "seller").collect()] == [
        ("north", 1, None)
    ]
    assert list(changes(NEXT, table)) == []

    lake = written(world, NEXT, {"branch": "south", "pieces": 5_000_000_000, "seller": "Ana"}, "three")
    assert not has_old_layout(lake.snapshots, NEXT)
    assert [row["pieces"] for row in lake.read_published(NEXT).collect()] == [5_000_000_000]
    assert spark.sql(f"SELECT note FROM {FIRST.identifier} VERSION AS OF {old}").collect() == [("first",)]


def test_an_unchanged_declaration_changes_nothing(world: World) -> None:
    written(world, FIRST, SOLD, "one")
    plain = replace(FIRST, name="plain", partition_by=(), sort_by=())
    written(world, plain, SOLD, "one")
    assert list(changes(FIRST, stored(Catalog(world.spark), FIRST))) == []
    assert list(changes(plain, stored(Catalog(world.spark), plain))) == []

    log = f"SELECT count(*) FROM {FIRST.identifier}.metadata_log_entries"
    commits = world.spark.sql(log).collect()
    LakeLoader(world.spark, "shop", "two").ensure(FIRST)
    assert world.spark.sql(log).collect() == commits
    # A change by another writer is detected, although the declaration is the same.
    world.spark.sql(f"ALTER TABLE {FIRST.identifier} ADD COLUMN gone STRING")
    LakeLoader(world.spark, "shop", "three").ensure(FIRST)
    assert "gone" not in world.spark.table(FIRST.identifier).columns


def test_a_required_column_is_relaxed(world: World) -> None:
    spark, table = world.spark, replace(FIRST, name="strict", partition_by=(), sort_by=(), columns=FIRST.columns[:1])
    spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.shop")
    spark.sql(f"CREATE TABLE {table.identifier} (shop STRING NOT NULL COMMENT 'Shop') USING iceberg COMMENT 'Sales'")
    assert list(changes(table, stored(Catalog(spark), table))) == [
        "ALTER TABLE lake.shop.strict ALTER COLUMN `shop` DROP NOT NULL"
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            (*FIRST.columns[:2], Column("pieces", "string", "Pieces"), *FIRST.columns[3:]),
            "shop.sales: column 'pieces' has the type int in the lake and is declared as string, which is not wider; "
            "declare it under a new name",
        ),
        (
            (*FIRST.columns[:3], Column("price", "decimal(18,4)", "Price"), FIRST.columns[4]),
            "shop.sales: column 'price' has the type decimal(9,2) in the lake and is declared as decimal(18,4), which"
            " is not wider; declare it under a new name",
        ),
    ],
)
def test_what_cannot_be_applied_is_refused_for_good(world: World, columns: tuple[Column, ...], message: str) -> None:
    written(world, FIRST, SOLD, "one")
    with pytest.raises(DefinitionError) as refused:
        LakeLoader(world.spark, "shop", "two").ensure(replace(FIRST, columns=columns))
    assert (str(refused.value), refused.value.retriable) == (message, False)
    assert stored(Catalog(world.spark), FIRST).columns["pieces"].type == "int"


def test_a_column_that_snapshots_are_partitioned_by_cannot_go(world: World) -> None:
    written(world, FIRST, SOLD, "one")
    without = replace(FIRST, columns=FIRST.columns[1:], partition_by=())
    with pytest.raises(DefinitionError, match="column 'shop' is no longer declared, but older snapshots"):
        LakeLoader(world.spark, "shop", "two").ensure(without)
