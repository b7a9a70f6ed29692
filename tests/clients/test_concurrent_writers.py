"""One Iceberg table written by Spark, PyIceberg, Trino and Athena's embedded engine at once.

Spark and PyIceberg commit to Glue with Iceberg's own GlueCatalog, Trino with its own connector, all on the endpoint of
every other client.
"""

from __future__ import annotations

import os
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest
from athena_rows import QueryFailedError, query_rows
from client_environments import NoEnvironmentError
from iceberg_jars import iceberg_settings
from py4j.protocol import Py4JJavaError
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import Table
from waiting import eventually

from localaws.athena.errors import QueryError
from localaws.athena.trino.catalogs import create_catalogs
from localaws.athena.trino.client import TrinoClient
from localaws.athena.trino.distribution import find_distribution
from localaws.athena.trino.process import TrinoProcess
from localaws.errors import LocalAwsError
from localaws.java import java_home
from localaws.running import Running, running

pytestmark = pytest.mark.clients
SCHEMA = pa.schema([pa.field("id", pa.int64()), pa.field("writer", pa.string())])
WRITERS = ("spark", "pyiceberg", "trino", "athena")
APPENDS = 6
"""Appends of each writer."""
TRIES = 100


class ConflictError(Exception):
    """A commit was refused because another writer had committed first."""


@dataclass(frozen=True)
class Clients:
    """Four clients of one table ``database.rows``."""

    aws: Running
    spark: Any
    pyiceberg: Catalog
    trino: TrinoClient
    bucket: str
    database: str

    def table(self) -> Table:
        return self.pyiceberg.load_table(f"{self.database}.rows")

    def append(self, writer: str, number: int) -> None:
        """Append one row. Raises ConflictError if the client gives up because of other commits."""
        insert = f"INSERT INTO {{}}{self.database}.rows VALUES ({number}, '{writer}')"
        try:
            if writer == "spark":
                self.spark.sql(insert.format("lake."))
            elif writer == "pyiceberg":
                self.table().append(pa.table({"id": [number], "writer": [writer]}, schema=SCHEMA))
            elif writer == "trino":
                self.trino.run(insert.format("iceberg."))
            else:
                query_rows(self.aws, insert.format(""), f"s3://{self.bucket}/results/")
        except (Py4JJavaError, CommitFailedException, QueryError, QueryFailedError) as error:
            if not re.search("CommitFailedException|ICEBERG_COMMIT_ERROR", f"{type(error).__name__}: {error}"):
                raise
            raise ConflictError(str(error)) from error

    def read(self, client: str) -> list[tuple[int, str]]:
        """Return all rows as ``client`` reads them, sorted."""
        select = f"SELECT id, writer FROM {{}}{self.database}.rows"
        if client == "spark":
            rows = [tuple(row) for row in self.spark.sql(select.format("lake.")).collect()]
        elif client == "pyiceberg":
            rows = [(row["id"], row["writer"]) for row in self.table().scan().to_arrow().to_pylist()]
        elif client == "trino":
            rows = [tuple(row) for row in self.trino.run(select.format("iceberg."))]
        else:
            rows = query_rows(self.aws, select.format(""), f"s3://{self.bucket}/results/")
        return sorted((int(number), writer) for number, writer in rows)

    def read_by_all(self) -> list[tuple[int, str]]:
        """Return all rows, after asserting that every client reads the same."""
        first, *others = (self.read(client) for client in WRITERS)
        assert others == [first] * len(others)
        return first


@pytest.fixture(scope="module")
def aws() -> Iterator[Running]:
    with running(athena="duckdb") as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.env.items():
            patch.setenv(name, value)
        yield server


@pytest.fixture(scope="module")
def trino(aws: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrinoClient]:
    """A Trino whose catalogs connect to the endpoint of all clients."""
    try:
        distribution = find_distribution(os.environ)
    except LocalAwsError as error:
        pytest.skip(f"NOT RUN, NO TRINO: {error}")
    process = TrinoProcess(distribution, tmp_path_factory.mktemp("trino"), heap=1536)
    try:
        client = TrinoClient(process.url)
        eventually(lambda: process.ended or client.is_ready(), seconds=300)
        assert not process.ended, process.last_log_lines()
        create_catalogs(client, aws.endpoint, aws.region)
        yield client
    finally:
        process.stop()


