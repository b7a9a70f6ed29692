"""The retail star on the files of an invented shop: equal to DuckDB to the cent, day after day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from pyspark.sql import SparkSession
from raw_folder import FolderRaw
from world import fresh_world

from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.steps.star import BuildStar
from estrela.etl.steps.transform import TransformSource
from estrela.model.star import load
from estrela.stars.retail.dim_date import dim_date
from retail_files.files import files
from retail_files.shop import Shop

STAR = load("retail")
SHOP = Shop(first_day=date(2024, 1, 30), days=3, orders_per_day=20, customers=30, products=10)
TRUTH = """
WITH lines AS (SELECT * FROM read_csv('{folder}/order_lines/*.csv', all_varchar = true)),
people AS (SELECT *, substr(parse_filename(filename), 1, 10) AS day
  FROM read_csv('{folder}/customers/*.csv', all_varchar = true, filename = true)),
priced AS (
  SELECT l.channel, l."order", CAST(l.quantity AS int) AS quantity,
    round(CAST(l.quantity AS int) * CAST(l.unit_price AS decimal(10,2))
      * (1 - CAST(l.discount AS decimal(4,2))), 2) AS paid,
    (SELECT segment FROM people p WHERE p.customer = l.customer AND (p.day <= l.order_date OR p.day = '{first}')
     ORDER BY p.day DESC LIMIT 1) AS segment
  FROM lines l
)
SELECT coalesce(segment, 'unknown') AS segment, channel, count(*) AS n, sum(quantity) AS pieces,
  CAST(sum(paid) AS decimal(18,2)) AS paid
FROM priced GROUP BY ALL ORDER BY ALL
"""


def receive(raw: FolderRaw, folder: Path, shop: Shop) -> None:
    for key, content in files(shop):
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        source, name = key.removesuffix(".csv").split("/")
        raw.put(source, {"list": name} if source == "products" else {"day": name}, content)


def run(spark: SparkSession, raw: FolderRaw, name: str) -> list[str]:
    """Transform, build and commit; return the names of the refined tables that changed."""
    lake = LakeLoader(spark, "retail", name)
    for source in STAR.sources:
        TransformSource(source, raw, lake).run()
    built = BuildStar(STAR, lake, {table.name: "code" for table in STAR.tables}).run()["built"]
    tables = [*map(lake.tables.trusted, STAR.sources), *map(lake.tables.refined, STAR.tables)]
    for table in (*tables, lake.tables.files, lake.tables.rejects, lake.tables.checks):
        if lake.catalog.has(table) and lake.branch in lake.snapshots.refs(table):
            lake.branches.publish(table)
    assert isinstance(built, list)
    return built


@pytest.mark.slow
def test_the_star_equals_duckdb_and_a_new_day_adds_its_partition(spark: SparkSession, tmp_path: Path) -> None:
    session, raw, folder = fresh_world(spark, tmp_path).spark, FolderRaw(tmp_path / "raw"), tmp_path / "files"
    receive(raw, folder, Shop(**{**vars(SHOP), "days": 2}))
    assert set(run(session, raw, "one")) == {table.name for table in STAR.tables}
    january = files_of(session)["{648}"]
    receive(raw, folder, SHOP)
    assert "dim_date" not in run(session, raw, "two")

    assert files_of(session)["{648}"] == january and "{649}" in files_of(session)
    for name in ("fact_order_lines", "dim_customer", "dim_product", "dim_date"):
        session.table(f"lake.retail_refined.{name}").createOrReplaceTempView(name)
    totals = session.sql(
        "SELECT c.segment, f.channel, count(*), sum(f.quantity), CAST(sum(f.net_amount) AS decimal(18,2)) "
        "FROM fact_order_lines f JOIN dim_customer c ON c.customer_key = f.customer_key "
        "JOIN dim_date d ON d.date_key = f.date_key AND d.calendar_date = f.ordered_on "
        "JOIN dim_product p ON p.product_key = f.product_key AND p.product_key <> 0 GROUP BY 1, 2 ORDER BY 1, 2"
    ).collect()
    with duckdb.connect() as db:
        truth = db.execute(TRUTH.format(folder=folder, first=SHOP.first_day)).fetchall()
    assert [tuple(row) for row in totals] == truth


def test_the_calendar_counts_days_from_monday_and_knows_weekends(spark: SparkSession) -> None:
    days = dim_date.transform(spark).where("calendar_date BETWEEN '2024-02-29' AND '2024-03-03'")
    assert sorted(tuple(row) for row in days.collect()) == [
        (date(2024, 2, 29), 2024, 1, "2024-02", 4, False),
        (date(2024, 3, 1), 2024, 1, "2024-03", 5, False),
        (date(2024, 3, 2), 2024, 1, "2024-03", 6, True),
        (date(2024, 3, 3), 2024, 1, "2024-03", 7, True),
    ]


def files_of(spark: SparkSession) -> dict[str, str]:
    """Return the data files of the fact by month since 1970."""
    rows = spark.sql("SELECT CAST(partition AS string), file_path FROM lake.retail_refined.fact_order_lines.files")
    return {row[0]: row[1] for row in rows.collect()}


def test_a_file_of_the_shop_depends_on_its_day_and_the_seed_only() -> None:
    two, three = dict(files(Shop(**{**vars(SHOP), "days": 2}))), dict(files(SHOP))
    assert two.items() < three.items()
    assert dict(files(Shop(**{**vars(SHOP), "seed": 8})))["products/products.csv"] != three["products/products.csv"]
