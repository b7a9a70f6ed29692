"""awswrangler's catalog functions, unchanged."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import awswrangler as wr
import pandas as pd
import pytest

from localaws.running import Running

FRAME = pd.DataFrame({"id": [1, 2, 3], "v": [0.1, 0.2, 0.3], "year": ["2023", "2024", "2024"]})


@pytest.fixture
def database(aws: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in aws.env.items():
        monkeypatch.setenv(name, value)
    name = f"wr_{uuid.uuid4().hex[:8]}"
    wr.catalog.create_database(name, description="tests")
    yield name
    assert wr.catalog.delete_database(name) is None


@pytest.fixture
def table(database: str, bucket: str) -> str:
    """A table on Parquet, partitioned by year."""
    write(database, bucket, FRAME, "overwrite")
    return "by_year"


def write(database: str, bucket: str, frame: pd.DataFrame, mode: str) -> None:
    settings = {"description": "rows by year", "columns_comments": {"id": "the key"}, "parameters": {"tier": "1"}}
    wr.s3.to_parquet(
        frame,
        path=f"s3://{bucket}/by_year/",
        dataset=True,
        database=database,
        table="by_year",
        partition_cols=["year"],
        mode=mode,
        schema_evolution=True,
        glue_table_settings=settings,
    )


def test_a_written_dataset_is_described(database: str, table: str) -> None:
    assert wr.catalog.get_table_types(database, table) == {"id": "bigint", "v": "double", "year": "string"}
    assert wr.catalog.get_table_description(database, table) == "rows by year"
    assert wr.catalog.get_columns_comments(database, table)["id"] == "the key"
    assert wr.catalog.get_table_parameters(database, table)["tier"] == "1"
    assert wr.s3.read_parquet_table(database=database, table=table).shape == (3, 3)


def test_partitions_grow_and_go(database: str, table: str, bucket: str) -> None:
    write(database, bucket, FRAME.assign(extra=1, year="2025"), "append")
    assert sorted(v for [v] in wr.catalog.get_partitions(database, table).values()) == ["2023", "2024", "2025"]
    assert list(wr.catalog.get_partitions(database, table, expression="year > '2024'").values()) == [["2025"]]
    assert "extra" in wr.catalog.get_table_types(database, table)
    wr.catalog.delete_partitions(table=table, database=database, partitions_values=[["2023"]])
    wr.catalog.delete_all_partitions(table=table, database=database)
    assert wr.catalog.get_partitions(database, table) == {}


def test_tables_are_found(database: str, table: str) -> None:
    for search in (
        {"name_prefix": "by"},
        {"name_contains": "_ye"},
        {"name_suffix": "year"},
        {"search_text": "the key"},
    ):
        tables = wr.catalog.tables(database=None if "search_text" in search else database, **search)
        assert table in list(tables["Table"]), search
    assert wr.catalog.does_table_exist(database, table)
    assert not wr.catalog.does_table_exist(database, "other")


def test_columns_and_parameters_change(database: str, table: str) -> None:
    wr.catalog.add_column(database, table, "more", "string", column_comment="m")
    assert wr.catalog.get_table_types(database, table)["more"] == "string"
    wr.catalog.delete_column(database, table, "more")
    assert "more" not in wr.catalog.get_table_types(database, table)
    wr.catalog.upsert_table_parameters({"tier": "2"}, database, table)
    assert wr.catalog.get_table_parameters(database, table)["tier"] == "2"


def test_tables_of_other_formats_are_made_and_dropped(database: str, bucket: str) -> None:
    path = f"s3://{bucket}/x/"
    wr.catalog.create_csv_table(database, "c", path, {"a": "int"}, partitions_types={"day": "date"})
    wr.catalog.create_json_table(database, "j", path, {"a": "int"})
    assert wr.catalog.get_table_types(database, "c") == {"a": "int", "day": "date"}
    assert wr.catalog.delete_table_if_exists(database, "j")
    assert not wr.catalog.delete_table_if_exists(database, "j")


def test_a_dataset_is_taken_in_from_its_files(database: str, table: str, bucket: str) -> None:
    columns, partitions, _ = wr.s3.store_parquet_metadata(f"s3://{bucket}/by_year/", database, "found", dataset=True)
    assert (columns, partitions) == ({"id": "bigint", "v": "double"}, {"year": "string"})
    assert wr.s3.read_parquet_table(database=database, table="found").shape == (3, 3)
