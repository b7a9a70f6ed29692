"""One Spark session for all Spark tests: Iceberg tables in an in-memory catalog, files in a temporary directory."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fresh_jvm import end_jvm
from pyspark.sql import SparkSession
from raw_folder import put_complaints, put_fees, put_institutions
from world import World, fresh_world

from localaws.glue.class_archive import archive_of, folder_of
from localaws.glue.spark_settings import iceberg_jar
from localaws.java import java_home

REAL_QUARTERS = [f"{year}T{quarter}" for year in (2020, 2021) for quarter in (1, 2, 3, 4)]


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    java, warehouse = java_home(os.environ), tmp_path_factory.mktemp("lake")
    os.environ["JAVA_HOME"] = str(java)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_SUBMIT_OPTS"] = archive_of(folder_of(warehouse), java).options()
    confs = {
        "spark.driver.extraClassPath": str(iceberg_jar()),
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.catalog-impl": "org.apache.iceberg.inmemory.InMemoryCatalog",
        "spark.sql.catalog.lake.io-impl": "org.apache.iceberg.hadoop.HadoopFileIO",
        "spark.sql.catalog.lake.warehouse": warehouse.as_uri(),
        "spark.sql.catalog.lake.cache-enabled": "false",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m",
        "spark.driver.memory": "1500m",
    }
    builder = SparkSession.builder.master("local[2]").appName("estrela-tests")
    for name, value in confs.items():
        builder = builder.config(name, value)
    end_jvm()
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    end_jvm()


@pytest.fixture
def world(spark: SparkSession, tmp_path: Path) -> World:
    """An empty lake."""
    return fresh_world(spark, tmp_path)


@pytest.fixture(scope="session")
def real_world(spark: SparkSession, real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The eight real quarters, the fees and the lists, published once; tests only read it."""
    world = fresh_world(spark, tmp_path_factory.mktemp("real"))
    put_complaints(world.raw, [(name, real_data / "complaints" / f"reclamacoes_{name}.csv") for name in REAL_QUARTERS])
    put_institutions(world.raw, real_data)
    put_fees(world.raw, real_data)
    world.run("real")
    return world
