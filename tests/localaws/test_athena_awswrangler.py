"""awswrangler with Athena, as its users call it: only AWS_ENDPOINT_URL is set."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal

import awswrangler as wr
import boto3
import pandas as pd
import pytest

from localaws.running import Running


@pytest.fixture
def session(aws: Running, monkeypatch: pytest.MonkeyPatch) -> boto3.session.Session:
    for name, value in aws.env.items():
        monkeypatch.setenv(name, value)
    return aws.session()


@pytest.fixture
def database(session: boto3.session.Session) -> str:
    name = f"wr_{uuid.uuid4().hex[:8]}"
    wr.catalog.create_database(name, boto3_session=session)
    return name


@pytest.fixture
def sales(session: boto3.session.Session, database: str, bucket: str) -> str:
    """Create a partitioned table and return its name, ``sales``."""
    frame = pd.DataFrame(
        {
            "id": [1, 2, 3],
            "name": ["a", None, 'c"d'],
            "price": [Decimal("1.10"), Decimal("2.20"), None],
            "day": [date(2024, 1, 1), date(2024, 1, 2), date(2024, 2, 1)],
            "year": [2023, 2024, 2024],
        }
    )
    wr.s3.to_parquet(
        frame,
        path=f"s3://{bucket}/sales/",
        dataset=True,
        database=database,
        table="sales",
        partition_cols=["year"],
        boto3_session=session,
    )
    return "sales"


def read(session, database: str, bucket: str, sql: str, **options) -> pd.DataFrame:
    return wr.athena.read_sql_query(
        sql, database=database, s3_output=f"s3://{bucket}/results/", boto3_session=session, **options
    )


@pytest.mark.parametrize(
    "options", [{"ctas_approach": False}, {"ctas_approach": True}, {"ctas_approach": False, "unload_approach": True}]
)
def test_read_sql_query_returns_the_same_rows_by_every_way(session, database, bucket, sales, options) -> None:
    frame = read(session, database, bucket, "SELECT id, name, price, day, year FROM sales ORDER BY id", **options)
    frame = frame.sort_values("id")
    assert frame["id"].tolist() == [1, 2, 3]
    assert frame["name"].tolist() == ["a", pd.NA, 'c"d']
    assert frame["price"].tolist() == [Decimal("1.10"), Decimal("2.20"), None]
    assert frame["day"].tolist() == [date(2024, 1, 1), date(2024, 1, 2), date(2024, 2, 1)]
    assert frame["year"].tolist() == [2023, 2024, 2024]


def test_unloaded_files_are_read_without_what_athena_puts_beside_them(session, database, sales, bucket) -> None:
    path = f"s3://{bucket}/unloaded/"
    query = f"SELECT id, year FROM {sales}"
    done = wr.athena.unload(query, path, database, file_format="PARQUET", boto3_session=session)
    frame = wr.s3.read_parquet(path, path_ignore_suffix=[".csv", ".metadata"], boto3_session=session)
    assert sorted(map(tuple, frame.to_numpy().tolist())) == [(1, 2023), (2, 2024), (3, 2024)]
    beside = {done.manifest_location, f"{done.output_location}.metadata"}
    assert beside < set(wr.s3.list_objects(path, boto3_session=session))


def test_ctas_leaves_no_table_behind(session, database, bucket, sales) -> None:
    read(session, database, bucket, "SELECT * FROM sales", ctas_approach=True)
    assert [table["Name"] for table in wr.catalog.get_tables(database=database, boto3_session=session)] == ["sales"]


def test_chunks_and_parameters(session, database, bucket, sales) -> None:
    chunks = read(
        session,
        database,
        bucket,
        "SELECT id FROM sales WHERE year = ? ORDER BY id",
        ctas_approach=False,
        chunksize=1,
        params=["2024"],
        paramstyle="qmark",
    )
    assert [chunk["id"].tolist() for chunk in chunks] == [[2], [3]]


def test_modes_of_to_parquet(session, database, bucket, sales) -> None:
    def write(mode: str, ids: list[int], year: int) -> None:
        wr.s3.to_parquet(
            pd.DataFrame({"id": ids, "year": year}),
            path=f"s3://{bucket}/modes/",
            dataset=True,
            mode=mode,
            database=database,
            table="modes",
            partition_cols=["year"],
            boto3_session=session,
        )

    def stored_rows() -> list[tuple[int, int]]:
        frame = read(session, database, bucket, "SELECT id, year FROM modes ORDER BY id", ctas_approach=False)
        return list(frame.itertuples(index=False, name=None))

    write("overwrite", [1], 2023)
    write("append", [2], 2024)
    assert stored_rows() == [(1, 2023), (2, 2024)]
    write("overwrite_partitions", [3], 2024)
    assert stored_rows() == [(1, 2023), (3, 2024)]
    write("overwrite", [4], 2025)
    assert stored_rows() == [(4, 2025)]


def test_catalog_describes_the_table(session, database, bucket, sales) -> None:
    assert wr.catalog.get_table_types(database=database, table="sales", boto3_session=session) == {
        "id": "bigint",
        "name": "string",
        "price": "decimal(3,2)",
        "day": "date",
        "year": "bigint",
    }
    described = wr.athena.describe_table(
        "sales", database=database, s3_output=f"s3://{bucket}/results/", boto3_session=session
    )
    assert described["Column Name"].tolist() == ["id", "name", "price", "day", "year"]
    assert described["Partition"].tolist() == [False, False, False, False, True]


def test_show_create_table_and_repair(session, database, bucket, sales) -> None:
    output = f"s3://{bucket}/results/"
    text = wr.athena.show_create_table("sales", database=database, s3_output=output, boto3_session=session)
    assert text.startswith(f"CREATE EXTERNAL TABLE `{database}.sales`(")
    assert wr.athena.repair_table("sales", database=database, s3_output=output, boto3_session=session) == "SUCCEEDED"


def test_create_ctas_table(session, database, bucket, sales) -> None:
    answer = wr.athena.create_ctas_table(
        sql="SELECT id, year FROM sales",
        database=database,
        ctas_table="copied",
        partitioning_info=["year"],
        storage_format="parquet",
        s3_output=f"s3://{bucket}/results/",
        wait=True,
        boto3_session=session,
    )
    assert answer["ctas_table"] == "copied"
    frame = read(session, database, bucket, "SELECT id FROM copied WHERE year = 2024 ORDER BY id", ctas_approach=False)
    assert frame["id"].tolist() == [2, 3]


def test_to_iceberg_makes_and_appends(session, database, bucket) -> None:
    for ids in ([1, 2], [3]):
        wr.athena.to_iceberg(
            pd.DataFrame({"id": ids, "name": "x"}),
            database=database,
            table="ice",
            table_location=f"s3://{bucket}/ice/",
            temp_path=f"s3://{bucket}/temporary/",
            s3_output=f"s3://{bucket}/results/",
            keep_files=False,
            boto3_session=session,
        )
    frame = read(session, database, bucket, "SELECT id, name FROM ice ORDER BY id", ctas_approach=False)
    assert frame["id"].tolist() == [1, 2, 3]


def test_to_iceberg_merges_and_rows_are_deleted(session, database, bucket) -> None:
    places = {
        "table_location": f"s3://{bucket}/ice/",
        "temp_path": f"s3://{bucket}/temporary/",
        "s3_output": f"s3://{bucket}/results/",
        "keep_files": False,
    }
    for ids, name in (([1, 2, 3], "x"), ([2, 4], "y")):
        frame = pd.DataFrame({"id": ids, "name": name})
        keys = None if name == "x" else ["id"]
        wr.athena.to_iceberg(frame, database=database, table="ice", merge_cols=keys, boto3_session=session, **places)
    del places["table_location"]
    wr.athena.delete_from_iceberg_table(
        pd.DataFrame({"id": [3]}), database=database, table="ice", merge_cols=["id"], boto3_session=session, **places
    )
    frame = read(session, database, bucket, "SELECT id, name FROM ice ORDER BY id", ctas_approach=False)
    assert list(frame.itertuples(index=False, name=None)) == [(1, "x"), (2, "y"), (4, "y")]


def test_a_failed_query_says_why(session, database, bucket) -> None:
    with pytest.raises(wr.exceptions.QueryFailed, match=rf"TABLE_NOT_FOUND: .*'awsdatacatalog\.{database}\.nope' does"):
        read(session, database, bucket, "SELECT * FROM nope", ctas_approach=False)
