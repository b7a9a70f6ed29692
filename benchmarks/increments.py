"""Cost of one corrected file in a hundred, as a share of a full run.

    python benchmarks/increments.py [--rows 10000000] [--days 100] [--changed 5000]

``--rows`` rows in one CSV file per day of ``--days`` days, and a dimension with versions, are transformed, built and
published; then one day is corrected and the star is run again. Prints the seconds of each step and the ratios of the
runs, from files to release and without the transform. Fails if the second run takes more than a tenth of the first, or
if another partition was written. The ratio without the transform has no limit: the second of planning and commits that
every run needs is a large part of a build of a few seconds. After that, ``--changed`` partitions of two columns are
replaced in one commit, and one in a hundred of them again, to print the times.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import duckdb
from contest.session import session
from contest.star_run import FolderRaw, MemoryObjects, run_star

from estrela.etl.lake_table import LakeTable
from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.partition_filter import partition_filter
from estrela.etl.raw.raw_file import RawFile
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
from estrela.model.star import Star, assemble

if TYPE_CHECKING:
    from pyspark.sql import Column as SparkColumn
    from pyspark.sql import DataFrame, SparkSession

SHOPS = 5000
WARM_UPS, FEW = 2, 5
MOST = 0.10
WHOLE = "full run"
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
        spark = session(Path(folder) / "lake", options.heap, Path(folder) / "gc.log")
        for at in range(WARM_UPS):
            increment(
                spark,
                assemble(f"warm_{at}", [fact_sales]),
                Path(folder) / f"warm-{at}",
                options.rows * FEW // options.days,
                FEW,
            )
        ratios = increment(spark, STAR, Path(folder) / "raw", options.rows, options.days)
        replace_many(LakeLoader(spark, "bench", "many"), options.changed)
        spark.stop()
    if ratios[WHOLE] > MOST:
        sys.exit(f"one of {options.days} days takes {ratios[WHOLE]:.1%} of the {WHOLE}; at most {MOST:.0%} is allowed")


def increment(spark: SparkSession, star: Star, folder: Path, rows: int, days: int) -> dict[str, float]:
    """Run ``star`` on all files, correct one day, run again; return the ratios of the times."""
    received, objects = raw(folder, rows, days), MemoryObjects()
    lake, full = run_star(spark, star, received, objects)
    before = files(lake)
    delivered = [corrected(folder, rows // days), *received.entries["sales"][1:]]
    lake, again = run_star(spark, star, FolderRaw({**received.entries, "sales": delivered}), objects)
    after = files(lake)
    written = [part for part, path in after.items() if before[part] != path]
    for name, seconds in full.items():
        print(f"{name:>16}: {seconds:6.1f} s, {again[name]:6.1f} s again")
    parts = {WHOLE: tuple(full), "full build": ("star", "publish")}
    ratios = {}
    for what, steps in parts.items():
        first, second = sum(full[step] for step in steps), sum(again[step] for step in steps)
        ratios[what] = second / first
        print(f"{rows:,} rows: {what} {first:.1f} s; one of {days} days {second:.1f} s: {second / first:.1%}")
    if written != ["{2024-01-01}"]:
        sys.exit(f"the second run rewrote the partitions {written[:5]}; expected only 2024-01-01")
    return ratios


def raw(folder: Path, rows: int, days: int) -> FolderRaw:
    """Write the files of all days, and the file of the shops."""
    folder.mkdir()
    ticket = f"range * {days}"
    for day in range(days):
        sold = f"SELECT {ticket} + {day} AS No, hash({ticket}) % {SHOPS} AS Shop, range % 997 AS Sum"
        write(f"{sold} FROM range({rows // days})", folder / f"{day}.csv")
    write(
        f"SELECT range AS S, 'Shop ' || range AS Name, DATE '2024-02-01' AS Day FROM range({SHOPS})", folder / "s.csv"
    )
    first = date(2024, 1, 1)
    delivered = [entry("sales", folder / f"{day}.csv", {"day": str(first + timedelta(day))}) for day in range(days)]
    return FolderRaw({"sales": delivered, "shops": [entry("shops", folder / "s.csv", {})]})


def corrected(folder: Path, rows: int) -> RawFile:
    """Write a corrected file of the first day."""
    write(f"SELECT range AS No, 7 AS Shop, 1 AS Sum FROM range({rows})", folder / "corrected.csv")
    return entry("sales", folder / "corrected.csv", {"day": "2024-01-01"}, hours=1)


def write(query: str, path: Path) -> None:
    duckdb.execute(f"COPY ({query}) TO '{path}' (HEADER, DELIMITER ';')")


def entry(source: str, path: Path, request: Mapping[str, str], hours: int = 0) -> RawFile:
    """Rename a file to its content's digest; return its entry, received ``hours`` after the first."""
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    at, named = datetime(2025, 1, 1, hours, tzinfo=UTC), path.rename(path.with_name(digest))
    return RawFile(source, request, 0, named.as_uri(), at, named.stat().st_size, digest, str(named), 1)


def fill(lake: LakeLoader, rows: int, days: int, seed: int) -> None:
    """Replace the rows of the trusted tables."""
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


def files(lake: LakeLoader) -> dict[str, str]:
    """Return the data files of the fact by partition."""
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
