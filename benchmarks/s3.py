"""S3: plain moto compared with localaws, in one run.

``python benchmarks/s3.py [--megabytes 1024] [--keys 20000]`` prints for each task the seconds and the server's peak
resident memory (MB) of both, and how many times faster localaws is. Each server runs in a separate process; the client
is boto3 in this process.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from localaws.running import running

MEGABYTE = 1 << 20
SMALL_PUTS = 2000
RANGED_GETS = 100
RANGE_BYTES = 64 << 10
START_DEADLINE = 60.0
TRANSFER = TransferConfig(multipart_threshold=8 * MEGABYTE, multipart_chunksize=8 * MEGABYTE, max_concurrency=4)
MOTO = """
import sys, time
from moto.server import ThreadedMotoServer
ThreadedMotoServer(port=int(sys.argv[1])).start()
time.sleep(3600)
"""


@dataclass(frozen=True)
class Figure:
    """Cost of one task: seconds, and the server's peak resident memory in MB."""

    seconds: float
    peak: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1024, help="size of the large object (default 1024)")
    parser.add_argument("--keys", type=int, default=20_000, help="keys of the listing (default 20000)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="s3-benchmark-") as folder:
        large = Path(folder) / "large"
        with large.open("wb") as file:
            for _ in range(options.megabytes):
                file.write(os.urandom(MEGABYTE))
        with running() as aws, plain_moto() as (endpoint, pid):
            report(
                measure(Server("moto", endpoint, pid), Server("localaws", aws.endpoint, aws.pid), large, options.keys)
            )


@dataclass(frozen=True)
class Server:
    """One of the two servers, with its process."""

    name: str
    endpoint: str
    pid: int

    def client(self) -> Any:
        return boto3.client(
            "s3", endpoint_url=self.endpoint, region_name="us-east-1", aws_access_key_id="b", aws_secret_access_key="b",
            config=Config(max_pool_connections=16, read_timeout=300),
        )  # fmt: skip


def measure(moto: Server, ours: Server, large: Path, keys: int) -> dict[str, tuple[Figure, Figure]]:
    """Measure each task on moto and, right after it, on localaws: both run under the same load of the machine."""
    size = large.stat().st_size
    pieces: dict[str, Callable[[Any], None]] = {
        f"put {size >> 20} MB (multipart)": lambda s3: s3.upload_file(
            str(large), "benchmark", "large", Config=TRANSFER
        ),
        f"get {size >> 20} MB": lambda s3: download(s3, size),
        f"{RANGED_GETS} ranged gets of 64 kB": lambda s3: ranged_gets(s3, size),
        f"{SMALL_PUTS} small puts": lambda s3: put_keys(s3, 0, SMALL_PUTS),
        f"list {keys} keys": lambda s3: list_keys(s3, keys),
    }
    clients = {server: server.client() for server in (moto, ours)}
    for s3 in clients.values():
        s3.create_bucket(Bucket="benchmark")
    figures = {}
    for name, work in pieces.items():
        if name.startswith("list"):
            for s3 in clients.values():
                fill(s3, keys)
        figures[name] = (timed(moto, clients[moto], name, work), timed(ours, clients[ours], name, work))
    return figures


def timed(server: Server, s3: Any, name: str, work: Callable[[Any], None]) -> Figure:
    with peak_memory(server.pid) as peak:
        start = time.perf_counter()
        work(s3)
        seconds = time.perf_counter() - start
    print(f"  {server.name:9} {name}: {seconds:.2f} s, {peak[0]:.0f} MB", flush=True)
    return Figure(seconds, peak[0])


def fill(s3: Any, keys: int) -> None:
    """Put the keys to list that do not exist yet."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: put_keys(s3, number, min(number + 100, keys)), range(SMALL_PUTS, keys, 100)))


def upload(s3: Any, large: Path) -> None:
    s3.upload_file(str(large), "benchmark", "large", Config=TRANSFER)


def download(s3: Any, size: int) -> None:
    body = s3.get_object(Bucket="benchmark", Key="large")["Body"]
    received = sum(len(block) for block in body.iter_chunks(MEGABYTE))
    assert received == size, f"{received} bytes instead of {size}"


def ranged_gets(s3: Any, size: int) -> None:
    for number in range(RANGED_GETS):
        start = (size - RANGE_BYTES) * number // RANGED_GETS
        wanted = f"bytes={start}-{start + RANGE_BYTES - 1}"
        assert len(s3.get_object(Bucket="benchmark", Key="large", Range=wanted)["Body"].read()) == RANGE_BYTES


def put_keys(s3: Any, first: int, last: int) -> None:
    for number in range(first, last):
        s3.put_object(Bucket="benchmark", Key=f"keys/part={number % 100}/{number:06}.json", Body=b"{}")


def list_keys(s3: Any, keys: int) -> None:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="benchmark", Prefix="keys/")
    count = sum(page["KeyCount"] for page in pages)
    assert count == keys, f"{count} keys instead of {keys}"


@contextmanager
def peak_memory(pid: int) -> Iterator[list[float]]:
    """Measure the process's largest resident memory during the block, in MB, sampled every 20 ms."""
    process, peak, stop = psutil.Process(pid), [0.0], threading.Event()

    def sample() -> None:
        while not stop.wait(0.02):
            peak[0] = max(peak[0], process.memory_info().rss / MEGABYTE)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


@contextmanager
def plain_moto() -> Iterator[tuple[str, int]]:
    """Run moto's own server in a separate process; yield its endpoint and process ID."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", MOTO, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + START_DEADLINE
        while socket.socket().connect_ex(("127.0.0.1", port)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"moto did not start within {START_DEADLINE:.0f} s")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def report(figures: dict[str, tuple[Figure, Figure]]) -> None:
    print(f"\n{'':28}{'moto s':>9}{'localaws s':>12}{'faster':>9}{'moto MB':>10}{'localaws MB':>13}")
    for name, (plain, ours) in figures.items():
        ratio = plain.seconds / ours.seconds
        print(f"{name:28}{plain.seconds:9.2f}{ours.seconds:12.2f}{ratio:8.1f}x{plain.peak:10.0f}{ours.peak:13.0f}")


if __name__ == "__main__":
    main()
