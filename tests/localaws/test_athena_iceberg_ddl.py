"""ALTER TABLE, DESCRIBE and SHOW of Iceberg tables, and the resulting entries in the Glue catalog."""

from __future__ import annotations

from typing import Any

import pytest

from localaws.running import Running


@pytest.fixture
def table(athena: Any) -> str:
    """A partitioned table with one row."""
    for sql in (
        "CREATE TABLE t (id int COMMENT 'key', name string, d date, amount decimal(10,2), r struct<a:int,b:string>) "
        f"PARTITIONED BY (month(d), bucket(4, id)) LOCATION 's3://{athena.bucket}/t/' "
        "TBLPROPERTIES ('table_type'='ICEBERG', 'vacuum_max_snapshot_age_seconds'='60', 'write_compression'='snappy')",
        "INSERT INTO t VALUES (1, 'a', date '2024-01-01', DECIMAL '1.50', CAST(ROW(1, 'x') AS ROW(a int, b varchar)))",
    ):
        succeeds(athena, sql)
    return "t"


def succeeds(athena: Any, sql: str) -> None:
    assert athena.run(sql)["Status"]["State"] == "SUCCEEDED", athena.run(sql)["Status"]


def test_describe_shows_the_partition_spec(athena, table) -> None:
    lines = [line for (line,) in athena.rows("DESCRIBE t")]
    assert lines == [
        "# Table schema:\t\t",
        "# col_name\tdata_type\tcomment",
        "id\tint\tkey",
        "name\tstring\t",
        "d\tdate\t",
        "amount\tdecimal(10, 2)\t",
        "r\tstruct<a: int, b: string>\t",
        "\t\t",
        "# Partition spec:\t\t",
        "# field_name\tfield_transform\tcolumn_name",
        "d_month\tmonth\td",
        "id_bucket\tbucket[4]\tid",
    ]
    assert "vacuum_max_snapshot_age_seconds\t60\t" in [line for (line,) in athena.rows("DESCRIBE FORMATTED t")]


def test_show_create_table_makes_the_same_table(athena, table) -> None:
    shown = "\n".join(line for (line,) in athena.rows("SHOW CREATE TABLE t"))
    assert "PARTITIONED BY (month(`d`), bucket(4, `id`))" in shown
    assert "'vacuum_max_snapshot_age_seconds'='60', " in shown
    assert "'write_compression'='snappy')" in shown
    succeeds(athena, "DROP TABLE t")
    succeeds(athena, shown)
    assert "\n".join(line for (line,) in athena.rows("SHOW CREATE TABLE t")) == shown


def test_athenas_properties_are_stored_as_iceberg_properties(athena, table) -> None:
    succeeds(athena, "ALTER TABLE t SET TBLPROPERTIES ('write_compression'='GZIP', 'format'='PARQUET')")
    lines = [line for (line,) in athena.rows("DESCRIBE FORMATTED t")]
    assert "write.parquet.compression-codec\tgzip\t" in lines
    assert not [line for line in lines if line.startswith(("write_compression", "format\t"))]
    refused = "NOT_SUPPORTED: Iceberg table of format orc"
    assert athena.fails("ALTER TABLE t SET TBLPROPERTIES ('format'='orc')").startswith(refused)


def test_columns_change_and_keep_their_values(athena, table) -> None:
    succeeds(athena, "ALTER TABLE t CHANGE COLUMN name nm string COMMENT 'a name' FIRST")
    succeeds(athena, "ALTER TABLE t CHANGE id id bigint AFTER d")
    succeeds(athena, "ALTER TABLE t CHANGE COLUMN amount amount decimal(12,2)")
    assert athena.rows("SELECT * FROM t") == [("a", "2024-01-01", "1", "1.50", "{a=1, b=x}")]
    lines = [line for (line,) in athena.rows("DESCRIBE t")]
    assert lines[2:6] == ["nm\tstring\ta name", "d\tdate\t", "id\tbigint\tkey", "amount\tdecimal(12, 2)\t"]


def test_replace_columns_keeps_what_it_lists(aws: Running, athena, table) -> None:
    succeeds(athena, "ALTER TABLE t REPLACE COLUMNS (id bigint, d date, extra string)")
    assert athena.rows("SELECT * FROM t") == [("1", "2024-01-01", None)]
    succeeds(athena, "ALTER TABLE t ADD COLUMNS (name string)")
    assert athena.rows("SELECT name FROM t") == [(None,)]
    glue_columns = aws.client("glue").get_table(DatabaseName=athena.database, Name="t")["Table"]["StorageDescriptor"][
        "Columns"
    ]
    current = {c["Name"]: c["Parameters"]["iceberg.field.current"] for c in glue_columns}
    assert current == {
        "id": "true", "d": "true", "extra": "true", "name": "true", "amount": "false", "r": "false",
    }  # fmt: skip
    columns = f"SELECT column_name FROM information_schema.columns WHERE table_schema = '{athena.database}' ORDER BY 1"
    assert athena.rows(columns) == [("d",), ("extra",), ("id",), ("name",)]


def test_a_renamed_table_keeps_its_rows(athena, table) -> None:
    succeeds(athena, "ALTER TABLE t RENAME TO u")
    assert athena.rows("SELECT id FROM u") == [("1",)]
    assert athena.fails("SELECT id FROM t").endswith(f"Table 'awsdatacatalog.{athena.database}.t' does not exist")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("ALTER TABLE t CHANGE COLUMN name name int", "Cannot change column type: name: string -> int"),
        ("ALTER TABLE t CHANGE COLUMN none x int", "Column none does not exist in table t"),
        ("ALTER TABLE t CHANGE COLUMN name id string", "multiple fields for name id"),
        ("ALTER TABLE t CHANGE COLUMN name name string AFTER none", "Column none does not exist in table t"),
        ("ALTER TABLE t ADD COLUMNS (name string)", "name already exists"),
        ("ALTER TABLE t DROP COLUMN none", "Column none does not exist in table t"),
        ("ALTER TABLE t RENAME TO h", "Table h already exists"),
        ("ALTER TABLE t RENAME TO none.h", "Database none does not exist"),
        ("ALTER TABLE h RENAME TO g", "ALTER TABLE RENAME TO on a table that is not Iceberg"),
        ("ALTER TABLE h CHANGE COLUMN none x int", "Column none does not exist in h"),
    ],
)
def test_a_change_that_cannot_be_is_refused(athena, table, sql: str, reason: str) -> None:
    succeeds(athena, "CREATE TABLE h AS SELECT 1 AS x")
    before = athena.rows("DESCRIBE t")
    assert reason in athena.fails(sql)
    assert athena.rows("DESCRIBE t") == before


def test_a_hive_column_changes_its_name_and_place(athena) -> None:
    succeeds(
        athena, f"CREATE EXTERNAL TABLE h (a int, b string COMMENT 'text', c int) LOCATION 's3://{athena.bucket}/h/'"
    )
    succeeds(athena, "ALTER TABLE h CHANGE COLUMN c first bigint FIRST")
    succeeds(athena, "ALTER TABLE h CHANGE b b string AFTER first")
    lines = [[cell.strip() for cell in str(line).split("\t")] for (line,) in athena.rows("DESCRIBE h")]
    assert lines == [["first", "bigint", ""], ["b", "string", "text"], ["a", "int", ""]]
