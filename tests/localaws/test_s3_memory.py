"""Large objects pass through the server in blocks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
from boto3.s3.transfer import TransferConfig

from localaws.running import Running, running

MEGABYTE = 1 << 20
BLOCK = bytes(range(256)) * 4096
LIMIT_MB = 300  # of which the server has more than 100 at rest


class Blocks:
    """A file of ``size`` bytes that is generated while it is read."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._position = 0

    def read(self, amount: int = -1) -> bytes:
        left = self._size - self._position
        amount = left if amount < 0 else min(amount, left)
        offset = self._position % len(BLOCK)
        self._position += amount
        return (BLOCK * (amount // len(BLOCK) + 2))[offset : offset + amount]

    def seekable(self) -> bool:
        return False


@contextmanager
def peak_memory(pid: int) -> Iterator[list[float]]:
    """Measure the largest resident memory, in MB, of a process during the block."""
    process, peak, stop = psutil.Process(pid), [0.0], threading.Event()

    def sample() -> None:
        while not stop.wait(0.01):
            peak[0] = max(peak[0], process.memory_info().rss / (1 << 20))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def server() -> Iterator[Running]:
    with running() as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("size", [320 * MEGABYTE, pytest.param(1024 * MEGABYTE, marks=pytest.mark.long)])
def test_a_large_object_goes_in_and_out_within_300_mb(server: Running, size: int) -> None:
    s3: Any = server.client("s3")
    s3.create_bucket(Bucket="large")
    settings = TransferConfig(multipart_threshold=16 << 20, multipart_chunksize=16 << 20, max_concurrency=4)
    with peak_memory(server.pid) as upload:
        s3.upload_fileobj(Blocks(size), "large", "k", Config=settings)
    assert upload[0] < LIMIT_MB
    with peak_memory(server.pid) as download:
        received = sum(len(block) for block in s3.get_object(Bucket="large", Key="k")["Body"].iter_chunks(1 << 20))
    assert received == size
    assert download[0] < LIMIT_MB
    middle = size // 2 + 5
    start = middle % len(BLOCK)
    ranged = s3.get_object(Bucket="large", Key="k", Range=f"bytes={middle}-{middle + 9}")["Body"].read()
    assert ranged == BLOCK[start : start + 10]
    with peak_memory(server.pid) as copied:
        s3.copy_object(Bucket="large", Key="copy", CopySource={"Bucket": "large", "Key": "k"})
    assert copied[0] < LIMIT_MB
