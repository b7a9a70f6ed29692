"""UPDATE, DELETE and MERGE of Iceberg tables, with the result read by Athena, PyIceberg and Spark."""

from __future__ import annotations

from typing import Any

import pytest
from pyiceberg.catalog import Catalog, load_catalog

from localaws.running import Running


@pytest.fixture
def table(athena: Any) -> str:
    """Name of a table of three rows in two files."""
    athena.run(
        "CREATE TABLE t (id bigint, name string, score double) "
        f"LOCATION 's3://{athena.bucket}/t/' TBLPROPERTIES ('table_type'='ICEBERG')"
    )
    succeeds(athena, "INSERT INTO t VALUES (1, 'a', 1.5), (2, 'b', NULL)")
    succeeds(athena, "INSERT INTO t VALUES (3, 'c', 3e0)")
    return "t"


@pytest.fixture
def catalog(aws: Running) -> Catalog:
    return load_catalog("rest", type="rest", uri=f"{aws.endpoint}/iceberg")


def succeeds(athena: Any, sql: str) -> int:
    """Run a statement that changes rows; return their number."""
    execution = athena.run(sql)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    return int(athena.client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["UpdateCount"])


def rows(athena: Any, name: str = "t") -> list[tuple[str | None, ...]]:
    answer: list[tuple[str | None, ...]] = athena.rows(f"SELECT * FROM {name} ORDER BY 1")
    return answer


def test_update_changes_the_rows_of_its_condition(athena, table) -> None:
    assert succeeds(athena, "UPDATE t SET name = upper(name), score = coalesce(score, 0e0) + id WHERE t.id <= 2") == 2
    assert rows(athena) == [("1", "A", "2.5"), ("2", "B", "2.0"), ("3", "c", "3.0")]
    assert succeeds(athena, "UPDATE t SET score = NULL") == 3
    assert rows(athena) == [("1", "A", None), ("2", "B", None), ("3", "c", None)]
    assert succeeds(athena, "UPDATE t SET name = 'x' WHERE id > 100") == 0
    assert athena.rows('SELECT count(*) FROM "t$snapshots"') == [("4",)]


def test_delete_writes_position_deletes_or_removes_a_whole_file(athena, table) -> None:
    assert succeeds(athena, "DELETE FROM t WHERE id = 1") == 1
    assert rows(athena) == [("2", "b", None), ("3", "c", "3.0")]
    kinds = 'SELECT content, record_count FROM "t$files" ORDER BY 1, 2'
    assert athena.rows(kinds) == [("0", "1"), ("0", "2"), ("1", "1")]
    assert succeeds(athena, "DELETE FROM t WHERE id = 3") == 1
    assert athena.rows(kinds) == [("0", "2"), ("1", "1")]
    assert succeeds(athena, "DELETE FROM t") == 1
    assert rows(athena) == []
    assert athena.rows("SELECT count(*) FROM t FOR VERSION AS OF " + str(first_snapshot(athena))) == [("2",)]


def first_snapshot(athena: Any) -> str:
    ((snapshot,),) = athena.rows('SELECT snapshot_id FROM "t$snapshots" WHERE parent_id IS NULL')
    return str(snapshot)


def test_merge_takes_the_first_case_that_applies(athena, table) -> None:
    merge = (
        "MERGE INTO t AS target USING (VALUES (1, 'new', 9e0), (2, 'gone', 0e0), (7, 'more', 7e0), (8, NULL, 8e0)) "
        "AS s (id, name, score) ON target.id = s.id "
        "WHEN MATCHED AND s.name = 'gone' THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET name = s.name || target.name, score = s.score "
        "WHEN NOT MATCHED AND s.name IS NULL THEN INSERT (id) VALUES (s.id * 10) "
        "WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name, s.score)"
    )
    assert succeeds(athena, merge) == 4
    assert rows(athena) == [("1", "newa", "9.0"), ("3", "c", "3.0"), ("7", "more", "7.0"), ("80", None, None)]
    assert succeeds(athena, "MERGE INTO t USING t AS s ON t.id = s.id AND s.id = 3 WHEN MATCHED THEN DELETE") == 1
    assert [row[0] for row in rows(athena)] == ["1", "7", "80"]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "MERGE INTO t USING (VALUES 1, 1) AS s (i) ON t.id = s.i WHEN MATCHED THEN UPDATE SET name = 'x'",
            "MERGE_TARGET_ROW_MULTIPLE_MATCHES: One MERGE target table row matched more than one source row",
        ),
        (
            "UPDATE t SET id = 'x'",
            "TYPE_MISMATCH: Insert query has mismatched column types",
        ),
        ("UPDATE t SET nothing = 1", "COLUMN_NOT_FOUND: The UPDATE SET target column nothing does not exist in t"),
        ("UPDATE t SET id = 1, id = 2", "DUPLICATE_COLUMN_NAME: Column 'id' is assigned more than once"),
        ("DELETE FROM t WHERE nothing = 1", "COLUMN_NOT_FOUND: "),
        ("DELETE FROM none", "TABLE_NOT_FOUND: Table 'awsdatacatalog."),
        ("DELETE FROM none.t", "SCHEMA_NOT_FOUND: Schema 'none' does not exist"),
        ("UPDATE t SET score = 1 / (id - id)", "DIVISION_BY_ZERO: "),
        (
            "MERGE INTO t USING t AS s ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id, name) VALUES (1)",
            "MISMATCHED_COLUMN_ALIASES: MERGE inserts 1 expression(s) into 2 column(s)",
        ),
    ],
)
def test_a_statement_that_fails_changes_nothing(athena, table, sql: str, reason: str) -> None:
    before = rows(athena)
    assert athena.fails(sql).startswith(reason)
    assert rows(athena) == before


