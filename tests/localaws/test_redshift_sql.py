"""SQL that a loader needs, run by Redshift."""

from __future__ import annotations

from typing import Any


def test_keys_and_encodings_are_remembered(warehouse: Any) -> None:
    warehouse.done(
        "CREATE TABLE IF NOT EXISTS sales (id int IDENTITY(10, 5) NOT NULL ENCODE az64, day date ENCODE raw, "
        "bank varchar(8) ENCODE zstd DISTKEY, PRIMARY KEY (id)) DISTSTYLE KEY COMPOUND SORTKEY (day, bank)"
    )
    info = (
        "SELECT encoded, diststyle, sortkey1, sortkey_num, max_varchar, tbl_rows FROM svv_table_info "
        "WHERE \"table\" = 'sales'"
    )
    assert warehouse.rows(info) == []  # it shows no empty table
    assert warehouse.done("INSERT INTO sales (day, bank) VALUES ('2024-01-02', 'a'), ('2024-01-03', 'b')") == 2
    assert warehouse.rows("SELECT id, bank FROM sales ORDER BY id") == [[10, "a"], [15, "b"]]
    assert warehouse.rows(info) == [["Y", "KEY(bank)", "day", 2, 8, 2]]
    warehouse.done("ALTER TABLE sales RENAME COLUMN bank TO institution")
    assert warehouse.rows(info) == [["Y", "KEY(institution)", "day", 2, 8, 2]]
    warehouse.done("CREATE TABLE sales_2 (LIKE sales)")
    warehouse.done("INSERT INTO sales_2 (id, day, institution) SELECT id, day, institution FROM sales")
    assert warehouse.rows(info.replace("'sales'", "'sales_2'")) == [["Y", "KEY(institution)", "day", 2, 8, 2]]


def test_a_wrong_key_is_refused(warehouse: Any) -> None:
    assert warehouse.fails("CREATE TABLE k (a int) DISTKEY(b)") == ('ERROR: column "b" named in key does not exist')
    assert warehouse.fails("CREATE TABLE k (a int) DISTSTYLE KEY") == (
        "ERROR: DISTKEY must be specified for DISTSTYLE KEY"
    )


def test_constraints_are_not_enforced_but_not_null_is(warehouse: Any) -> None:
    warehouse.done("CREATE TABLE keyed (a int PRIMARY KEY, b int UNIQUE REFERENCES keyed_elsewhere (x))")
    assert warehouse.done("INSERT INTO keyed VALUES (1, 1), (1, 1)") == 2
    assert warehouse.fails("INSERT INTO keyed VALUES (null, 2)") == "ERROR: Cannot insert a NULL value into column a"


def test_roles_are_listed_and_grants_name_what_exists(warehouse: Any) -> None:
    warehouse.done("CREATE SCHEMA granted")
    warehouse.done("CREATE TABLE granted.t (a int)")
    warehouse.done("CREATE ROLE Reader")
    warehouse.done("CREATE ROLE writer")
    assert warehouse.fails("CREATE ROLE reader") == 'ERROR: role "reader" already exists'
    listed = "SELECT role_name, role_owner FROM svv_roles ORDER BY role_id"
    assert warehouse.rows(listed) == [["reader", "admin"], ["writer", "admin"]]
    for granted in (
        "CREATE, TEMPORARY ON DATABASE dev",
        "CREATE, USAGE FOR SCHEMAS IN DATABASE dev",
        "SELECT, INSERT, UPDATE, DELETE, ALTER FOR TABLES IN SCHEMA granted",
        "USAGE ON SCHEMA granted",
        "ALL PRIVILEGES ON TABLE granted.t",
    ):
        warehouse.done(f"GRANT {granted} TO ROLE reader, ROLE writer")
    for granted, problem in (
        ("USAGE ON SCHEMA nowhere TO ROLE reader", 'schema "nowhere" does not exist'),
        ("SELECT ON granted.nothing TO ROLE reader", 'relation "granted.nothing" does not exist'),
        ("USAGE ON SCHEMA granted TO ROLE reader, ROLE nobody", 'role "nobody" does not exist'),
        ("USAGE ON SCHEMA granted TO somebody", "NOT_SUPPORTED: GRANT to SOMEBODY is refused unless it is a role"),
        ("BACKUP ON SCHEMA granted TO ROLE reader", "NOT_SUPPORTED: GRANT BACKUP is not on the list of"),
    ):
        assert warehouse.fails(f"GRANT {granted}").startswith(f"ERROR: {problem}")
    warehouse.done("DROP ROLE reader")
    assert warehouse.rows(listed) == [["writer", "admin"]]
    assert warehouse.fails("DROP ROLE reader") == 'ERROR: role "reader" does not exist'


