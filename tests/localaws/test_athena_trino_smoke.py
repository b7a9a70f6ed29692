"""Thirty statements on a real Trino; skipped if none is unpacked (make trino)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from localaws.athena.trino.distribution import find_distribution
from localaws.errors import LocalAwsError
from localaws.running import Running, running

pytestmark = pytest.mark.slow
BUCKET, DATABASE = "smoke-bucket", "smoke"
# Rows by statement, or the beginning of its error text.
STATEMENTS: list[tuple[str, list[tuple[str | None, ...]] | str | None]] = [
    ("CREATE EXTERNAL TABLE quoted (a int) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'"
     " LOCATION 's3://smoke-bucket/quoted/'", None),
    ("CREATE EXTERNAL TABLE projected (a int) PARTITIONED BY (at timestamp) STORED AS PARQUET"
     " LOCATION 's3://smoke-bucket/projected/' TBLPROPERTIES ('projection.enabled'='true',"
     " 'projection.at.type'='date', 'projection.at.format'='yyyy-MM-dd', 'projection.at.range'='2024-01-01,NOW')",
     None),
    ("SELECT 1.0 / 3, DECIMAL '1.50', X'ab', NULL, ARRAY[1.5, NULL]",
     [("0.3333333333333333", "1.50", "ab", None, "[1.5, null]")]),
    ("SELECT CAST(ROW(1, 'x') AS row(a int, b varchar)), MAP(ARRAY['k'], ARRAY[timestamp '2024-01-01 00:00:00'])",
     [("{a=1, b=x}", "{k=2024-01-01 00:00:00.000}")]),
    ("SELECT approx_percentile(x, 0.5), listagg(CAST(x AS varchar), '-') WITHIN GROUP (ORDER BY x)"
     " FROM (VALUES 1, 2, 3) t(x)", [("2", "1-2-3")]),
    ("WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n + 1 FROM t WHERE n < 4) SELECT sum(n) FROM t", [("10",)]),
    ("CREATE TABLE hive WITH (format = 'PARQUET', partitioned_by = ARRAY['p']) AS"
     " SELECT 1 AS a, 1.5 AS b, 'x' AS p UNION ALL SELECT 2, 2.5, 'y'", None),
    ("INSERT INTO hive VALUES (3, 3.5, 'x')", None),
    ("SELECT p, count(*), sum(b) FROM hive GROUP BY p ORDER BY p", [("x", "2", "5.0"), ("y", "1", "2.5")]),
    ("SHOW PARTITIONS hive", [("p=x",), ("p=y",)]),
    ("SELECT count(DISTINCT \"$path\") FROM hive", [("3",)]),
    ("DELETE FROM hive WHERE p = 'x'", "NOT_SUPPORTED: DELETE is supported on Iceberg tables only"),
    ("CREATE TABLE ice WITH (table_type = 'ICEBERG', is_external = false, location = 's3://smoke-bucket/ice/',"
     " partitioning = ARRAY['bucket(4, id)']) AS SELECT CAST(id AS int) AS id, name FROM"
     " (VALUES (1, 'a'), (2, 'b'), (3, 'c')) t(id, name)", None),
    ("UPDATE ice SET name = 'B' WHERE id = 2", None),
    ("DELETE FROM ice WHERE id = 3", None),
    ("MERGE INTO ice t USING (VALUES (1, 'A'), (9, 'i')) s(id, name) ON t.id = s.id"
     " WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)", None),
    ("SELECT * FROM ice ORDER BY id", [("1", "A"), ("2", "B"), ("9", "i")]),
    ("SELECT count(*) FROM \"ice$snapshots\"", [("4",)]),
    ("OPTIMIZE ice REWRITE DATA USING BIN_PACK WHERE name = 'A'", "NOT_SUPPORTED: OPTIMIZE with WHERE on name"),
    ("OPTIMIZE ice REWRITE DATA USING BIN_PACK", None),
    ("ALTER TABLE ice ADD COLUMNS (extra double)", None),
    ("VACUUM ice", None),
    ("CREATE VIEW halves AS SELECT id, id * 0.5 AS half FROM ice", None),
    ("SELECT * FROM halves ORDER BY id", [("1", "0.5"), ("2", "1.0"), ("9", "4.5")]),
    ("CREATE VIEW nameless AS SELECT 1 + 1", "MISSING_COLUMN_NAME"),
    ("UNLOAD (SELECT id, name FROM ice) TO 's3://smoke-bucket/out/' WITH (format = 'TEXTFILE', field_delimiter = ';')",
     None),
    ("SELECT id,\n 1.5, nope FROM ice", "COLUMN_NOT_FOUND: line 2:7: Column 'nope' cannot be resolved"),
    ("SELECT * FROM nothing", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.smoke.nothing' does not exist"),
    ("SELECT * FROM quoted", "NOT_SUPPORTED: smoke.quoted has OpenCSVSerde"),
    ("SELECT * FROM projected", "NOT_SUPPORTED: smoke.projected projects dates into at"),
    ("EXPLAIN (TYPE VALIDATE) SELECT id FROM ice", [("Valid",), ("true",)]),
    ("SELECT id FROM ice WHERE id = ?", [("9",)]),
]  # fmt: skip
QUESTIONS = ("SELECT * FROM hive ORDER BY a", "SELECT * FROM ice ORDER BY id", "SELECT * FROM halves ORDER BY id")


def test_thirty_statements(tmp_path: Path, athena_of: Any) -> None:
    try:
        find_distribution(os.environ)
    except LocalAwsError as error:
        pytest.skip(f"NOT RUN, NO TRINO: {error}")
    with running(tmp_path, athena="trino") as server:
        server.client("s3").create_bucket(Bucket=BUCKET)
        server.client("glue").create_database(DatabaseInput={"Name": DATABASE})
        athena = athena_of(server, DATABASE, BUCKET, seconds=300)  # the first query waits for Trino's start
        for sql, expected in STATEMENTS:
            check(athena, sql, expected)
        check_account_and_manifest(athena, server)
        answers = [athena.rows(question) for question in QUESTIONS]
    with running(tmp_path, athena="duckdb") as server:
        embedded = athena_of(server, DATABASE, BUCKET, seconds=300)
        assert [embedded.rows(question) for question in QUESTIONS] == answers


def check(athena: Any, sql: str, expected: list[tuple[str | None, ...]] | str | None) -> None:
    options = {"ExecutionParameters": ["9"]} if "?" in sql else {}
    if isinstance(expected, str):
        reason = athena.fails(sql, **options)
        assert reason.startswith(expected), (sql, reason)
    elif expected is None:
        status = athena.run(sql, **options)["Status"]
        assert status["State"] == "SUCCEEDED", (sql, status)
    else:
        assert athena.rows(sql, **options) == expected, sql


def check_account_and_manifest(athena: Any, server: Running) -> None:
    assert athena.run("SELECT count(*), sum(b) FROM hive")["Statistics"]["DataScannedInBytes"] > 0
    manifest = athena.run("INSERT INTO hive SELECT 4, 4.5, 'z'")["Statistics"]["DataManifestLocation"]
    (file,) = (server.home / "s3" / manifest.removeprefix("s3://")).read_text().split()
    assert (server.home / "s3" / file.removeprefix("s3://")).exists()
