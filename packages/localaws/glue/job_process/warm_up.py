"""Load and compile the classes that small jobs use, and leave the JVM's settings unchanged."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

_ICEBERG = {
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.catalog.warm_up": "org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.warm_up.type": "hadoop",
}


def warm_up(gateway: Any) -> None:
    """Run a small session from start to stop, then restore the JVM's system properties."""
    system = gateway.jvm.java.lang.System
    before = system.getProperties().clone()
    with tempfile.TemporaryDirectory(dir=Path.cwd().parent) as folder:
        _session(Path(folder))
    gateway.jvm.org.apache.hadoop.fs.FileSystem.closeAll()
    system.setProperties(before)
    system.gc()


def _session(folder: Path) -> None:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("warm-up")
    for name, value in {**_ICEBERG, "spark.sql.catalog.warm_up.warehouse": str(folder / "lake")}.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    try:
        _work(spark, folder)
    finally:
        spark.stop()


def _work(spark: Any, folder: Path) -> None:
    """Use each common operation once: files, shuffle, join, window, and Iceberg's create, append, merge and read."""
    rows = spark.createDataFrame([(n, f"name {n}", n / 3) for n in range(10)], "id bigint, name string, share double")
    for write in ("parquet", "csv"):
        rows.write.format(write).save(str(folder / write))
    spark.read.parquet(str(folder / "parquet")).createOrReplaceTempView("warm_up_rows")
    spark.read.csv(str(folder / "csv")).count()
    spark.sql(
        "SELECT a.id, max(b.share), row_number() OVER (PARTITION BY a.name ORDER BY a.id) FROM warm_up_rows a"
        " JOIN warm_up_rows b ON a.id = b.id WHERE trim(a.name) LIKE 'name%' GROUP BY a.id, a.name"
    ).collect()
    spark.sql("CREATE TABLE warm_up.db.t (id bigint, name string, share double) USING iceberg")
    rows.writeTo("warm_up.db.t").append()
    spark.sql(
        "MERGE INTO warm_up.db.t USING warm_up_rows s ON t.id = s.id"
        " WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT *"
    )
    spark.table("warm_up.db.t").toPandas()
