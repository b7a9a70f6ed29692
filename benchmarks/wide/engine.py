"""Estrela's own run of the declared star."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from contest.session import data_files
from contest.star_run import FolderRaw, run_star

from estrela.etl.raw.raw_file import RawFile
from wide.star import customers, fact_sales, products, sales, star
from wide.work import Output, Work

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

RECEIVED = datetime(2025, 7, 1, tzinfo=UTC)


def run(spark: SparkSession, work: Work) -> Output:
    """Update the lake from the files and publish it."""
    raw = FolderRaw(
        {
            sales.name: [_entry(sales.name, {"quarter": day}, path) for day, path in work.files.items()],
            customers.name: [_entry(customers.name, {}, work.customers)],
            products.name: [_entry(products.name, {}, work.products)],
        }
    )
    lake, seconds = run_star(spark, star, raw)
    tables = (lake.tables.trusted(sales), lake.tables.refined(fact_sales), lake.tables.rejects, lake.tables.files)
    return Output(*[data_files(spark, table.identifier) for table in tables], seconds)


def _entry(source: str, request: dict[str, str], path: Path) -> RawFile:
    size = path.stat().st_size
    return RawFile(source, request, 0, path.as_uri(), RECEIVED, size, path.name, str(path), 1)