def test_texts_are_measured_in_bytes(warehouse: Any) -> None:
    warehouse.done("CREATE TABLE measured (a varchar(4), b char(4))")
    warehouse.done("INSERT INTO measured VALUES ('éé', 'ab')")
    assert warehouse.fails("INSERT INTO measured (a) VALUES ('ééé')").startswith(
        "ERROR: Value too long for character type"
    )
    assert warehouse.fails("INSERT INTO measured (b) VALUES ('éabc')").startswith(
        "ERROR: Value too long for character type"
    )
    warehouse.done("CREATE TABLE measured_2 AS SELECT a, b FROM measured")
    assert warehouse.fails("INSERT INTO measured_2 (a) VALUES ('ééé')").startswith("ERROR: Value too long")
    assert warehouse.rows("SELECT a, len(b), b || '|' FROM measured_2") == [["éé", 2, "ab|"]]


def test_a_staging_table_is_merged(warehouse: Any) -> None:
    warehouse.done("CREATE TABLE target (id int, name varchar(10))")
    warehouse.done("INSERT INTO target VALUES (101, 'Bob'), (102, 'John'), (103, 'Susan')")
    merge = (
        "MERGE INTO target USING stage ON target.id = stage.id WHEN MATCHED THEN UPDATE SET id = stage.id, "
        "name = stage.name WHEN NOT MATCHED THEN INSERT VALUES (stage.id, stage.name)"
    )
    batch = warehouse.batch(
        "CREATE TEMP TABLE stage (LIKE target)",
        "INSERT INTO stage VALUES (102, 'Tony'), (103, 'Alice'), (104, 'Bill')",
        merge,
        "DELETE FROM stage USING target WHERE stage.id = target.id AND target.name = 'Tony'",
        "SELECT count(*) FROM stage",
    )
    assert [part["ResultRows"] for part in batch["SubStatements"]] == [-1, 3, 3, 1, 1]
    assert warehouse.result(f"{batch['Id']}:5") == [[2]]
    expected = [[101, "Bob"], [102, "Tony"], [103, "Alice"], [104, "Bill"]]
    assert warehouse.rows("SELECT * FROM target ORDER BY id") == expected
    batch = warehouse.batch(
        "CREATE TEMP TABLE stage (LIKE target)", "INSERT INTO stage VALUES (101, 'x'), (101, 'y')", merge
    )
    assert batch["Error"] == "Query #3 failed with ERROR: Found multiple matches to update the same tuple."
    assert warehouse.fails(merge.replace("USING stage", "USING (SELECT 1 AS id) stage")) == (
        "ERROR: Source of MERGE statement must be a table, not a view or a subquery"
    )


def test_truncate_commits_what_came_before_it(warehouse: Any) -> None:
    warehouse.done("CREATE TABLE log (n int)")
    warehouse.done("CREATE TABLE emptied (n int)")
    warehouse.done("INSERT INTO emptied VALUES (1)")
    batch = warehouse.batch(
        "INSERT INTO log VALUES (1)", "TRUNCATE emptied", "INSERT INTO log VALUES (2)", "SELECT 1 / 0"
    )
    assert batch["Status"] == "FAILED"
    assert warehouse.rows("SELECT n FROM log") == [[1]]
    assert warehouse.rows("SELECT count(*) FROM emptied") == [[0]]
    batch = warehouse.batch("DELETE FROM log", "INSERT INTO log VALUES (3)", "SELECT 1 / 0")
    assert warehouse.rows("SELECT n FROM log") == [[1]]


def test_views_and_schemas(warehouse: Any) -> None:
    warehouse.done("CREATE SCHEMA mart")
    warehouse.done("CREATE TABLE mart.fees (Bank varchar(8), Fee numeric(18, 2))")
    warehouse.done("INSERT INTO mart.fees VALUES ('a', 1.005), ('b ', 2)")
    warehouse.done('CREATE OR REPLACE VIEW mart.dear AS SELECT "BANK", fee FROM mart.fees WHERE fee > 1.5')
    assert warehouse.rows("SELECT * FROM mart.dear WHERE bank = 'b'") == [["b ", "2.00"]]
    assert warehouse.rows("SELECT fee FROM mart.fees WHERE bank = 'a'") == [["1.01"]]
    assert warehouse.rows(
        "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'mart' ORDER BY 1"
    ) == [["dear", "VIEW"], ["fees", "BASE TABLE"]]
    warehouse.done("DROP SCHEMA mart CASCADE")
    assert warehouse.fails("SELECT * FROM mart.dear") == 'ERROR: relation "mart.dear" does not exist'


def test_databases_are_apart(warehouse: Any) -> None:
    warehouse.done("CREATE DATABASE other")
    place = warehouse.place | {"Database": "other"}
    assert (
        warehouse.ended(warehouse.data.execute_statement(Sql="CREATE TABLE t (n int)", **place)["Id"])["Status"]
        == "FINISHED"
    )
    assert warehouse.fails("SELECT * FROM t") == 'ERROR: relation "t" does not exist'
    assert warehouse.fails("CREATE DATABASE other") == 'ERROR: database "other" already exists'
    assert warehouse.batch("CREATE DATABASE third")["Error"] == (
        "Query #1 failed with ERROR: CREATE cannot run inside a transaction block"
    )
    warehouse.done("DROP DATABASE other")
    assert "other" not in warehouse.data.list_databases(**warehouse.place)["Databases"]