def test_a_hive_table_is_not_changed(athena) -> None:
    succeeds(athena, "CREATE TABLE h AS SELECT 1 AS x")
    assert athena.fails("DELETE FROM h") == (
        f"NOT_SUPPORTED: DELETE is supported on Iceberg tables only: {athena.database}.h is not one"
    )


def test_partitions_and_an_evolved_spec_keep_their_deletes(athena, catalog) -> None:
    athena.run(
        "CREATE TABLE t (id bigint, d date, k string) PARTITIONED BY (month(d), k) "
        f"LOCATION 's3://{athena.bucket}/t/' TBLPROPERTIES ('table_type'='ICEBERG')"
    )
    day = "date '2024-0{}-01'"
    succeeds(
        athena, f"INSERT INTO t VALUES (1, {day.format(1)}, 'x'), (2, {day.format(1)}, 'x'), (3, {day.format(2)}, 'y')"
    )
    loaded = catalog.load_table((athena.database, "t"))
    with loaded.update_spec() as update:
        update.remove_field("k")
    succeeds(athena, f"INSERT INTO t VALUES (4, {day.format(3)}, 'z')")
    assert succeeds(athena, "DELETE FROM t WHERE id IN (2, 4)") == 2
    assert succeeds(athena, f"UPDATE t SET d = {day.format(4)} WHERE k = 'x'") == 1
    expected = [("1", "2024-04-01", "x"), ("3", "2024-02-01", "y")]
    assert rows(athena) == expected
    assert athena.rows(f"SELECT id FROM t WHERE d < {day.format(2)}") == []
    assert sorted(catalog.load_table((athena.database, "t")).scan().to_arrow()["id"].to_pylist()) == [1, 3]


def test_pyiceberg_and_athena_read_each_others_deletes(athena, table, catalog) -> None:
    succeeds(athena, "DELETE FROM t WHERE id = 2")
    loaded = catalog.load_table((athena.database, "t"))
    assert sorted(loaded.scan().to_arrow()["id"].to_pylist()) == [1, 3]
    loaded.delete("id = 1")
    assert rows(athena) == [("3", "c", "3.0")]
    totals = catalog.load_table((athena.database, "t")).current_snapshot().summary
    assert totals["total-records"] == "1"


@pytest.mark.slow
def test_spark_and_athena_read_each_others_deletes(lake: Any, athena: Any) -> None:
    name = f"{athena.database}.shared"
    lake.sql(
        f"CREATE TABLE lake.{name} (id bigint, name string) USING iceberg LOCATION 's3://{lake.bucket}/{name}' "
        "TBLPROPERTIES ('write.delete.mode'='merge-on-read', 'write.update.mode'='merge-on-read')"
    )
    lake.sql(f"INSERT INTO lake.{name} SELECT id, concat('n', id) FROM range(10)")
    assert succeeds(athena, "DELETE FROM shared WHERE id % 4 = 0") == 3
    assert lake.sql(f"SELECT id FROM lake.{name} ORDER BY id") == [(i,) for i in (1, 2, 3, 5, 6, 7, 9)]
    lake.sql(f"DELETE FROM lake.{name} WHERE id = 5")
    assert succeeds(athena, "UPDATE shared SET name = 'x' WHERE id > 5") == 3
    expected = [("1", "n1"), ("2", "n2"), ("3", "n3"), ("6", "x"), ("7", "x"), ("9", "x")]
    assert rows(athena, "shared") == expected
    assert lake.sql(f"SELECT CAST(id AS string), name FROM lake.{name} ORDER BY id") == expected
