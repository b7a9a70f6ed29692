"""MERGE of 100,000 rows into an Iceberg table of 1 million, by the embedded Athena and by Spark.

    python benchmarks/athena_merge.py [--rows 1000000] [--merged 100000] [--rounds 3]

Half of the merged rows update a row, the other half are new. Both engines write position deletes (merge-on-read), as
Athena engine version 3 does, into a new table in each round. Prints the median seconds of both, Athena's with its API
and the client's polling. Exits with status 1 if the tables differ afterwards.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from athena_overhead import athena_query
from contest.session import session

from localaws.running import Running, running

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

BUCKET = "bench-bucket"
MERGE = (
    "MERGE INTO {target} t USING {source} s ON t.id = s.id "
    "WHEN MATCHED THEN UPDATE SET amount = s.amount, name = s.name "
    "WHEN NOT MATCHED THEN INSERT (id, amount, name) VALUES (s.id, s.amount, s.name)"
)
TOTALS = (
    "SELECT count(*) AS n, sum(id) AS ids, sum(amount) AS amounts, min(name) AS low, max(name) AS high FROM {table}"
)


def write(path: Path, first: int, rows: int, name: str) -> None:
    """Write a Parquet file of ``rows`` consecutive IDs: id bigint, amount bigint, name varchar."""
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(
        f"COPY (SELECT {first} + range AS id, CAST(hash(range) % 100000 AS BIGINT) AS amount, "
        f"'{name}' || range % 997 AS name FROM range({rows})) TO '{path}' (FORMAT parquet)"
    )


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


class Athena:
    """The embedded engine, over tables of the files in the bucket."""

    def __init__(self, server: Running) -> None:
        self._client = server.client("athena")
        for name in ("base", "changes"):
            self._run(
                f"CREATE EXTERNAL TABLE {name} (id bigint, amount bigint, name string) STORED AS PARQUET "
                f"LOCATION 's3://{BUCKET}/{name}/'"
            )

    def merge(self, attempt: int) -> float:
        """Return the seconds of a MERGE into a new table."""
        self._run(
            f"CREATE TABLE target_{attempt} WITH (table_type = 'ICEBERG', is_external = false, "
            f"location = 's3://{BUCKET}/target_{attempt}/') AS SELECT * FROM base"
        )
        return timed(lambda: self._run(MERGE.format(target=f"target_{attempt}", source="changes")))

    def totals(self, attempt: int) -> list[str]:
        """Return count, sums and extremes of a table."""
        query = self._run(TOTALS.format(table=f"target_{attempt}"))
        rows = self._client.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
        return [cell["VarCharValue"] for cell in rows[1]["Data"]]

    def _run(self, sql: str) -> str:
        return athena_query(self._client, sql)


class Spark:
    """Spark with two cores, over the same files."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self._spark = spark
        for name in ("base", "changes"):
            spark.read.parquet(str(folder / name)).createOrReplaceTempView(name)

    def merge(self, attempt: int) -> float:
        """Return the seconds of a MERGE into a new table."""
        modes = "'format-version'='2', 'write.merge.mode'='merge-on-read'"
        self._spark.sql(
            f"CREATE TABLE lake.bench.target_{attempt} USING iceberg TBLPROPERTIES ({modes}) AS SELECT * FROM base"
        )
        return timed(lambda: self._spark.sql(MERGE.format(target=f"lake.bench.target_{attempt}", source="changes")))

    def totals(self, attempt: int) -> list[str]:
        """Return count, sums and extremes of a table."""
        (row,) = self._spark.sql(TOTALS.format(table=f"lake.bench.target_{attempt}")).collect()
        return [str(value) for value in row]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--merged", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with running() as server, tempfile.TemporaryDirectory(prefix="athena-merge-") as folder:
        server.client("s3").create_bucket(Bucket=BUCKET)
        server.client("glue").create_database(DatabaseInput={"Name": "bench"})
        files = server.home / "s3" / BUCKET
        write(files / "base" / "f.parquet", 0, options.rows, "old")
        write(files / "changes" / "f.parquet", options.rows - options.merged // 2, options.merged, "new")
        athena = Athena(server)
        spark = Spark(session(Path(folder) / "lake", "2g", Path(folder) / "gc.log"), files)
        seconds = [(athena.merge(attempt), spark.merge(attempt)) for attempt in range(options.rounds + 1)][1:]
        ours, theirs = athena.totals(options.rounds), spark.totals(options.rounds)
    embedded, by_spark = (statistics.median(side) for side in zip(*seconds, strict=True))
    print(
        f"MERGE of {options.merged:,} rows into {options.rows:,}: Athena {embedded:.2f} s, Spark {by_spark:.2f} s, ",
        end="",
    )
    print(f"ratio {embedded / by_spark:.2f}")
    if ours != theirs:
        sys.exit(f"the tables differ: Athena {ours}, Spark {theirs}")


if __name__ == "__main__":
    main()
