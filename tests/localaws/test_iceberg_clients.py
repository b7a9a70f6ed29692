"""Spark, PyIceberg (REST and Glue) and boto3 agree on a table after every commit."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.table import Table
from pyiceberg.types import StringType

from localaws.running import Running

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Clients:
    """Four clients of one table."""

    lake: Any
    rest: Catalog
    glue: Catalog
    boto3: Any
    database: str

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        return self.lake.sql(text.replace("db.", f"lake.{self.database}."))

    def call(self, procedure: str, *arguments: str) -> list[tuple[Any, ...]]:
        table = f"{self.database}.t"
        return self.lake.sql(f"CALL lake.system.{procedure}('{table}'{''.join(f', {a}' for a in arguments)})")

    def table(self) -> Table:
        return self.rest.load_table(f"{self.database}.t")

    def agreed(self) -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
        """Return columns (name, Hive type) and rows, after asserting that every client reads the same."""
        described = self.boto3.get_table(DatabaseName=self.database, Name="t")["Table"]
        tables = [self.rest.load_table(f"{self.database}.t"), self.glue.load_table(f"{self.database}.t")]
        locations = {table.metadata_location for table in tables}
        assert locations == {described["Parameters"]["metadata_location"]}
        frame = self.lake.spark.table(f"lake.{self.database}.t")
        columns = [
            (column["Name"], column["Type"])
            for column in described["StorageDescriptor"]["Columns"]
            if column["Parameters"]["iceberg.field.current"] == "true"
        ]
        assert columns == [(field.name, field.dataType.simpleString()) for field in frame.schema.fields]
        assert [name for name, _ in columns] == [field.name for field in tables[0].schema().fields]
        rows = [in_order(row.asDict(recursive=True) for row in frame.collect())]
        rows += [in_order(table.scan().to_arrow().to_pylist()) for table in tables]
        assert rows[0] == rows[1] == rows[2]
        return columns, rows[0]


def in_order(rows: Any) -> list[dict[str, Any]]:
    return sorted(rows, key=str)


@pytest.fixture
def clients(aws: Running, lake: Any) -> Iterator[Clients]:
    keys = {"s3.endpoint": aws.endpoint, "s3.access-key-id": "x", "s3.secret-access-key": "x", "s3.region": aws.region}
    rest = load_catalog("rest", type="rest", uri=f"{aws.endpoint}/iceberg", **keys)
    credentials = {"glue.access-key-id": "x", "glue.secret-access-key": "x", "glue.region": aws.region}
    glue = load_catalog("glue", type="glue", **{"glue.endpoint": aws.endpoint}, **credentials, **keys)
    database = f"db_{uuid.uuid4().hex[:8]}"
    ways = Clients(lake, rest, glue, aws.client("glue"), database)
    lake.sql(f"CREATE NAMESPACE lake.{database} COMMENT 'tests'")
    ways.sql(
        "CREATE TABLE db.t (id BIGINT COMMENT 'the key', name STRING, part INT) PARTITIONED BY (part) "
        "TBLPROPERTIES ('write.delete.mode'='merge-on-read', 'write.merge.mode'='merge-on-read')"
    )
    ways.sql("INSERT INTO db.t VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 2)")
    yield ways


def test_all_clients_agree_after_every_client_s_commit(clients: Clients) -> None:
    columns, rows = clients.agreed()
    assert columns == [("id", "bigint"), ("name", "string"), ("part", "int")]
    batch = pa.table({"id": [4], "name": ["d"], "part": pa.array([2], pa.int32())})
    clients.table().append(batch)
    assert len(clients.agreed()[1]) == len(rows) + 1
    clients.glue.load_table(f"{clients.database}.t").append(batch)
    assert len(clients.agreed()[1]) == len(rows) + 2
    clients.sql("DELETE FROM db.t WHERE id = 4")
    assert clients.agreed()[1] == rows
    described = clients.boto3.get_table(DatabaseName=clients.database, Name="t")["Table"]
    assert described["StorageDescriptor"]["Columns"][0]["Comment"] == "the key"
    assert described["StorageDescriptor"]["Location"] == clients.table().location()


def test_position_deletes_and_merges_show_everywhere(clients: Clients) -> None:
    clients.sql("MERGE INTO db.t USING (SELECT 2L AS id) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = 'B'")
    clients.sql("DELETE FROM db.t WHERE id = 1")
    assert clients.table().inspect.delete_files().num_rows > 0
    assert [row["name"] for row in clients.agreed()[1]] == ["B", "c"]


def test_schema_evolution_shows_everywhere(clients: Clients) -> None:
    for change in (
        "ADD COLUMN extra STRUCT<a: INT, b: ARRAY<STRING>> AFTER id",
        "RENAME COLUMN name TO title",
        "ALTER COLUMN part TYPE BIGINT",
        "ALTER COLUMN title FIRST",
        "ADD COLUMN extra.c DECIMAL(10,2)",
    ):
        clients.sql(f"ALTER TABLE db.t {change}")
        clients.agreed()
    clients.sql("INSERT INTO db.t VALUES ('z', 9, named_struct('a', 1, 'b', array('x'), 'c', 1.5), 7)")
    columns, rows = clients.agreed()
    assert columns == [
        ("title", "string"),
        ("id", "bigint"),
        ("extra", "struct<a:int,b:array<string>,c:decimal(10,2)>"),
        ("part", "bigint"),
    ]
    assert [row["title"] for row in rows] == ["a", "b", "c", "z"]
    clients.sql("ALTER TABLE db.t DROP COLUMN title")
    assert [name for name, _ in clients.agreed()[0]] == ["id", "extra", "part"]
    with clients.table().update_schema() as update:
        update.add_column("title", StringType())
    assert {row["title"] for row in clients.agreed()[1]} == {None}


def test_partition_evolution_shows_everywhere(clients: Clients) -> None:
    clients.sql("ALTER TABLE db.t ADD PARTITION FIELD bucket(4, id)")
    clients.sql("ALTER TABLE db.t DROP PARTITION FIELD part")
    clients.sql("INSERT INTO db.t VALUES (5, 'e', 3)")
    clients.sql("ALTER TABLE db.t WRITE ORDERED BY id")
    clients.sql("INSERT INTO db.t VALUES (6, 'f', 3)")
    assert [str(field.transform) for field in clients.table().spec().fields] == ["bucket[4]"]
    assert [row["id"] for row in clients.agreed()[1]] == [1, 2, 3, 5, 6]


def test_a_branch_is_written_audited_and_published(clients: Clients) -> None:
    clients.sql("ALTER TABLE db.t CREATE BRANCH audit")
    clients.sql("INSERT INTO db.t.branch_audit VALUES (9, 'new', 3)")
    assert len(clients.agreed()[1]) == 3
    assert clients.sql("SELECT count(*) FROM db.t VERSION AS OF 'audit'") == [(4,)]
    clients.call("fast_forward", "'main'", "'audit'")
    assert len(clients.agreed()[1]) == 4
    clients.sql("ALTER TABLE db.t DROP BRANCH audit")
    assert sorted(clients.table().metadata.refs) == ["main"]


def test_an_empty_table_is_branched_written_and_published(clients: Clients) -> None:
    clients.sql("CREATE TABLE db.unseen (id BIGINT) USING iceberg")
    clients.sql("ALTER TABLE db.unseen CREATE BRANCH audit")
    clients.sql("INSERT INTO db.unseen.branch_audit VALUES (1)")
    assert clients.sql("SELECT count(*) FROM db.unseen") == [(0,)]
    clients.sql("CALL lake.system.fast_forward('db.unseen', 'main', 'audit')")
    assert clients.sql("SELECT id FROM db.unseen") == [(1,)]


def test_rollback_tag_and_cherrypick(clients: Clients) -> None:
    first = clients.table().current_snapshot().snapshot_id
    clients.sql("ALTER TABLE db.t CREATE TAG loaded")
    clients.sql("INSERT INTO db.t VALUES (4, 'd', 2)")
    second = clients.table().current_snapshot().snapshot_id
    clients.call("rollback_to_snapshot", str(first))
    assert len(clients.agreed()[1]) == 3
    clients.call("cherrypick_snapshot", str(second))
    assert len(clients.agreed()[1]) == 4
    assert clients.sql("SELECT count(*) FROM db.t VERSION AS OF 'loaded'") == [(3,)]
    assert [entry.snapshot_id for entry in clients.table().metadata.snapshot_log] == [first, second, first, second]


def test_maintenance_keeps_every_row(clients: Clients) -> None:
    clients.sql("DELETE FROM db.t WHERE id = 2")
    before = clients.agreed()
    clients.lake.sql(
        f"CALL lake.system.rewrite_data_files(table => '{clients.database}.t', options => map('rewrite-all', 'true'))"
    )
    clients.call("compute_table_stats")
    clients.lake.sql(
        f"CALL lake.system.expire_snapshots(table => '{clients.database}.t', "
        "older_than => TIMESTAMP '2200-01-01 00:00:00', retain_last => 1)"
    )
    assert clients.agreed() == before
    assert len(clients.table().metadata.snapshots) == 1


def test_a_table_is_replaced_renamed_and_dropped(clients: Clients, aws: Running) -> None:
    clients.sql("CREATE OR REPLACE TABLE db.t USING iceberg AS SELECT id, 'x' AS x FROM range(2)")
    assert clients.agreed()[0] == [("id", "bigint"), ("x", "string")]
    clients.sql("CREATE OR REPLACE TABLE db.t USING iceberg AS SELECT id FROM range(5)")
    assert len(clients.agreed()[1]) == 5
    folder = aws.home / "s3" / clients.table().location().removeprefix("s3://")
    clients.lake.sql(f"ALTER TABLE lake.{clients.database}.t RENAME TO {clients.database}.moved")
    assert clients.rest.list_tables(clients.database) == [(clients.database, "moved")]
    assert clients.sql("SELECT count(*) FROM db.moved") == [(5,)]
    clients.sql("DROP TABLE db.moved PURGE")
    assert clients.boto3.get_tables(DatabaseName=clients.database)["TableList"] == []
    assert list(folder.rglob("*.parquet")) == []
