"""A large file in chunks compared with a smaller file: seconds, and the memory of each function.

``ROWS`` transactions (default 10,000,000) and a tenth of them. Chunks of ``CHUNK_MIB`` (default 32) are processed one
after another, with a separate process for the splitter and for each chunk, as on Lambda. Prints ratios from one run.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import IO, Any

import psycopg
from sqlalchemy import make_url

from dataharvest.database.schema import migrate
from dataharvest.database.session import Database
from dataharvest.model.chunk import Chunk, ChunkTask
from dataharvest.model.delivery import DeliveredObject
from dataharvest.model.kind import TRANSACTIONS
from dataharvest.persistence.boundaries import chunks_of
from dataharvest.persistence.rows import load_rows
from dataharvest.persistence.stream import open_chunk, read_header
from dataharvest.vault import DataKey
from harvest_files.day import Day
from harvest_files.files import files
from localaws.postgres_server import postgres

ROWS, CHUNK = int(os.environ.get("ROWS", "10000000")), int(os.environ.get("CHUNK_MIB", "32")) << 20
SERVER = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "1GB", "max_wal_size": "4GB"}
"""A database of 4 GiB: RDS gives a quarter of it to buffers. With PostgreSQL's default of 128 MB, pages of the index of
10 million rows would be read and written for nearly each row."""
FILE = """
INSERT INTO dataharvest.delivered_file (external_client, business_date, kind, bucket, object_key, etag, size)
VALUES ('bench', '2022-02-26', 'transactions', 'b', 'k', %s, 0) RETURNING file_id
"""


@dataclass
class Ranged:
    """Returns the bytes of a range of a file on disk, as S3 does."""

    file: IO[bytes]
    left: int

    def read(self, size: int) -> bytes:
        chunk = self.file.read(min(size, self.left))
        self.left -= len(chunk)
        return chunk


def split(path: Path) -> tuple[Chunk, ...]:
    with path.open("rb") as file:
        return chunks_of(read_header(TRANSACTIONS, file), CHUNK)


def load(path: Path, address: str, file_id: int, chunk: Chunk, count: int) -> int:
    columns = tuple(column.name for column in TRANSACTIONS.columns)
    task = ChunkTask(DeliveredObject("b", "k", "e", "1"), columns, chunk, count)
    with path.open("rb") as file, Database(address).transaction() as connection:
        file.seek(chunk.start)
        source = Ranged(file, chunk.end - chunk.start)
        opened = open_chunk(TRANSACTIONS, task, source)
        return load_rows(connection, TRANSACTIONS, file_id, opened, lambda: opened, DataKey(bytes(32), "bench")).loaded


def measured(work: Callable[..., Any], *given: Any) -> tuple[Any, float]:
    """Return the result of ``work``, and the peak memory of its process in MiB."""
    returned = work(*given)
    return returned, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(folder: Path, address: str, rows: int) -> tuple[float, float]:
    """Split and load a file; return the seconds and the largest memory of a function."""
    path = folder / f"{rows}.csv"
    day = Day(clients=1000, portfolios=100_000, transactions=rows)
    with path.open("wb") as file:
        file.writelines(next(parts for key, parts in files(day) if "transactions" in key))
    with psycopg.connect(address, autocommit=True) as connection:
        row = connection.execute(FILE, [str(rows)]).fetchone()
    assert row is not None
    start, peak, loaded = time.perf_counter(), 0.0, 0
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        chunks, peak = pool.apply(measured, (split, path))
        print(f"  {len(chunks)} chunks; splitter {time.perf_counter() - start:.1f} s, {peak:.0f} MiB", flush=True)
        for chunk in chunks:
            count, used = pool.apply(measured, (load, path, address, row[0], chunk, len(chunks)))
            loaded, peak = loaded + count, max(peak, used)
    path.unlink()
    if loaded != rows:
        sys.exit(f"{loaded:,} rows are loaded, not {rows:,}")
    return time.perf_counter() - start, peak


def main() -> None:
    seconds = {}
    with tempfile.TemporaryDirectory() as name, postgres(Path(name, "postgres"), SERVER) as address:
        migrate(make_url(address).set(drivername="postgresql+psycopg"))
        for rows in (ROWS // 10, ROWS):
            print(f"{rows:,} transactions:", flush=True)
            seconds[rows], peak = run(Path(name), address, rows)
            print(f"  {seconds[rows]:.1f} s, {peak:.0f} MiB at most in a function (512)", flush=True)
    ratio = seconds[ROWS] / seconds[ROWS // 10]
    load_average = os.getloadavg()[0]
    print(f"{ROWS:,} take {ratio:.1f} times as long as a tenth of them (at most 10); load {load_average:.0f}")


if __name__ == "__main__":
    main()
