"""Commits under concurrency, kills and restarts: every acknowledged commit exists, once."""

from __future__ import annotations

import os
import signal
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import requests
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import CommitFailedException

from localaws.running import Running, launch, running, wait_until_ready

BATCH = pa.table({"id": pa.array([0], pa.int64())})


def catalog_of(server: Running) -> Catalog:
    return load_catalog("rest", type="rest", uri=f"{server.endpoint}/iceberg")


def ids(catalog: Catalog, name: str) -> list[int]:
    return sorted(catalog.load_table(name).scan().to_arrow()["id"].to_pylist())


@pytest.fixture
def table(aws: Running, bucket: str) -> str:
    database = f"db_{uuid.uuid4().hex[:8]}"
    catalog = catalog_of(aws)
    catalog.create_namespace(database, {"location": f"s3://{bucket}/{database}"})
    catalog.create_table(f"{database}.t", BATCH.schema, properties={"commit.retry.num-retries": "0"})
    return f"{database}.t"


def test_eight_writers_lose_no_acknowledged_commit(aws: Running, table: str) -> None:
    def write(writer: int) -> list[int]:
        catalog, done, tried = catalog_of(aws), [], 0
        while len(done) < 3:
            assert (tried := tried + 1) < 200
            number = writer * 10 + len(done)
            try:
                catalog.load_table(table).append(pa.table({"id": pa.array([number], pa.int64())}))
            except CommitFailedException:
                continue
            done.append(number)
        return done

    with ThreadPoolExecutor(8) as pool:
        acknowledged = [number for done in pool.map(write, range(8)) for number in done]
    assert ids(catalog_of(aws), table) == sorted(acknowledged)
    metadata = catalog_of(aws).load_table(table).metadata
    assert [s.sequence_number for s in metadata.snapshots] == list(range(1, 25))


def test_the_second_of_two_writers_from_one_snapshot_conflicts(aws: Running, table: str) -> None:
    first, second = catalog_of(aws).load_table(table), catalog_of(aws).load_table(table)
    first.append(BATCH)
    with pytest.raises(CommitFailedException, match="branch main was created concurrently"):
        second.append(BATCH)
    assert ids(catalog_of(aws), table) == [0]


def test_tables_survive_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        first.client("s3").create_bucket(Bucket="lake")
        catalog = catalog_of(first)
        catalog.create_namespace("db", {"location": "s3://lake/db"})
        catalog.create_table("db.t", BATCH.schema).append(BATCH)
        before = catalog.load_table("db.t")
    with running(tmp_path) as second:
        after = catalog_of(second).load_table("db.t")
        assert (after.metadata_location, after.metadata) == (before.metadata_location, before.metadata)
        after.append(BATCH)
        assert ids(catalog_of(second), "db.t") == [0, 0]


@pytest.mark.slow
def test_kill_nine_amid_commits_leaves_every_acknowledged_one(tmp_path: Path) -> None:
    process = launch(tmp_path, "--port", "0", "--warm", "0")
    record = wait_until_ready(process, tmp_path)
    server = Running(record.endpoint, record.region, tmp_path, record.pid)
    server.client("s3").create_bucket(Bucket="lake")
    catalog_of(server).create_namespace("db", {"location": "s3://lake/db"})
    catalog_of(server).create_table("db.t", BATCH.schema)
    acknowledged: list[int] = []
    enough = threading.Event()

    def commit() -> None:
        url = f"{server.endpoint}/iceberg/v1/namespaces/db/tables/t"
        for number in range(10_000):
            updates = [{"action": "set-properties", "updates": {f"n{number}": "1"}}]
            try:
                answer = requests.post(url, json={"requirements": [], "updates": updates}, timeout=10)
            except requests.ConnectionError:
                return
            assert answer.status_code == 200
            acknowledged.append(number)
            if number == 20:
                enough.set()

    writer = threading.Thread(target=commit)
    writer.start()
    assert enough.wait(60)
    os.kill(server.pid, signal.SIGKILL)
    process.wait()
    writer.join()
    with running(tmp_path) as again:
        properties: dict[str, Any] = catalog_of(again).load_table("db.t").properties
        assert {f"n{number}" for number in acknowledged} <= set(properties)
        assert len(properties) <= len(acknowledged) + 1
        catalog_of(again).load_table("db.t").append(BATCH)
        assert ids(catalog_of(again), "db.t") == [0]
