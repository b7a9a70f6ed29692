"""S3: plain moto against localaws, side by side in one run.

``python benchmarks/s3.py [--megabytes 1024] [--keys 20000]`` prints, for each piece of work, the seconds and the
server's peak resident memory (MB) of both, and how many times faster localaws is. Each server runs in a process of its
own; the client is boto3 in this one.
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
    """What one piece of work took: seconds, and the server's peak resident megabytes during it."""

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
        with running() as aws:
            ours = measure(aws.endpoint, aws.pid, large, options.keys)
        with plain_moto() as (endpoint, pid):
            theirs = measure(endpoint, pid, large, options.keys)
    report(theirs, ours)


def measure(endpoint: str, pid: int, large: Path, keys: int) -> dict[str, Figure]:
    s3 = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="b", aws_secret_access_key="b",
        config=Config(max_pool_connections=16, read_timeout=300),
    )  # fmt: skip
    s3.create_bucket(Bucket="benchmark")
    size = large.stat().st_size
    figures: dict[str, Figure] = {}

    def timed(name: str, work: Callable[[], Any]) -> None:
        with peak_memory(pid) as peak:
            start = time.perf_counter()
            work()
            figures[name] = Figure(time.perf_counter() - start, 0)
        figures[name] = Figure(figures[name].seconds, peak[0])
        print(f"  {endpoint}  {name}: {figures[name].seconds:.2f} s, {peak[0]:.0f} MB", flush=True)

    timed(f"put {size >> 20} MB (multipart)", lambda: s3.upload_file(str(large), "benchmark", "large", Config=TRANSFER))
    timed(f"get {size >> 20} MB", lambda: download(s3, size))
    timed(f"{RANGED_GETS} ranged gets of 64 kB", lambda: ranged_gets(s3, size))
    timed(f"{SMALL_PUTS} small puts", lambda: put_keys(s3, 0, SMALL_PUTS))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: put_keys(s3, number, min(number + 100, keys)), range(SMALL_PUTS, keys, 100)))
    timed(f"list {keys} keys", lambda: list_keys(s3, keys))
    return figures


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
    found = sum(page["KeyCount"] for page in pages)
    assert found == keys, f"{found} keys instead of {keys}"


@contextmanager
def peak_memory(pid: int) -> Iterator[list[float]]:
    """The process's largest resident memory during the block, in MB, sampled every 20 ms."""
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
    """Run moto's own server in its own process: its endpoint and process id."""
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


def report(theirs: dict[str, Figure], ours: dict[str, Figure]) -> None:
    print(f"\n{'':28}{'moto s':>9}{'localaws s':>12}{'faster':>9}{'moto MB':>10}{'localaws MB':>13}")
    for name, mine in ours.items():
        plain = theirs[name]
        ratio = plain.seconds / mine.seconds
        print(f"{name:28}{plain.seconds:9.2f}{mine.seconds:12.2f}{ratio:8.1f}x{plain.peak:10.0f}{mine.peak:13.0f}")


if __name__ == "__main__":
    main()
