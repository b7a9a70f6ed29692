"""The quarters of the complaints ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estrela.model import Column, Dimension, between, not_null, one_of, unique
from estrela.stars.banking.ranking import complaints as complaints_source

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def transform(complaints: DataFrame) -> DataFrame:
    """Return one row per published quarter."""
    from pyspark.sql import functions as F

    first_month = (F.col("quarter") - 1) * 3 + 1
    quarters = complaints.groupBy("year", "quarter").agg(F.max("method").alias("method"))
    return quarters.select(
        F.format_string("%dT%d", "year", "quarter").alias("quarter_code"),
        "year",
        "quarter",
        F.make_date("year", first_month, F.lit(1)).alias("starts_on"),
        F.last_day(F.make_date("year", first_month + 2, F.lit(1))).alias("ends_on"),
        "method",
    )


dim_quarter = Dimension(
    name="dim_quarter",
    doc="Quarters of the ranking. Figures of methods A and B are not comparable: mark the change in time series",
    sources=(complaints_source,),
    transform=transform,
    columns=(
        Column("quarter_code", "string", "Year and quarter, such as 2021T4"),
        Column("year", "int", "Year"),
        Column("quarter", "int", "Quarter, 1 to 4"),
        Column("starts_on", "date", "First day"),
        Column("ends_on", "date", "Last day"),
        Column("method", "string", "Method of the ranking: A until 2024T1; B, extrapolated, from 2024T2 on"),
    ),
    business_key=("quarter_code",),
    checks=(unique("year", "quarter"), between("quarter", 1, 4), one_of("method", ("A", "B")), not_null("ends_on")),
)
