"""A small star whose trusted tables tests fill directly: sales by day, and observations of shops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.steps.star import BuildStar
from estrela.frame import frame_of
from estrela.model import (
    ByPartition,
    Column,
    CsvSource,
    Date,
    Dimension,
    Download,
    Fact,
    Field,
    FromRequest,
    Layout,
    Lookup,
    Scd2,
    Text,
    Whole,
    month,
    reconcile,
)  # fmt: skip
from estrela.model.star import Star, assemble
from estrela.model.table import Table

SHOP, NAME = Column("shop", "string", "Shop as written"), Column("name", "string", "Name")
SOLD_ON, AMOUNT = Column("sold_on", "date", "Day of the sale"), Column("amount", "bigint", "Amount")
TICKET = Column("ticket", "bigint", "Number of the ticket")

sales = CsvSource(
    "sales", "Sales", "sales", Download("https://shop.test/sales.csv"), (SOLD_ON, TICKET, SHOP, AMOUNT),
    (Layout("v1", (Field("No", "ticket", Whole()), Field("Shop", "shop", Text()), Field("Sum", "amount", Whole()))),),
    (FromRequest("day", "sold_on"),), partition_by=("sold_on",),
)  # fmt: skip
shops = CsvSource(
    "shops", "Shops as observed", "shops", Download("https://shop.test/shops.csv"),
    (SHOP, NAME, Column("observed_on", "date", "Day of the observation")),
    (Layout("v1", (Field("S", "shop", Text()), Field("Name", "name", Text()), Field("Day", "observed_on", Date()))),),
)  # fmt: skip


def observed(shops: DataFrame) -> DataFrame:
    return shops.select(F.upper("shop").alias("shop"), "name", F.col("observed_on").alias("as_of"))


def spelled(shops: DataFrame) -> DataFrame:
    return shops.select("shop", F.upper("shop").alias("code")).distinct()


def sold(sales: DataFrame) -> DataFrame:
    return sales.select("sold_on", "ticket", "shop", "amount")


def sold_in_years(sales: DataFrame) -> DataFrame:
    return sold(sales).withColumn("sold_in", F.date_format("sold_on", "yyyy"))


dim_spelling = Dimension(
    "dim_spelling",
    "Spellings",
    (shops,),
    spelled,
    (SHOP, Column("code", "string", "Shop that it stands for")),
    ("shop",),
)
dim_shop = Dimension("dim_shop", "Shops", (shops,), observed, (SHOP, NAME), ("shop",), Scd2(("name",), "as_of"))
LOOKUPS = (
    Lookup(dim_spelling, ("shop",), brings=("code",)),
    Lookup(dim_shop, ("code",), as_of="sold_on"),
)
fact_month = Fact(
    "fact_month", "Sales by month", (sales,), sold, (SOLD_ON, TICKET, AMOUNT), LOOKUPS, ("ticket", "sold_on"),
    (month("sold_on"),), ("ticket",), (reconcile("amount", sales, "amount"),), ByPartition(sales),
)  # fmt: skip
fact_year = Fact(
    "fact_year", "Sales by year", (sales,), sold_in_years,
    (Column("sold_in", "string", "Year"), SOLD_ON, TICKET, AMOUNT), LOOKUPS, ("ticket",), ("sold_in",), ("ticket",), (),
    ByPartition(sales, {"sold_in": "date_format(sold_on, 'yyyy')"}),
)  # fmt: skip
STAR = assemble("shop", [fact_month, fact_year])
Sales = Mapping[date, list[tuple[int, str, int]]]
"""Tickets by day: number, shop and amount."""


@dataclass
class Shop:
    """A lake of the star ``name``. :meth:`build` updates its refined tables from the trusted ones."""

    spark: SparkSession
    name: str = "shop"
    star: Star = field(default=STAR)
    runs: int = 0

    @property
    def lake(self) -> LakeLoader:
        return LakeLoader(self.spark, self.name, f"run {self.runs}")

    def sell(self, sales_by_day: Sales) -> None:
        """Replace the tickets of some days; a day without tickets is withdrawn."""
        table = self.lake.tables.trusted(sales)
        self.lake.ensure(table)
        rows = [
            {"sold_on": str(day), "ticket": number, "shop": shop, "amount": amount}
            for day, tickets in sales_by_day.items()
            for number, shop, amount in tickets
        ]
        days = F.col("sold_on").isin([F.lit(day) for day in sales_by_day])
        self.lake.overwrite_published(table, frame_of(self.spark, rows, table.schema), days)

    def observe(self, *observations: tuple[str, str, str]) -> None:
        """Replace all observations of shops, given as shop, name and day."""
        table = self.lake.tables.trusted(shops)
        self.lake.ensure(table)
        rows = [dict(zip(("shop", "name", "observed_on"), observation, strict=True)) for observation in observations]
        self.lake.overwrite_published(table, frame_of(self.spark, rows, table.schema), F.lit(True))

    def build(self, code: str = "code") -> list[str]:
        """Build the star and commit the tables; return the names of those that changed."""
        self.runs += 1
        lake = self.lake
        built = BuildStar(self.star, lake, {table.name: code for table in self.star.tables}).run()["built"]
        for table in (*map(lake.tables.refined, self.star.tables), lake.tables.checks):
            if lake.catalog.has(table) and lake.branch in lake.snapshots.refs(table):
                lake.branches.publish(table)
        assert isinstance(built, list)
        return built

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        rows = {}
        for table in self.star.tables:
            frame = self.lake.read(self.lake.tables.refined(table))
            rows[table.name] = sorted((tuple(row) for row in frame.collect()), key=str)
        return rows

    def files(self, table: LakeTable) -> dict[str, str]:
        """Return the data files by partition, written as text."""
        rows = self.spark.table(f"{table.identifier}.files").select("file_path", F.col("partition").cast("string"))
        return {row[1]: row[0] for row in rows.collect()}

    def refined(self, table: Table) -> LakeTable:
        return self.lake.tables.refined(table)


def rebuilt(shop: Shop, name: str) -> Shop:
    """Return a new lake with the same trusted rows, built in one run."""
    other = Shop(shop.spark, name)
    for source in (sales, shops):
        table = other.lake.tables.trusted(source)
        other.lake.ensure(table)
        rows = shop.lake.read(shop.lake.tables.trusted(source))
        other.lake.overwrite_published(table, rows, F.lit(True))
    other.build()
    return other


def tickets(*numbers: int, shop: str = "a") -> list[tuple[int, str, int]]:
    return [(number, shop, number * 10) for number in numbers]


def many(days: Iterable[date]) -> Sales:
    return {day: tickets(at * 2 + 1, at * 2 + 2) for at, day in enumerate(days)}
