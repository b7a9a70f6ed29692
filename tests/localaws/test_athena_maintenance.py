"""OPTIMIZE and VACUUM of Iceberg tables, and EXPLAIN."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import pytest
from pyiceberg.catalog import load_catalog

from localaws.running import Running

FILES = 'SELECT content, count(*), sum(record_count) FROM "t$files" GROUP BY content ORDER BY content'


def succeeds(athena: Any, sql: str) -> None:
    status = athena.run(sql)["Status"]
    assert status["State"] == "SUCCEEDED", status


@pytest.fixture
def table(athena: Any) -> str:
    """A table of two partitions: six files of one row and two files of one row."""
    succeeds(
        athena,
        f"CREATE TABLE t (id bigint, k string) PARTITIONED BY (k) LOCATION 's3://{athena.bucket}/t/' "
        "TBLPROPERTIES ('table_type'='ICEBERG', 'vacuum_max_snapshot_age_seconds'='1')",
    )
    for number in range(8):
        succeeds(athena, f"INSERT INTO t VALUES ({number}, '{'a' if number < 6 else 'b'}')")
    return "t"


def ids(athena: Any) -> list[int]:
    return [int(row[0]) for row in athena.rows("SELECT id FROM t ORDER BY id")]


def test_optimize_joins_the_small_files_of_a_partition(aws: Running, athena, table) -> None:
    succeeds(athena, "DELETE FROM t WHERE id = 7")
    succeeds(athena, "OPTIMIZE t REWRITE DATA USING BIN_PACK WHERE k = 'b'")
    assert athena.rows(FILES) == [("0", "7", "7")], "one file of b is less than the threshold of 5"
    succeeds(athena, "OPTIMIZE t REWRITE DATA USING BIN_PACK")
    assert athena.rows(FILES) == [("0", "2", "7")]
    assert ids(athena) == [0, 1, 2, 3, 4, 5, 6]
    loaded = load_catalog("rest", type="rest", uri=f"{aws.endpoint}/iceberg").load_table((athena.database, "t"))
    assert loaded.current_snapshot().summary.operation.value == "replace"
    assert sorted(loaded.scan().to_arrow()["id"].to_pylist()) == ids(athena)
    snapshots = len(loaded.metadata.snapshots)
    succeeds(athena, "OPTIMIZE t REWRITE DATA USING BIN_PACK")
    assert athena.rows('SELECT count(*) FROM "t$snapshots"') == [(str(snapshots),)]


def test_optimize_applies_deletes_and_drops_their_files(athena, table) -> None:
    succeeds(athena, "OPTIMIZE t REWRITE DATA USING BIN_PACK")
    for number in (0, 1):
        succeeds(athena, f"DELETE FROM t WHERE id = {number}")
    assert athena.rows(FILES) == [("0", "3", "8"), ("1", "2", "2")]
    succeeds(athena, "OPTIMIZE t REWRITE DATA USING BIN_PACK WHERE k = 'a'")
    assert athena.rows(FILES) == [("0", "3", "6")]
    assert ids(athena) == [2, 3, 4, 5, 6, 7]


def test_vacuum_expires_snapshots_and_deletes_what_nothing_names(aws: Running, athena, table) -> None:
    folder = aws.home / "s3" / athena.bucket / "t"
    succeeds(athena, "OPTIMIZE t REWRITE DATA USING BIN_PACK")
    (folder / "data" / "orphan.parquet").write_bytes(b"x")
    os.utime(folder / "data" / "orphan.parquet", (time.time() - 100, time.time() - 100))
    time.sleep(1.1)
    succeeds(athena, "VACUUM t")
    assert athena.rows('SELECT count(*) FROM "t$snapshots"') == [("1",)]
    assert ids(athena) == list(range(8))
    named = {row[0].rsplit("/", 1)[1] for row in athena.rows('SELECT file_path FROM "t$files"')}
    assert {path.name for path in (folder / "data").rglob("*.parquet")} == named


def test_vacuum_keeps_young_snapshots_and_files(aws: Running, athena, table) -> None:
    succeeds(athena, "ALTER TABLE t SET TBLPROPERTIES ('vacuum_max_snapshot_age_seconds'='3600')")
    orphan = aws.home / "s3" / athena.bucket / "t" / "data" / "young.parquet"
    orphan.write_bytes(b"x")
    succeeds(athena, "VACUUM t")
    assert athena.rows('SELECT count(*) FROM "t$snapshots"') == [("8",)]
    assert orphan.exists()


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "OPTIMIZE t REWRITE DATA USING BIN_PACK WHERE id = 1",
            "NOT_SUPPORTED: OPTIMIZE with WHERE on id, which t is not partitioned by",
        ),
        ("OPTIMIZE h REWRITE DATA USING BIN_PACK", "NOT_SUPPORTED: OPTIMIZE is supported on Iceberg tables only"),
        ("VACUUM h", "NOT_SUPPORTED: VACUUM is supported on Iceberg tables only: h is not one"),
        ("VACUUM none", "FAILED: SemanticException [Error 10001]: Table not found"),
    ],
)
def test_what_cannot_be_maintained_is_refused(athena, table, sql: str, reason: str) -> None:
    succeeds(athena, "CREATE TABLE h AS SELECT 1 AS x")
    assert athena.fails(sql).startswith(reason)


def test_explain_shows_the_local_engines_plan_with_the_sizes_of_the_tables(athena, s3) -> None:
    source = "SELECT i * 100 + j AS x FROM UNNEST(sequence(0, 49)) AS a(i) CROSS JOIN UNNEST(sequence(0, 99)) AS b(j)"
    ice = f"WITH (table_type = 'ICEBERG', is_external = false, location = 's3://{athena.bucket}/e/')"
    succeeds(athena, f"CREATE TABLE e {ice} AS {source}")
    succeeds(athena, "INSERT INTO e SELECT x + 5000 FROM e")
    execution = athena.run("EXPLAIN SELECT sum(x) FROM e")
    location = execution["ResultConfiguration"]["OutputLocation"]
    assert location.endswith(f"{execution['QueryExecutionId']}.txt")
    body = s3.get_object(Bucket=athena.bucket, Key=location.split("/", 3)[3])["Body"].read().decode()
    lines = body.splitlines()
    assert lines[:2] == ["Query Plan", "Local engine: DuckDB's plan, which is not Athena's"]
    assert "~10,000 rows" in body
    assert [line for (line,) in athena.rows("EXPLAIN SELECT sum(x) FROM e")] == lines


def test_explain_analyze_runs_the_query_and_other_forms_are_known_or_refused(athena) -> None:
    succeeds(athena, "CREATE TABLE h AS SELECT 1 AS x")
    assert athena.rows("EXPLAIN ANALYZE SELECT x FROM h")[0] == ("Query Plan",)
    assert int(athena.run("EXPLAIN ANALYZE SELECT x FROM h")["Statistics"]["DataScannedInBytes"]) > 0
    title, *plan = [line for (line,) in athena.rows("EXPLAIN (FORMAT JSON) SELECT 1")]
    assert title == "Query Plan"
    assert json.loads("\n".join(plan))
    assert athena.rows("EXPLAIN (TYPE VALIDATE) SELECT 1") == [("Valid",), ("true",)]
    assert athena.fails("EXPLAIN (TYPE VALIDATE) SELECT nothing FROM h").startswith("COLUMN_NOT_FOUND: ")
    assert athena.fails("EXPLAIN (TYPE IO) SELECT 1").startswith("NOT_SUPPORTED: EXPLAIN with FORMAT TEXT and TYPE IO")
    assert athena.fails("EXPLAIN DROP TABLE h").startswith("NOT_SUPPORTED: EXPLAIN of another statement than a query")
