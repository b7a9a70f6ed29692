"""The share of a full build that one changed partition costs.

    python benchmarks/increments.py [--rows 10000000] [--days 100] [--changed 5000]

A fact of ``--rows`` rows in ``--days`` daily partitions, with a dimension that has versions, is built whole; then one
day is corrected and the fact is built again. Prints both times and their ratio; fails if the increment takes more than
a tenth of the full build, or if another partition was written. ``--changed`` partitions
of two columns are then replaced in one commit, and one of each hundred of them again: times only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from contest.session import session

from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.partition_filter import partition_filter
from estrela.etl.steps.star import BuildStar
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
    reconcile,
)  # fmt: skip
from estrela.model.star import assemble

if TYPE_CHECKING:
    from pyspark.sql import Column as SparkColumn
    from pyspark.sql import DataFrame

SHOPS = 5000
MOST = 0.10
DAY, SHOP = Column("sold_on", "date", "Day"), Column("shop", "string", "Shop")
TICKET, AMOUNT = Column("ticket", "bigint", "Ticket"), Column("amount", "bigint", "Amount")
sales = CsvSource(
    "sales", "Sales", "sales", Download("https://shop.test/sales.csv"), (DAY, TICKET, SHOP, AMOUNT),
    (Layout("v1", (Field("No", "ticket", Whole()), Field("Shop", "shop", Text()), Field("Sum", "amount", Whole()))),),
    (FromRequest("day", "sold_on"),), partition_by=("sold_on",),
)  # fmt: skip
shops = CsvSource(
    "shops", "Shops", "shops", Download("https://shop.test/shops.csv"),
    (SHOP, Column("name", "string", "Name"), Column("observed_on", "date", "Day")),
    (Layout("v1", (Field("S", "shop", Text()), Field("Name", "name", Text()), Field("Day", "observed_on", Date()))),),
)  # fmt: skip


def observed(shops: DataFrame) -> DataFrame:
    return shops.selectExpr("shop", "name", "observed_on AS as_of")


def sold(sales: DataFrame) -> DataFrame:
    return sales.select("sold_on", "ticket", "shop", "amount")


dim_shop = Dimension(
    "dim_shop",
    "Shops",
    (shops,),
    observed,
    (SHOP, Column("name", "string", "Name")),
    ("shop",),
    Scd2(("name",), "as_of"),
)
fact_sales = Fact(
    "fact_sales", "Sales", (sales,), sold, (DAY, TICKET, AMOUNT), (Lookup(dim_shop, ("shop",), as_of="sold_on"),),
    ("sold_on", "ticket"), ("sold_on",), ("ticket",), (reconcile("amount", sales, "amount"),), ByPartition(sales),
)  # fmt: skip
STAR = assemble("bench", [fact_sales])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--days", type=int, default=100)
    parser.add_argument("--changed", type=int, default=5000)
    parser.add_argument("--heap", default="4g")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="increments-") as folder:
        lake = LakeLoader(session(Path(folder) / "lake", options.heap, Path(folder) / "gc.log"), "bench", "warm up")
        fill(lake, options.rows // 100, options.days, 0)
        build(lake, "warm up")
        ratio = increment(lake, options.rows, options.days)
        replace_many(lake, options.changed)
        lake.spark.stop()
    if ratio > MOST:
        sys.exit(f"one of {options.days} days takes {ratio:.1%} of the full build; at most {MOST:.0%} is allowed")


def increment(lake: LakeLoader, rows: int, days: int) -> float:
    """Build whole, change one day, build again; return the ratio of the times."""
    fill(lake, rows, days, 1)
    full = build(lake, "full", code="another")
    before = files(lake)
    day = lake.spark.range(rows // days).selectExpr(
        "DATE'2024-01-01' AS sold_on", "id AS ticket", "'7' AS shop", "1L AS amount"
    )
    lake.overwrite_published(lake.tables.trusted(sales), with_file(day), days_of(lake, 1))
    again = build(lake, "increment", code="another")
    after = files(lake)
    written = [part for part, path in after.items() if before[part] != path]
    print(f"{rows:,} rows: full build {full:.1f} s; one of {days} days {again:.1f} s: {again / full:.1%}")
    if written != ["{2024-01-01}"]:
        sys.exit(f"written were the partitions {written[:5]}, not only 2024-01-01")
    return again / full


def fill(lake: LakeLoader, rows: int, days: int, seed: int) -> None:
    """Replace the trusted tables."""
    for source in (sales, shops):
        lake.ensure(lake.tables.trusted(source))
    sold = lake.spark.range(rows).selectExpr(
        f"date_add(DATE'2024-01-01', CAST(id % {days} AS int)) AS sold_on", "id AS ticket",
        f"CAST(abs(hash(id, {seed})) % {SHOPS} AS string) AS shop", "id % 997 AS amount",
    )  # fmt: skip
    lake.overwrite_published(lake.tables.trusted(sales), with_file(sold), every())
    known = lake.spark.range(SHOPS).selectExpr(
        "CAST(id AS string) AS shop", "concat('Shop ', id) AS name", "DATE'2024-02-01' AS observed_on"
    )
    lake.overwrite_published(lake.tables.trusted(shops), with_file(known), every())


def with_file(rows: DataFrame) -> DataFrame:
    return rows.selectExpr("*", "'f' AS source_file", "1L AS source_line", "TIMESTAMP'2024-01-01' AS fetched_at")


def every() -> SparkColumn:
    from pyspark.sql import functions as F

    return F.lit(True)


def days_of(lake: LakeLoader, count: int) -> SparkColumn:
    partitions = [(f"2024-01-{day:02}",) for day in range(1, count + 1)]
    return partition_filter(lake.tables.trusted(sales), partitions)


def build(lake: LakeLoader, run: str, code: str = "code") -> float:
    """Build and commit as a run does; return the seconds."""
    own = LakeLoader(lake.spark, "bench", run)
    start = perf_counter()
    BuildStar(STAR, own, {table.name: code for table in STAR.tables}).run()
    for table in (*map(own.tables.refined, STAR.tables), own.tables.checks):
        if own.branch in own.snapshots.refs(table):
            own.branches.fast_forward(table)
            own.branches.drop(table, own.branch)
    return perf_counter() - start


def files(lake: LakeLoader) -> dict[str, str]:
    """Data files of the fact by partition."""
    table = f"{lake.tables.refined(fact_sales).identifier}.files"
    rows = lake.spark.table(table).selectExpr("CAST(partition AS string)", "file_path").collect()
    return {row[0]: row[1] for row in rows}


def replace_many(lake: LakeLoader, count: int) -> None:
    """Write ``count`` partitions of two columns, and replace one in a hundred of them."""
    columns = (Column("year", "int", "Year"), Column("place", "int", "Place"), Column("amount", "bigint", "Amount"))
    table = LakeTable("bench_trusted", "places", "Places", columns, ("year", "place"))
    lake.ensure(table)
    rows = lake.spark.range(count).selectExpr(
        "CAST(id % 50 AS int) AS year", "CAST(id AS int) AS place", "id AS amount"
    )
    for name, step in (("all", 1), ("one in a hundred", 100)):
        partitions = [(str(at % 50), str(at)) for at in range(0, count, step)]
        start = perf_counter()
        lake.overwrite_published(table, rows.where(f"place % {step} = 0"), partition_filter(table, partitions))
        print(f"{count:,} partitions of two columns, {name} replaced: {perf_counter() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()
