"""PyAthena with Athena, as its users call it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from pyathena import connect
from pyathena.connection import Connection
from pyathena.cursor import DictCursor
from pyathena.error import OperationalError
from pyathena.pandas.cursor import PandasCursor

from localaws.running import Running


@pytest.fixture
def database(aws: Running) -> str:
    name = f"py_{uuid.uuid4().hex[:8]}"
    aws.client("glue").create_database(DatabaseInput={"Name": name})
    return name


@pytest.fixture
def connection(aws: Running, bucket: str, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection[Any]]:
    for name, value in aws.env.items():
        monkeypatch.setenv(name, value)
    opened = connect(s3_staging_dir=f"s3://{bucket}/results/", schema_name=database, poll_interval=0.02)
    opened.cursor().execute(
        f"CREATE EXTERNAL TABLE numbers (n bigint, name string) STORED AS PARQUET LOCATION 's3://{bucket}/numbers/'"
    )
    opened.cursor().execute("INSERT INTO numbers VALUES (1, 'one'), (2, NULL)")
    yield opened
    opened.close()


def test_cursor_gives_rows_and_description(connection) -> None:
    cursor = connection.cursor().execute("SELECT n, name FROM numbers ORDER BY n")
    assert cursor.fetchall() == [(1, "one"), (2, None)]
    assert [(column[0], column[1]) for column in cursor.description] == [("n", "bigint"), ("name", "varchar")]


def test_cursor_pages_over_a_thousand_rows(connection) -> None:
    cursor = connection.cursor().execute("SELECT x FROM UNNEST(sequence(1, 2500)) AS t(x) ORDER BY x")
    assert [row[0] for row in cursor] == list(range(1, 2501))


def test_dict_cursor_and_parameters(connection) -> None:
    cursor = connection.cursor(DictCursor)
    cursor.execute("SELECT n FROM numbers WHERE name = %(name)s", {"name": "one"})
    assert cursor.fetchall() == [{"n": 1}]


def test_execution_parameters(connection) -> None:
    cursor = connection.cursor().execute("SELECT n FROM numbers WHERE n > ?", ["1"], paramstyle="qmark")
    assert cursor.fetchall() == [(2,)]


@pytest.mark.parametrize("unload", [False, True])
def test_pandas_cursor(connection, unload: bool) -> None:
    frame = connection.cursor(PandasCursor, unload=unload).execute("SELECT n, name FROM numbers").as_pandas()
    assert sorted(frame["n"].tolist()) == [1, 2]


def test_a_failure_is_an_operational_error(connection) -> None:
    with pytest.raises(OperationalError, match="COLUMN_NOT_FOUND"):
        connection.cursor().execute("SELECT nope FROM numbers")


def test_sqlalchemy_engine_and_inspector(aws: Running, connection, bucket: str, database: str) -> None:
    url = (
        f"awsathena+rest://:@athena.{aws.region}.amazonaws.com:443/{database}"
        f"?s3_staging_dir=s3://{bucket}/results/&poll_interval=0.02"
    )
    engine = sa.create_engine(url)
    inspector = sa.inspect(engine)
    assert database in inspector.get_schema_names()
    assert inspector.get_table_names(schema=database) == ["numbers"]
    assert [column["name"] for column in inspector.get_columns("numbers", schema=database)] == ["n", "name"]
    numbers = sa.Table("numbers", sa.MetaData(), autoload_with=engine, schema=database)
    with engine.connect() as opened:
        total = opened.execute(sa.select(sa.func.sum(numbers.c.n)).where(numbers.c.n > 1)).scalar_one()
    assert total == 2
