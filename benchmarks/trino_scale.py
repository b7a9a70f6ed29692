"""Trino as Athena's engine on a table of 100 million rows in S3, under its heap of 2 GB: start, latency, scan, join,
groups. DuckDB reads the same files for comparison, and its rows must be the same.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import psutil

from localaws.athena.trino.distribution import find_distribution
from localaws.errors import LocalAwsError
from localaws.running import Running, running

ROWS, FILES, ITEMS, STORES, CUSTOMERS, ROUNDS = 100_000_000, 10, 100_000, 500, 2_000_000, 9
BUCKET = "bench-bucket"
TABLES = {
    "sales": "ticket bigint, item int, store int, customer int, sold_on date, price double",
    "returns": "ticket bigint, reason int",
    "items": "item int, category int",
}
QUERIES = {
    "count and sum": "SELECT count(*) AS n, sum(price) AS total FROM sales",
    "join 100,000 items, 36,500 groups": (
        "SELECT category, sold_on, count(*) AS n, sum(price) AS total FROM sales JOIN items ON sales.item = items.item "
        "GROUP BY category, sold_on ORDER BY category, sold_on LIMIT 10"
    ),
    "2,000,000 groups": (
        "SELECT customer, count(*) AS n, sum(price) AS total FROM sales GROUP BY customer "
        "ORDER BY total DESC, customer LIMIT 10"
    ),
    "join 10 % of the rows with the rest": (
        "SELECT reason, count(*) AS n, sum(price) AS total FROM sales JOIN returns ON sales.ticket = returns.ticket "
        "GROUP BY reason ORDER BY reason"
    ),
}


def write(connection: duckdb.DuckDBPyConnection, server: Running, rows: int) -> None:
    """Write the tables as Parquet files into the folder of the bucket; every number follows from its row."""
    folder = server.home / "s3" / BUCKET
    for name in TABLES:
        (folder / name).mkdir()
    for number in range(FILES):
        first, last = rows * number // FILES, rows * (number + 1) // FILES
        numbers = f"FROM range({first}, {last}) AS numbers(i)"
        connection.execute(
            f"COPY (SELECT i AS ticket, (i * 7919 % {ITEMS})::int AS item, (i * 31 % {STORES})::int AS store, "
            f"(hash(i) % {CUSTOMERS})::int AS customer, (DATE '2024-01-01' + (i % 365)::int)::date AS sold_on, "
            f"(i * 13 % 1000)::double AS price {numbers}) TO '{folder}/sales/{number}.parquet' (COMPRESSION zstd)"
        )
        connection.execute(
            f"COPY (SELECT i AS ticket, (i // 10 % 20)::int AS reason {numbers} WHERE i % 10 = 0) "
            f"TO '{folder}/returns/{number}.parquet' (COMPRESSION zstd)"
        )
    connection.execute(
        f"COPY (SELECT i::int AS item, (i % 100)::int AS category FROM range({ITEMS}) AS numbers(i)) "
        f"TO '{folder}/items/0.parquet'"
    )
    for name in TABLES:
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{folder}/{name}/*.parquet')")


def ask(server: Running, sql: str) -> list[tuple[str, ...]]:
    """Run a query of Athena and return its rows as text."""
    athena = server.client("athena")
    started = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": "bench"},
        ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/results/"},
    )
    execution_id = started["QueryExecutionId"]
    while (status := state(athena, execution_id))["State"] in ("QUEUED", "RUNNING"):
        time.sleep(0.005)
    if status["State"] != "SUCCEEDED":
        sys.exit(f"{sql}: {status}")
    rows = athena.get_query_results(QueryExecutionId=execution_id)["ResultSet"]["Rows"]
    return [tuple(cell.get("VarCharValue", "") for cell in row["Data"]) for row in rows[1:]]


def state(athena: Any, execution_id: str) -> dict[str, Any]:
    return dict(athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]["Status"])


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    answer = call()
    return time.perf_counter() - start, answer


def fetch(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def latency(server: Running) -> float:
    """Return the median milliseconds of ``SELECT 1``."""
    ask(server, "SELECT 1")
    return statistics.median(seconds(lambda: ask(server, "SELECT 1"))[0] for _ in range(ROUNDS)) * 1000


def largest_memory(server: Running) -> float:
    """Return the most memory in GB that a child of the server, which is Trino, has used so far."""
    children = psutil.Process(server.pid).children(recursive=True)
    return max(_peak(process.pid) for process in children) / 1024**2


def _peak(pid: int) -> int:
    with Path(f"/proc/{pid}/status").open(encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    rows = parser.parse_args().rows
    try:
        find_distribution(os.environ)
    except LocalAwsError as error:
        print(f"NOT RUN, NO TRINO: {error}")
        return
    with running(athena="duckdb") as server:
        server.client("s3").create_bucket(Bucket=BUCKET)
        server.client("glue").create_database(DatabaseInput={"Name": "bench"})
        print(f"SELECT 1: {latency(server):.0f} ms on the embedded engine")
    with running(athena="trino") as server, duckdb.connect() as connection:
        server.client("s3").create_bucket(Bucket=BUCKET)
        server.client("glue").create_database(DatabaseInput={"Name": "bench"})
        start, _ = seconds(lambda: ask(server, "SELECT 1"))
        print(f"Trino's first answer: {start:.0f} s after the server's start")
        print(f"SELECT 1: {latency(server):.0f} ms on Trino")
        write(connection, server, rows)
        for name, columns in TABLES.items():
            location = f"s3://{BUCKET}/{name}/"
            ask(server, f"CREATE EXTERNAL TABLE {name} ({columns}) STORED AS PARQUET LOCATION '{location}'")
        for title, sql in QUERIES.items():
            trino, answer = seconds(partial(ask, server, sql))
            embedded, expected = seconds(partial(fetch, connection, sql))
            if comparable(answer) != comparable(expected):
                sys.exit(f"{title}: Trino {answer[:3]}, DuckDB {expected[:3]}")
            print(f"{title}: {trino:.1f} s, {rows / trino / 1e6:.1f} million rows per second; DuckDB {embedded:.1f} s")
        print(f"most memory of Trino: {largest_memory(server):.1f} GB")


def comparable(rows: list[tuple[Any, ...]]) -> list[list[float | str]]:
    """Return the rows with numbers as floats. All sums are of whole numbers, so their order is irrelevant."""
    return [[_float_or_text(value) for value in row] for row in rows]


def _float_or_text(value: Any) -> float | str:
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


if __name__ == "__main__":
    main()
