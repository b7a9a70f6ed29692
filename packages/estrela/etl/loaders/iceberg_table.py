"""Iceberg's own object of a table, for its metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from estrela.etl.lake_table import LakeTable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def iceberg_table(spark: SparkSession, table: LakeTable) -> Any:
    """Return the table as the catalog has it now."""
    loader = spark._jvm.org.apache.iceberg.spark.Spark3Util
    return loader.loadIcebergTable(spark._jsparkSession, table.identifier)
