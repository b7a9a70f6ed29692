"""One server for the whole session: each test creates its own buckets, databases and jobs."""

from __future__ import annotations

import importlib.resources
import os
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from waiting import eventually

from localaws.athena.trino.distribution import find_distribution
from localaws.errors import LocalAwsError
from localaws.home import Home
from localaws.java import java_home
from localaws.running import Running, running
from localaws.s3.store import ObjectStore

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ENDED = frozenset({"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR"})


TRINO = os.environ.get("LOCALAWS_ATHENA") == "trino"


@pytest.fixture(scope="session")
def aws() -> Iterator[Running]:
    """The server that tests share: events are retried at once, and a minute of ``rate()`` lasts one second.

    LOCALAWS_ATHENA names the engine of its Athena.
    """
    if TRINO:
        try:
            find_distribution(os.environ)
        except LocalAwsError as error:
            pytest.skip(f"NOT RUN, NO TRINO: {error}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALAWS_LAMBDA_MINUTE", "0")
        patch.setenv("LOCALAWS_SCHEDULE_MINUTE", "1")
        with running() as server:
            yield server


@pytest.fixture(scope="session")
def s3(aws: Running) -> Any:
    """One S3 client for the whole session, because creating a client costs more than most tests."""
    return aws.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    """Name of a new bucket."""
    name = f"b-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


class GlueJobs:
    """Jobs of one server, with their own bucket for scripts and files."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.glue = server.client("glue")
        self.logs = server.client("logs")
        self.bucket = f"b-{uuid.uuid4().hex[:12]}"
        self.folder = server.home / "s3" / self.bucket
        self.folder.mkdir()

    def put(self, key: str, data: bytes | str) -> str:
        """Store an object and return its location."""
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return f"s3://{self.bucket}/{key}"

    def create(self, script: str, kind: str = "pythonshell", **job: Any) -> str:
        """Create a job with this script and return its name."""
        name = f"job-{uuid.uuid4().hex[:8]}"
        location = self.put(f"{name}.py", textwrap.dedent(script).lstrip())
        if kind == "glueetl":
            job = {"WorkerType": "G.1X", "NumberOfWorkers": 2} | job
        self.glue.create_job(Name=name, Role="role", Command={"Name": kind, "ScriptLocation": location}, **job)
        return name

    def start(self, name: str, arguments: dict[str, str] | None = None, **options: Any) -> str:
        run_id: str = self.glue.start_job_run(JobName=name, Arguments=arguments or {}, **options)["JobRunId"]
        return run_id

    def show(self, name: str, run_id: str) -> dict[str, Any]:
        run: dict[str, Any] = self.glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
        return run

    def wait(self, name: str, run_id: str, until: frozenset[str] = ENDED) -> dict[str, Any]:
        """Wait until the state of the run is one of ``until`` and return the run."""
        return self.eventually(lambda: run if (run := self.show(name, run_id))["JobRunState"] in until else None)

    def run(self, name: str, arguments: dict[str, str] | None = None) -> dict[str, Any]:
        return self.wait(name, self.start(name, arguments))

    def output(self, run: dict[str, Any], stream: str = "output") -> list[str]:
        """Return the run's messages in CloudWatch Logs, from all pages."""
        group = f"{run['LogGroupName']}/{stream}"
        lines, token = [], None
        while True:
            options = {"nextToken": token} if token else {}
            page = self.logs.get_log_events(logGroupName=group, logStreamName=run["Id"], startFromHead=True, **options)
            lines += [event["message"] for event in page["events"]]
            if page["nextForwardToken"] == token or not page["events"]:
                return lines
            token = page["nextForwardToken"]

    @staticmethod
    def eventually(check: Callable[[], Any], seconds: float = 90) -> Any:
        """Wait until the value of ``check`` is true and return it."""
        return eventually(check, seconds)


@pytest.fixture
def jobs(aws: Running) -> GlueJobs:
    return GlueJobs(aws)


