"""kill -9 of the server under load: acknowledged data is complete, and everything that ran has ended."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from localaws.running import Running, running

WRITERS = 50
KEYS = 3
NO_RETRY = Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=10, max_pool_connections=WRITERS + 10)
# A Spark job with active Python workers, and a process that has left its parents' process tree.
SPARK = """
    import subprocess, sys, time
    from pyspark.context import SparkContext
    code = "import subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True, stdout=2)"
    subprocess.run([sys.executable, "-c", code], check=True)
    context = SparkContext.getOrCreate()
    print("at work")
    context.parallelize(range(2), 2).foreach(lambda _: time.sleep(600))
"""


def put_until_killed(s3: Any, writer: int, acknowledged: dict[str, tuple[str, int]]) -> None:
    """Overwrite keys until the server is killed; record the last acknowledged write of each key.

    Each body contains the number in its metadata.
    """
    for number in range(10_000):
        key = f"{'..' if writer % 5 == 0 else 'w'}/{writer}/{number % KEYS}"
        body = f"{writer}:{number}:".encode() * (1 + 5000 * (number % 4))
        try:
            s3.put_object(Bucket="lake", Key=key, Body=body, Metadata={"number": str(number)})
        except (BotoCoreError, ClientError):
            return
        acknowledged[key] = (hashlib.md5(body).hexdigest(), number)


@contextmanager
def puts(server: Running) -> Iterator[dict[str, tuple[str, int]]]:
    """Run fifty clients that put until the kill; yield ETag and number of each key's last acknowledged write."""
    s3 = server.client("s3", config=NO_RETRY)
    s3.create_bucket(Bucket="lake")
    acknowledged: dict[str, tuple[str, int]] = {}
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(put_until_killed, s3, writer, acknowledged) for writer in range(WRITERS)]
        yield acknowledged
        for writer in writers:
            writer.result()


def check_object(s3: Any, key: str, etag: str, number: int) -> None:
    """Check that the object is complete, and from the acknowledged write or a later one of its writer."""
    got = s3.get_object(Bucket="lake", Key=key)
    body, stored = got["Body"].read(), int(got["Metadata"]["number"])
    digest = hashlib.md5(body).hexdigest()
    assert body.startswith(f"{key.split('/')[1]}:{stored}:".encode())
    assert got["ETag"] == f'"{digest}"'
    assert stored > number or (stored, digest) == (number, etag)


def below(server: Running) -> list[psutil.Process]:
    return psutil.Process(server.pid).children(recursive=True)


def lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.slow
def test_a_kill_amid_50_puts_and_a_spark_run_loses_nothing_acknowledged(jobs_of: Any, tmp_path: Path) -> None:
    with running(tmp_path) as server:
        jobs = jobs_of(server)
        ended = jobs.create("print(1)")
        ended_id = jobs.run(ended)["Id"]
        name = jobs.create(SPARK, "glueetl", MaxRetries=1)
        run_id = jobs.start(name)
        log = tmp_path / "runs" / run_id / "output.log"
        with puts(server) as acknowledged:
            jobs.eventually(lambda: log.exists() and "at work" in log.read_text())
            jobs.eventually(lambda: len(acknowledged) == WRITERS * KEYS)
            assert jobs.show(name, run_id)["JobRunState"] == "RUNNING"
            processes = below(server)
            names = {process.name() for process in processes}
            os.kill(server.pid, signal.SIGKILL)
        assert {"java", "sleep"} < names
        jobs.eventually(lambda: not any(map(lives, processes)))
    with running(tmp_path) as server:
        check_runs(jobs_of(server), {name: run_id, ended: ended_id})
        s3 = server.client("s3")
        for key, (etag, number) in acknowledged.items():
            check_object(s3, key, etag, number)
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="lake")
        assert set(acknowledged) <= {item["Key"] for page in pages for item in page["Contents"]}
        assert list((tmp_path / "tmp" / "s3").iterdir()) == []
        assert below(server) == []


def check_runs(jobs: Any, runs: dict[str, str]) -> None:
    """Check that the first run of ``runs`` ended with the server, and that the job of the second runs again."""
    (killed, killed_id), (ended, ended_id) = runs.items()
    run = jobs.show(killed, killed_id)
    assert (run["JobRunState"], run["ErrorMessage"]) == (
        "FAILED",
        "the localaws server ended while the run was active; its processes were ended with it",
    )
    assert jobs.show(ended, ended_id)["JobRunState"] == "SUCCEEDED"
    assert jobs.run(ended)["JobRunState"] == "SUCCEEDED"


def test_a_killed_server_starts_again_on_its_port_at_once(tmp_path: Path) -> None:
    """Old connections, which the kernel remembers for a minute, do not block the port."""
    with running(tmp_path) as killed:
        killed.client("s3").create_bucket(Bucket="lake")
        port = int(killed.endpoint.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(1)
            os.kill(killed.pid, signal.SIGKILL)
            while connection.recv(65536):
                pass
        with running(tmp_path, port=port) as again:
            assert [bucket["Name"] for bucket in again.client("s3").list_buckets()["Buckets"]] == ["lake"]
