"""COPY of Redshift's Data API compared with psycopg's COPY of the same file into the same server, in one run.

``python benchmarks/redshift_copy.py [--rows 1000000] [--rounds 3]`` prints the seconds of both (medians of the rounds)
and their ratio: for a file that PostgreSQL reads as Redshift does, for a file with one bad row per thousand (rejected
with MAXERROR), and for the first file compressed. psycopg streams the file in blocks of 1 MiB and rejects nothing.
Before that it prints the server's peak memory in a COPY of a tenth of the rows, then in a COPY of all rows.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg

from localaws.postgres_server import postgres
from localaws.running import Running, running

COLUMNS = "id bigint, name varchar(60), amount numeric(18, 2), day date, at timestamp, active boolean"
BLOCK = 1 << 20
FIRST_DAY = date(2025, 1, 1).toordinal()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of a file (default 1000000)")
    parser.add_argument("--rounds", type=int, default=3, help="each way so many times (default 3)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="redshift-benchmark-") as folder:
        compare(Path(folder), options.rows, options.rounds)


def compare(folder: Path, rows: int, rounds: int) -> None:
    clean, bad, tenth = folder / "clean.csv", folder / "bad.csv", folder / "tenth.csv"
    write(clean, rows, bad_every=0)
    write(tenth, rows // 10, bad_every=0)
    write(bad, rows, bad_every=1000)
    packed = folder / "packed.csv.gz"  # a COPY takes every key that begins with its path
    packed.write_bytes(gzip.compress(clean.read_bytes(), 1))
    print(f"{rows} rows of 6 columns, {clean.stat().st_size / 1e6:.0f} MB; medians of {rounds} rounds")
    with postgres(folder / "postgres") as dsn, server_on(dsn, folder / "aws") as aws:
        upload(aws, [clean, bad, packed, tenth])
        data = aws.client("redshift-data")
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(f"CREATE TABLE direct ({COLUMNS})")
            run(data, f"CREATE TABLE loaded ({COLUMNS})")
            for name, file in (("a tenth of the rows", tenth), ("all rows", clean)):
                print(f"COPY of {name}: the server held {most_held(aws.pid, partial(copy, data, file, '')):.0f} MB")
            report(
                rounds,
                {
                    "psycopg, clean": lambda: stream(connection, clean),
                    "COPY, clean": lambda: copy(data, clean, ""),
                    "COPY, clean, gzip": lambda: copy(data, packed, "GZIP"),
                    "COPY, 1 bad row in 1000": lambda: copy(data, bad, "MAXERROR 100000"),
                },
            )


def most_held(pid: int, work: Callable[[], None]) -> float:
    """Return the peak memory of a process in MB while ``work`` ran."""
    process, ended = psutil.Process(pid), threading.Event()
    most = process.memory_info().rss

    def watch() -> None:
        nonlocal most
        while not ended.wait(0.05):
            most = max(most, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        ended.set()
        watcher.join()
    return most / 1e6


def report(rounds: int, ways: dict[str, Callable[[], None]]) -> None:
    """Time every way in every round, so that other load of the machine affects all of them; ratios are to the first."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for round_number in range(rounds + 1):
        for name, work in ways.items():
            begun = time.perf_counter()
            work()
            if round_number:  # the first one imports what it needs
                seconds[name].append(time.perf_counter() - begun)
    base = statistics.median(next(iter(seconds.values())))
    for name, timings in seconds.items():
        print(f"{name:29} {statistics.median(timings):6.2f} s   {statistics.median(timings) / base:.2f}")


@contextmanager
def server_on(dsn: str, home: Path) -> Iterator[Running]:
    """A localaws whose Redshift is the PostgreSQL of the comparison."""
    os.environ["LOCALAWS_REDSHIFT"] = dsn
    try:
        with running(home) as aws:
            yield aws
    finally:
        del os.environ["LOCALAWS_REDSHIFT"]


def write(path: Path, rows: int, *, bad_every: int) -> None:
    numbers = random.Random(1)
    with path.open("w") as file:
        for row in range(rows):
            amount = "bad" if bad_every and row % bad_every == 0 else f"{numbers.randint(0, 10**7) / 100:.2f}"
            day, second = date.fromordinal(FIRST_DAY + row % 365), f"{row % 24:02}:{row % 60:02}:{row % 60:02}"
            file.write(f"{row},Banco número {row % 5000},{amount},{day},{day} {second},{'t' if row % 2 else 'f'}\n")


def upload(aws: Any, files: list[Path]) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="lake")
    for file in files:
        s3.upload_file(str(file), "lake", file.name)
    aws.client("redshift").create_cluster(
        ClusterIdentifier="dw", NodeType="ra3.large", MasterUsername="admin", MasterUserPassword="Secret99x"
    )


def run(data: Any, *texts: str) -> None:
    started = data.batch_execute_statement(ClusterIdentifier="dw", Database="dev", DbUser="admin", Sqls=list(texts))
    status = {"Status": "STARTED"}
    while status["Status"] not in ("FINISHED", "FAILED", "ABORTED"):
        status = data.describe_statement(Id=started["Id"], WaitTimeSeconds=30)
    assert status["Status"] == "FINISHED", status["Error"]


def copy(data: Any, file: Path, extra: str) -> None:
    run(data, f"COPY loaded FROM 's3://lake/{file.name}' IAM_ROLE DEFAULT CSV {extra}")
    run(data, "TRUNCATE loaded")


def stream(connection: psycopg.Connection[Any], file: Path) -> None:
    statement = "COPY direct FROM STDIN (FORMAT csv)"
    with file.open("rb") as source, connection.cursor() as cursor, cursor.copy(statement) as target:
        while block := source.read(BLOCK):
            target.write(block)
    connection.execute("TRUNCATE direct")


if __name__ == "__main__":
    main()