@pytest.fixture(scope="session")
def jobs_of() -> type[GlueJobs]:
    """The class of jobs, for tests with their own server."""
    return GlueJobs


@dataclass(frozen=True)
class Lake:
    """A Spark session whose catalog ``lake`` is the server's Iceberg REST catalog, over one bucket."""

    spark: SparkSession
    bucket: str

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.spark.sql(text).collect()]


@pytest.fixture(scope="session")
def lake(aws: Running) -> Iterator[Lake]:
    """One JVM for all tests that use it. The bucket is created first: viewfs mounts the buckets at its start."""
    from fresh_jvm import end_jvm
    from pyspark.sql import SparkSession

    bucket = f"lake-{uuid.uuid4().hex[:10]}"
    aws.client("s3").create_bucket(Bucket=bucket)
    jars = importlib.resources.files("snowpark_connect_deps_iceberg") / "jars"
    catalog = "spark.sql.catalog.lake"
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m",
        "spark.jars": str(jars / "iceberg-spark-runtime-3.5_2.12-1.10.2.jar"),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.type": "rest",
        f"{catalog}.uri": f"{aws.endpoint}/iceberg",
        f"{catalog}.warehouse": f"s3://{bucket}/warehouse",
        f"{catalog}.io-impl": "org.apache.iceberg.hadoop.HadoopFileIO",
        f"{catalog}.cache-enabled": "false",
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
        "spark.hadoop.fs.viewfs.overload.scheme.target.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback": f"file://{aws.home}/s3/{bucket}",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_HOME", str(java_home(os.environ)))
        end_jvm()
        session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield Lake(session, bucket)
    end_jvm()


class AthenaQueries:
    """Queries in one database, with their own bucket for results and a time limit in seconds per query."""

    def __init__(self, server: Running, database: str, bucket: str, seconds: float = 60) -> None:
        self.seconds = seconds
        self.client = server.client("athena")
        self.database = database
        self.bucket = bucket
        self.output = f"s3://{bucket}/results/"

    def start(self, sql: str, **options: Any) -> str:
        context = {"Database": self.database}
        configuration = {"OutputLocation": self.output}
        request = {"QueryExecutionContext": context, "ResultConfiguration": configuration} | options
        return str(self.client.start_query_execution(QueryString=sql, **request)["QueryExecutionId"])

    def wait(self, execution_id: str) -> dict[str, Any]:
        """Wait until the execution has ended and return it."""
        deadline = time.monotonic() + self.seconds
        while time.monotonic() < deadline:
            execution = self.client.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return dict(execution)
            time.sleep(0.01)
        raise TimeoutError(f"query {execution_id} has not ended")

    def run(self, sql: str, **options: Any) -> dict[str, Any]:
        return self.wait(self.start(sql, **options))

    def fails(self, sql: str, **options: Any) -> str:
        """Run a query that must fail and return the reason."""
        status = self.run(sql, **options)["Status"]
        assert status["State"] == "FAILED", status
        return str(status["StateChangeReason"])

    def rows(self, sql: str, **options: Any) -> list[tuple[str | None, ...]]:
        """Run a query that must succeed and return its rows as text, without the header row."""
        execution = self.run(sql, **options)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        pages = self.client.get_paginator("get_query_results").paginate(QueryExecutionId=execution["QueryExecutionId"])
        rows = [
            tuple(c.get("VarCharValue") for c in row["Data"]) for page in pages for row in page["ResultSet"]["Rows"]
        ]
        return rows[1:] if execution["ResultConfiguration"]["OutputLocation"].endswith(".csv") else rows


@pytest.fixture(scope="session")
def athena_of() -> type[AthenaQueries]:
    """The class of Athena queries, for tests with their own server."""
    return AthenaQueries


def _fresh_database(aws: Running, bucket: str) -> AthenaQueries:
    database = f"d_{uuid.uuid4().hex[:12]}"
    aws.client("glue").create_database(DatabaseInput={"Name": database})
    return AthenaQueries(aws, database, bucket, seconds=300 if TRINO else 60)  # the first query waits for Trino's start


