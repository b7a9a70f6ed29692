"""Start of a server until its first answer; a small Glue run from StartJobRun to SUCCEEDED, cold and warm.

    python benchmarks/glue_start.py [--rounds 5]

Runs alternate between two servers. The job writes 10 rows as Parquet and into an Iceberg table, and reads the table
back.
"""

from __future__ import annotations

import argparse
import statistics
import time
from contextlib import ExitStack

import psutil

from estrela.hooks.glue_runs import has_ended
from localaws.running import Running, running

JOB = """
import sys
from awsglue.context import GlueContext
from pyspark.context import SparkContext

spark = GlueContext(SparkContext.getOrCreate()).spark_session
rows = spark.createDataFrame([(n, f"name {n}") for n in range(10)], "id bigint, name string")
rows.write.mode("overwrite").parquet("s3://bench/rows")
spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.bench")
rows.writeTo("lake.bench.rows").using("iceberg").createOrReplace()
assert spark.table("lake.bench.rows").count() == 10
"""
CONF = " --conf ".join(
    (
        "spark.sql.catalog.lake=org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type=glue",
        "spark.sql.catalog.lake.warehouse=s3://bench/lake",
        "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    )
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    starts = [first_answer() for _ in range(rounds)]
    print(f"first answer: median {statistics.median(starts):.2f} s of {[round(value, 2) for value in starts]}")
    with ExitStack() as servers:
        cold, warm = (servers.enter_context(running(warm=size)) for size in (0, 1))
        for server in (cold, warm):
            create(server)
        resident, seconds = [], {"cold": [], "warm": []}
        for _ in range(rounds):
            resident.append(wait_for_warm(warm))
            seconds["cold"].append(run(cold))
            seconds["warm"].append(run(warm))
    for name, values in seconds.items():
        print(f"{name}: median {statistics.median(values):.2f} s of {[round(value, 2) for value in values]}")
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"warm / cold: {medians['warm'] / medians['cold']:.2f}; load {psutil.getloadavg()[0]:.1f}")
    print(f"a waiting process holds {statistics.median(resident):.0f} MiB")


def first_answer() -> float:
    """Return the seconds between the start of a server on a new home and its answer to ListBuckets."""
    begin = time.perf_counter()
    with running() as server:
        server.client("s3").list_buckets()
        return time.perf_counter() - begin


def create(server: Running) -> None:
    s3, glue = server.client("s3"), server.client("glue")
    s3.create_bucket(Bucket="bench")
    s3.put_object(Bucket="bench", Key="job.py", Body=JOB.encode())
    glue.create_job(
        Name="small",
        Role="role",
        Command={"Name": "glueetl", "ScriptLocation": "s3://bench/job.py"},
        DefaultArguments={"--datalake-formats": "iceberg", "--conf": CONF},
        WorkerType="G.1X",
        NumberOfWorkers=2,
    )


def run(server: Running) -> float:
    glue = server.client("glue")
    begin = time.perf_counter()
    run_id = glue.start_job_run(JobName="small")["JobRunId"]
    while not has_ended(state := glue.get_job_run(JobName="small", RunId=run_id)["JobRun"]):
        time.sleep(0.02)
    seconds = time.perf_counter() - begin
    assert state["JobRunState"] == "SUCCEEDED", state.get("ErrorMessage")
    return seconds


def wait_for_warm(server: Running) -> float:
    """Wait until a process is ready for a run, and return the memory of all processes below the server in MiB."""
    server.wait_until_warm(1)
    below = psutil.Process(server.pid).children(recursive=True)
    return sum(process.memory_info().rss for process in below) / 2**20


if __name__ == "__main__":
    main()