@pytest.fixture(scope="module")
def spark(aws: Running) -> Iterator[Any]:
    from fresh_jvm import end_jvm
    from pyspark.sql import SparkSession

    try:
        settings = iceberg_settings("glue51", aws.endpoint, aws.region)
    except NoEnvironmentError as error:
        pytest.skip(f"NOT RUN, NO JARS OF ICEBERG: {error}")
    end_jvm()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_HOME", str(java_home(os.environ)))
        session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    end_jvm()


@pytest.fixture
def clients(aws: Running, trino: TrinoClient, spark: Any) -> Clients:
    bucket = f"writers-{uuid.uuid4().hex[:8]}"
    aws.client("s3").create_bucket(Bucket=bucket)
    database = bucket.replace("-", "_")
    places = {"glue.endpoint": aws.endpoint, "glue.region": aws.region, "s3.endpoint": aws.endpoint}
    catalog = load_catalog("glue", type="glue", **places)
    catalog.create_namespace(database, {"location": f"s3://{bucket}/{database}"})
    catalog.create_table(f"{database}.rows", SCHEMA)
    return Clients(aws, spark, catalog, trino, bucket, database)


def test_four_clients_append_at_once_and_each_reads_every_row_once(clients: Clients) -> None:
    together = threading.Barrier(len(WRITERS))

    def append_all(writer: str) -> None:
        first = WRITERS.index(writer) * 100
        together.wait(60)
        for number in range(first, first + APPENDS):
            append_despite_conflicts(clients, writer, number)

    with ThreadPoolExecutor(len(WRITERS)) as pool:
        list(pool.map(append_all, WRITERS))
    written = [
        (number, writer) for first, writer in enumerate(WRITERS) for number in range(first * 100, first * 100 + APPENDS)
    ]
    assert clients.read_by_all() == written
    snapshots = clients.table().metadata.snapshots
    assert [snapshot.sequence_number for snapshot in snapshots] == list(range(1, len(written) + 1))
    parents = [snapshot.parent_snapshot_id for snapshot in snapshots]
    assert parents == [None, *(snapshot.snapshot_id for snapshot in snapshots[:-1])]


def append_despite_conflicts(clients: Clients, writer: str, number: int) -> None:
    for _ in range(TRIES):
        try:
            return clients.append(writer, number)
        except ConflictError:
            continue
    raise AssertionError(f"{writer}: {TRIES} conflicts")


@pytest.mark.parametrize("other", ["spark", "trino", "athena"])
def test_a_commit_on_an_outdated_snapshot_is_refused(clients: Clients, other: str) -> None:
    with clients.table().transaction() as transaction:
        transaction.set_properties({"commit.retry.num-retries": "0"})
    outdated = clients.table()
    clients.append(other, 1)
    with pytest.raises(CommitFailedException):
        outdated.append(pa.table({"id": [2], "writer": ["pyiceberg"]}, schema=SCHEMA))
    assert clients.read_by_all() == [(1, other)]


DELETES: dict[str, Callable[[Clients], Any]] = {
    "spark": lambda clients: clients.spark.sql(f"DELETE FROM lake.{clients.database}.rows WHERE id = 1"),
    "pyiceberg": lambda clients: clients.table().delete("id = 1"),
    "trino": lambda clients: clients.trino.run(f"DELETE FROM iceberg.{clients.database}.rows WHERE id = 1"),
    "athena": lambda clients: query_rows(
        clients.aws, f"DELETE FROM {clients.database}.rows WHERE id = 1", f"s3://{clients.bucket}/results/"
    ),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_each_client_reads_what_another_deleted(clients: Clients, writer: str) -> None:
    clients.trino.run(f"INSERT INTO iceberg.{clients.database}.rows VALUES (1, 'a'), (2, 'b')")
    DELETES[writer](clients)
    assert clients.read_by_all() == [(2, "b")]