@pytest.fixture
def athena(aws: Running, bucket: str) -> AthenaQueries:
    """Athena with a new database."""
    return _fresh_database(aws, bucket)


@pytest.fixture(scope="module")
def shared_athena(aws: Running, s3: Any) -> AthenaQueries:
    """Athena with a database that the tests of a module share, because they leave nothing in it."""
    name = f"b-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return _fresh_database(aws, name)


class RedshiftStatements:
    """Statements of the Data API in one database of a server's warehouse, with a bucket for their files."""

    def __init__(self, server: Running, bucket: str, place: dict[str, str]) -> None:
        self.server = server
        self.data = server.client("redshift-data")
        self.bucket = bucket
        self.place = place

    def put(self, key: str, content: bytes | str) -> str:
        """Store an object and return its location."""
        body = content.encode() if isinstance(content, str) else content
        self.server.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def run(self, sql: str, **options: Any) -> dict[str, Any]:
        """Run a statement to its end and return its description."""
        place = {} if "SessionId" in options else self.place
        started = self.data.execute_statement(Sql=sql, **(place | options))
        return self.ended(started["Id"])

    def batch(self, *texts: str, **options: Any) -> dict[str, Any]:
        return self.ended(self.data.batch_execute_statement(Sqls=list(texts), **(self.place | options))["Id"])

    def ended(self, statement_id: str, seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            statement = self.data.describe_statement(Id=statement_id, WaitTimeSeconds=10)
            if statement["Status"] in ("FINISHED", "FAILED", "ABORTED"):
                return dict(statement)
        raise TimeoutError(f"statement {statement_id} has not ended")

    def done(self, sql: str, **options: Any) -> int:
        """Run a statement that must not fail; return the number of rows that it changed or returned."""
        statement = self.run(sql, **options)
        assert statement["Status"] == "FINISHED", statement["Error"]
        return int(statement["ResultRows"])

    def rows(self, sql: str, **options: Any) -> list[list[Any]]:
        """Return all rows of a query, with None for NULL."""
        statement = self.run(sql, **options)
        assert statement["Status"] == "FINISHED", statement["Error"]
        return self.result(statement["Id"])

    def result(self, statement_id: str) -> list[list[Any]]:
        pages = self.data.get_paginator("get_statement_result").paginate(Id=statement_id)
        return [[_plain(cell) for cell in row] for page in pages for row in page["Records"]]

    def fails(self, sql: str, **options: Any) -> str:
        """Run a statement that must fail and return the reason."""
        statement = self.run(sql, **options)
        assert statement["Status"] == "FAILED", statement
        return str(statement["Error"])


def _plain(cell: dict[str, Any]) -> Any:
    ((kind, value),) = cell.items()
    return None if kind == "isNull" else value


@pytest.fixture(scope="session")
def warehouse(aws: Running) -> RedshiftStatements:
    """A cluster of the session's server, whose PostgreSQL starts once."""
    bucket = f"b-{uuid.uuid4().hex[:12]}"
    aws.client("s3").create_bucket(Bucket=bucket)
    aws.client("redshift").create_cluster(
        ClusterIdentifier="dw", NodeType="ra3.large", MasterUsername="admin", MasterUserPassword="Secret99x"
    )
    return RedshiftStatements(aws, bucket, {"ClusterIdentifier": "dw", "Database": "dev", "DbUser": "admin"})


@pytest.fixture(scope="session")
def warehouse_of() -> type[RedshiftStatements]:
    """The class of Redshift statements, for tests with their own server."""
    return RedshiftStatements


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    """The objects of a new home with the bucket ``lake``, without a server."""
    home = Home(tmp_path)
    home.acquire()
    store = ObjectStore(home)
    store.buckets.create("lake")
    yield store
    store.close()
    home.release()
