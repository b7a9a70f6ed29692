"""Iceberg tables in process, as Athena uses them: without a server or S3 API."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, TableAlreadyExistsError
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadataV1
from pyiceberg.table.update import SetPropertiesUpdate
from pyiceberg.types import (
    DecimalType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestamptzType,
)

from localaws import glue, iceberg, s3
from localaws.glue.catalog import Catalog, EntityNotFoundException
from localaws.glue.catalog_place import CatalogPlace
from localaws.glue.catalog_tables import Tables
from localaws.home import Home
from localaws.iceberg.metadata_updates import InvalidUpdateError
from localaws.iceberg.tables import IcebergTables, NewTable
from localaws.moto_state import MotoState
from localaws.s3.store import ObjectStore
from localaws.settings import Settings

NEW = NewTable(Schema(NestedField(1, "id", LongType(), doc="the key"), NestedField(2, "name", StringType())))
ROWS = pa.table({"id": [1, 2], "name": ["a", "b"]})


class FullDisk(Tables):
    """Tables of a catalog whose disk is full when the metadata is swapped."""

    def put(self, changes: Any) -> None:
        raise OSError(28, "No space left on device")


class Overtaken(Tables):
    """Tables that another writer changes just before their metadata is swapped."""

    def put(self, changes: Any) -> None:
        for database, table_input, _ in changes:
            self.update(database, {"Name": table_input["Name"], "Parameters": {"by": "someone else"}})
        super().put(changes)


def catalog_with(tables: type[Tables], settings: Settings, home: Home) -> Catalog:
    state = MotoState(home.state)
    catalog = Catalog(settings, state)
    catalog.tables = tables(CatalogPlace(settings, state))
    return catalog


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    server_home = Home(tmp_path)
    server_home.acquire()
    yield server_home
    server_home.release()


@pytest.fixture
def settings(home: Home) -> Settings:
    """Settings with a unique account, because moto's catalog is global to the process."""
    return Settings(home.root, account=f"{random.randrange(10**12):012d}")


@pytest.fixture
def store(home: Home) -> Iterator[ObjectStore]:
    opened = s3.open_store(home)
    (home.s3 / "lake").mkdir()
    yield opened
    opened.close()


@pytest.fixture
def tables(settings: Settings, home: Home, store: ObjectStore) -> IcebergTables:
    catalog = glue.open_catalog(settings, MotoState(home.state))
    catalog.databases.create("db", location_uri="s3://lake/db")
    return iceberg.open_tables(catalog, store)


def test_appends_and_time_travel_work_in_process(tables: IcebergTables) -> None:
    tables.create("db", "T", NEW).append(ROWS)
    table = tables.load("DB", "t")
    table.append(ROWS)
    first = table.metadata.snapshot_log[0].snapshot_id
    assert table.scan().to_arrow().num_rows == 4
    assert tables.load("db", "t").scan(snapshot_id=first).to_arrow().to_pylist() == ROWS.to_pylist()


def test_a_staged_table_appears_with_its_rows_or_not_at_all(tables: IcebergTables) -> None:
    transaction = tables.stage("db", "ctas", NEW)
    transaction.append(ROWS)
    with pytest.raises(EntityNotFoundException):
        tables.catalog.tables.get("db", "ctas")
    transaction.commit_transaction()
    assert tables.load("db", "ctas").scan().to_arrow().num_rows == 2
    with pytest.raises(TableAlreadyExistsError):
        tables.stage("db", "ctas", NEW)


def test_nested_columns_have_hive_types_in_glue(tables: IcebergTables) -> None:
    inner = StructType(NestedField(3, "at", TimestamptzType()), NestedField(4, "sum", DecimalType(18, 2)))
    listed = ListType(5, inner, element_required=False)
    mapped = MapType(7, StringType(), 8, listed, value_required=False)
    tables.create("db", "t", NewTable(Schema(NestedField(1, "m", mapped))))
    columns = tables.catalog.tables.get("db", "t")["StorageDescriptor"]["Columns"]
    assert columns[0]["Type"] == "map<string,array<struct<at:timestamp,sum:decimal(18,2)>>>"


