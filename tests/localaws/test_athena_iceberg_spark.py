"""Iceberg tables that Spark writes, read through Athena: deletes, renamed columns, moved fields, branches."""

from __future__ import annotations

import uuid
from typing import Any

import pytest


@pytest.fixture
def database(lake: Any) -> str:
    name = f"sp_{uuid.uuid4().hex[:8]}"
    lake.sql(f"CREATE NAMESPACE lake.{name}")
    return name


@pytest.fixture
def rows(athena: Any, database: str) -> Any:
    return lambda sql: athena.rows(sql, QueryExecutionContext={"Database": database})


@pytest.mark.slow
def test_position_deletes_of_merge_on_read(lake: Any, rows: Any, database: str) -> None:
    lake.sql(
        f"CREATE TABLE lake.{database}.t (id BIGINT, name STRING) USING iceberg TBLPROPERTIES ("
        "'format-version'='2', 'write.delete.mode'='merge-on-read', 'write.update.mode'='merge-on-read')"
    )
    lake.sql(f"INSERT INTO lake.{database}.t SELECT id, concat('n', id) FROM range(0, 1000)")
    lake.sql(f"DELETE FROM lake.{database}.t WHERE id % 3 = 0")
    lake.sql(f"INSERT INTO lake.{database}.t VALUES (3, 'again')")
    assert rows('SELECT count(*) FROM "t$files" WHERE content = 1') != [("0",)]
    assert rows("SELECT count(*), sum(id) FROM t") == [("667", str(sum(i for i in range(1000) if i % 3) + 3))]
    assert rows("SELECT name FROM t WHERE id = 3") == [("again",)]
    assert rows("SELECT count(*) FROM t WHERE id IN (0, 1, 6, 7)") == [("2",)]


@pytest.mark.slow
def test_columns_keep_their_values_when_names_move(lake: Any, rows: Any, database: str) -> None:
    table = f"lake.{database}.t"
    lake.sql(f"CREATE TABLE {table} (a INT, b STRING, s STRUCT<x: INT, y: INT>) USING iceberg")
    lake.sql(f"INSERT INTO {table} VALUES (1, 'one', struct(10, 20))")
    for change in (
        "RENAME COLUMN a TO c",
        "ADD COLUMN a STRING",
        "ALTER COLUMN c TYPE BIGINT",
        "RENAME COLUMN s.x TO z",
    ):
        lake.sql(f"ALTER TABLE {table} {change}")
    lake.sql(f"INSERT INTO {table} VALUES (5000000000, 'two', struct(30, 40), 'new')")
    assert rows("SELECT c, a, b, s FROM t ORDER BY c") == [
        ("1", None, "one", "{z=10, y=20}"),
        ("5000000000", "new", "two", "{z=30, y=40}"),
    ]


@pytest.mark.slow
def test_branches_and_tags_are_versions(lake: Any, rows: Any, database: str) -> None:
    table = f"lake.{database}.t"
    lake.sql(f"CREATE TABLE {table} (a INT) USING iceberg")
    lake.sql(f"INSERT INTO {table} VALUES (1)")
    lake.sql(f"ALTER TABLE {table} CREATE TAG first")
    lake.sql(f"ALTER TABLE {table} CREATE BRANCH work")
    lake.sql(f"INSERT INTO {table}.branch_work VALUES (2)")
    assert rows("SELECT a FROM t") == [("1",)]
    assert rows("SELECT a FROM t FOR VERSION AS OF 'work' ORDER BY a") == [("1",), ("2",)]
    assert rows("SELECT a FROM t FOR VERSION AS OF 'first'") == [("1",)]
    assert rows('SELECT name, type FROM "t$refs" ORDER BY 1') == [
        ("first", "TAG"),
        ("main", "BRANCH"),
        ("work", "BRANCH"),
    ]
