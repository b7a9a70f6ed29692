"""An Athena query compared with DuckDB itself on the same Parquet file, for a small file and for one of 200 MB."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import duckdb

from localaws.running import Running, running

QUERIES = {
    "aggregate": "SELECT k, count(*) AS n, sum(v) AS total FROM t GROUP BY k ORDER BY k",
    "filter": "SELECT max(w) AS most FROM t WHERE k = 7",
}
SIZES = {"small (1,000 rows)": 1_000, "about 200 MB (11 million rows)": 11_000_000}
ROUNDS = 5


def median_seconds(call: Callable[[], Any]) -> float:
    call()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def athena_query(athena: Any, sql: str) -> str:
    """Run a query to its end and return its ID."""
    started = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": "bench"},
        ResultConfiguration={"OutputLocation": "s3://bench-bucket/results/"},
    )
    while True:
        status = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]["Status"]
        if status["State"] not in ("QUEUED", "RUNNING"):
            assert status["State"] == "SUCCEEDED", status
            return str(started["QueryExecutionId"])
        time.sleep(0.001)


def measure(server: Running, rows: int) -> int:
    path = server.home / "s3" / "bench-bucket" / "t" / "f.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(
        "COPY (SELECT range % 10 AS k, random() AS v, CAST(hash(range) % 1000000000 AS BIGINT) AS w, range AS id "
        f"FROM range({rows})) "
        f"TO '{path}' (FORMAT parquet)"
    )
    athena = server.client("athena")
    athena_query(athena, "DROP TABLE IF EXISTS t")
    athena_query(
        athena,
        "CREATE EXTERNAL TABLE t (k bigint, v double, w bigint, id bigint) STORED AS PARQUET "
        "LOCATION 's3://bench-bucket/t/'",
    )
    for name, sql in QUERIES.items():
        direct = sql.replace("FROM t", f"FROM read_parquet('{path}')")
        plain = median_seconds(lambda direct=direct: duckdb.execute(direct).fetchall())
        whole = median_seconds(lambda sql=sql: athena_query(athena, sql))
        print(f"  {name:10} DuckDB {plain * 1000:8.1f} ms   Athena {whole * 1000:8.1f} ms   ratio {whole / plain:5.2f}")
    return path.stat().st_size


def main() -> None:
    with running() as server:
        server.client("s3").create_bucket(Bucket="bench-bucket")
        server.client("glue").create_database(DatabaseInput={"Name": "bench"})
        for label, rows in SIZES.items():
            print(label)
            print(f"  file of {measure(server, rows) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
