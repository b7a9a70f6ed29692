"""Iceberg's and Hadoop's own classes for AWS, in the versions of a Glue version, and their settings for a local AWS.

Maven fetches the jars that ``requirements/NAME.jars`` names, once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from client_environments import HERE, KEPT, NoEnvironmentError

_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_S3A = "org.apache.hadoop.fs.s3a.S3AFileSystem"


def iceberg_jars(name: str) -> list[Path]:
    """Return the jars of ``requirements/NAME.jars``. Raises NoEnvironmentError without Maven or its repository."""
    if not shutil.which("mvn"):
        raise NoEnvironmentError("Maven (mvn) is not on the PATH")
    folder = KEPT / "jars"
    jars = []
    for artifact in (HERE / "requirements" / f"{name}.jars").read_text(encoding="utf-8").split():
        _, jar, version = artifact.split(":")
        jars.append(folder / f"{jar}-{version}.jar")
        if not jars[-1].exists():
            _fetch(artifact, folder)
    return jars


def _fetch(artifact: str, folder: Path) -> None:
    """Copy an artifact into ``folder``; the file appears there when it is complete."""
    part = folder / f"part-{os.getpid()}"
    command = ["mvn", "-q", "-B", _COPY, f"-Dartifact={artifact}", f"-DoutputDirectory={part}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoEnvironmentError((done.stdout + done.stderr).strip()[-1000:])
    for file in part.iterdir():
        file.replace(folder / file.name)
    part.rmdir()


def iceberg_settings(name: str, endpoint: str, region: str) -> dict[str, str]:
    """Return the settings of a Spark whose catalog ``lake`` is Iceberg's GlueCatalog, and whose S3 is S3A.

    The credentials come from the environment. Raises NoEnvironmentError.
    """
    catalog = "spark.sql.catalog.lake"
    return {
        **java_settings(name),
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        f"{catalog}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        f"{catalog}.cache-enabled": "false",
        **local_settings(endpoint, region),
    }


def java_settings(name: str) -> dict[str, str]:
    """Return the settings of a JVM with the jars of ``requirements/NAME.jars``. Raises NoEnvironmentError."""
    return {
        "spark.driver.extraClassPath": os.pathsep.join(str(jar) for jar in iceberg_jars(name)),
        "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m",
        "spark.driver.memory": "1500m",
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
    }


def local_settings(endpoint: str, region: str) -> dict[str, str]:
    """Return the settings that a local AWS needs in addition to a job's on AWS: endpoint, region and path-style URLs.

    ``s3://`` is S3A, as on Glue 5.1 and newer.
    """
    catalog = "spark.sql.catalog.lake"
    return {
        f"{catalog}.glue.endpoint": endpoint,
        f"{catalog}.s3.endpoint": endpoint,
        f"{catalog}.s3.path-style-access": "true",
        f"{catalog}.client.region": region,
        "spark.hadoop.fs.s3.impl": _S3A,
        "spark.hadoop.fs.s3a.endpoint": endpoint,
        "spark.hadoop.fs.s3a.endpoint.region": region,
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
    }
