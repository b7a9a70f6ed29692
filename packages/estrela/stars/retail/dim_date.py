"""The calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estrela.model import Column, Dimension, between

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FIRST, LAST = "2015-01-01", "2034-12-31"


def transform(spark: SparkSession) -> DataFrame:
    """Return one row per day of twenty years."""
    from pyspark.sql import functions as F

    days = F.sequence(F.lit(FIRST).cast("date"), F.lit(LAST).cast("date"))
    calendar = spark.range(1).select(F.explode(days).alias("calendar_date"))
    return calendar.select(
        "calendar_date",
        F.year("calendar_date").alias("calendar_year"),
        F.quarter("calendar_date").alias("calendar_quarter"),
        F.date_format("calendar_date", "yyyy-MM").alias("year_month"),
        # Spark counts days of the week from Sunday, ISO 8601 from Monday.
        F.expr("weekday(calendar_date) + 1").alias("day_of_week"),
        F.expr("weekday(calendar_date) >= 5").alias("is_weekend"),
    )


dim_date = Dimension(
    name="dim_date",
    doc="Days of the Gregorian calendar",
    sources=(),
    transform=transform,
    columns=(
        Column("calendar_date", "date", "Calendar day"),
        Column("calendar_year", "int", "Year"),
        Column("calendar_quarter", "int", "Quarter, 1 to 4"),
        Column("year_month", "string", "Year and month, such as 2024-02"),
        Column("day_of_week", "int", "Day of the week after ISO 8601: 1 is Monday, 7 is Sunday"),
        Column("is_weekend", "boolean", "Saturday or Sunday"),
    ),
    business_key=("calendar_date",),
    checks=(between("day_of_week", 1, 7), between("calendar_quarter", 1, 4)),
)