def test_a_failure_at_the_swap_leaves_the_old_table(
    tables: IcebergTables, settings: Settings, home: Home, store: ObjectStore
) -> None:
    tables.create("db", "t", NEW).append(ROWS)
    full = iceberg.open_tables(catalog_with(FullDisk, settings, home), store)
    with pytest.raises(OSError, match="No space left on device"):
        full.load("db", "t").append(ROWS)
    assert tables.load("db", "t").scan().to_arrow().num_rows == 2


def test_a_change_through_glue_before_the_swap_is_a_conflict(
    tables: IcebergTables, settings: Settings, home: Home, store: ObjectStore
) -> None:
    tables.create("db", "t", NEW)
    files = len(list(home.s3.rglob("*.metadata.json")))
    overtaken = iceberg.open_tables(catalog_with(Overtaken, settings, home), store)
    with pytest.raises(CommitFailedException, match="Another change of the table came between"):
        overtaken.commit("db", "t", [], [SetPropertiesUpdate(updates={"x": "1"})])
    assert tables.catalog.tables.get("db", "t")["Parameters"] == {"by": "someone else"}
    assert len(list(home.s3.rglob("*.metadata.json"))) == files


def test_glue_s_copies_of_properties_follow_the_table(tables: IcebergTables) -> None:
    table = tables.create("db", "t", NewTable(NEW.schema, properties={"owner": "ana", "tier": "1"}))
    described = tables.catalog.tables.get("db", "t")
    parameters = {**described["Parameters"], "owner": "ana", "tier": "1", "own": "x"}
    tables.catalog.tables.update("db", {**described, "Parameters": parameters})
    with table.transaction() as transaction:
        transaction.set_properties({"owner": "bia"})
        transaction.remove_properties("tier")
    after = tables.catalog.tables.get("db", "t")["Parameters"]
    assert {k: v for k, v in after.items() if "metadata" not in k} == {
        "table_type": "ICEBERG",
        "owner": "bia",
        "own": "x",
    }


def test_a_table_of_format_version_1_is_registered_and_committed_to(tables: IcebergTables) -> None:
    old = TableMetadataV1(
        location="s3://lake/old", last_column_id=1, schema=Schema(NestedField(1, "id", LongType())), partition_spec=[]
    )
    tables.io.put("s3://lake/old/metadata/v1.metadata.json", old.model_dump_json().encode())
    table = tables.register("db", "old", "s3://lake/old/metadata/v1.metadata.json")
    table.append(pa.table({"id": [1]}))
    table.append(pa.table({"id": [2]}))
    assert sorted(tables.load("db", "old").scan().to_arrow()["id"].to_pylist()) == [1, 2]
    assert tables.load("db", "old").metadata.format_version == 1


def test_purge_deletes_every_file(tables: IcebergTables, home: Home) -> None:
    table = tables.create("db", "t", NEW)
    table.append(ROWS)
    table.delete("id = 1")
    tables.drop("db", "t", purge=True)
    assert [path for path in (home.s3 / "lake").rglob("*") if path.is_file()] == []
    with pytest.raises(NoSuchTableError, match=r"Table does not exist: db\.t"):
        tables.load("db", "t")


def test_a_database_without_a_location_asks_for_one(tables: IcebergTables) -> None:
    tables.catalog.databases.create("bare")
    with pytest.raises(InvalidUpdateError, match=r"table bare\.t has no location: give one, or set the database's"):
        tables.create("bare", "t", NEW)


def test_a_bucket_that_is_not_there_is_named(tables: IcebergTables) -> None:
    with pytest.raises(ValueError, match="location 's3://nowhere/t/metadata': NoSuchBucket"):
        tables.create("db", "t", NewTable(NEW.schema, location="s3://nowhere/t"))
    assert tables.catalog.tables.of("db") == []
