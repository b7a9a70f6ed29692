"""Every cursor of PyAthena, and its SQLAlchemy dialect, as users call them. Prints one JSON object."""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
import json
import os
from functools import partial
from typing import Any

import pyarrow.fs
import sqlalchemy as sa
from pyathena import aio_connect, connect
from pyathena.arrow.cursor import ArrowCursor
from pyathena.async_cursor import AsyncCursor
from pyathena.cursor import DictCursor
from pyathena.error import OperationalError
from pyathena.model import AthenaFileFormat
from pyathena.pandas.cursor import PandasCursor
from pyathena.polars.cursor import PolarsCursor
from pyathena.s3fs.cursor import S3FSCursor
from pyathena.sqlalchemy.types import AthenaArray, AthenaStruct

BUCKET, SCHEMA = os.environ["BUCKET"], os.environ["SCHEMA"]
STAGING = f"s3://{BUCKET}/results/"
EVERYTHING = """
SELECT true AS b, CAST(1 AS tinyint) AS ti, CAST(2 AS smallint) AS si, 3 AS i, CAST(4 AS bigint) AS bi,
       CAST(0.5 AS real) AS r, 1.25 AS d, DECIMAL '12.50' AS de, 'é' AS v, X'00ff' AS vb, DATE '2024-02-29' AS da,
       TIMESTAMP '2024-02-29 23:59:59.123' AS ts, TIME '01:02:03.456' AS t, ARRAY[1, 2] AS a,
       MAP(ARRAY['k'], ARRAY[1.5]) AS m, CAST(ROW(1, 'x') AS row(n int, s varchar)) AS st, JSON '{"a": [1]}' AS j,
       CAST(NULL AS varchar) AS n
"""


def main() -> None:
    # ArrowCursor does not pass the endpoint to the reader of its files, as the README says.
    endpoint = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
    pyarrow.fs.S3FileSystem = partial(pyarrow.fs.S3FileSystem, endpoint_override=endpoint, scheme="http")
    connection = connect(s3_staging_dir=STAGING, schema_name=SCHEMA, poll_interval=0.05)
    create(connection)
    answers = cursors(connection) | modern(connection) | engine()
    answers["aio"] = asyncio.run(awaited())
    print(json.dumps(answers, default=str))


def create(connection: Any) -> None:
    connection.cursor().execute(f"CREATE DATABASE {SCHEMA}")
    connection.cursor().execute(
        f"CREATE EXTERNAL TABLE boats (id int, name string, built date) STORED AS PARQUET LOCATION 's3://{BUCKET}/boats/'"
    )
    connection.cursor().execute("INSERT INTO boats VALUES (1, 'Marisol', DATE '1999-12-31'), (2, NULL, NULL)")


def cursors(connection: Any) -> dict[str, Any]:
    row = connection.cursor().execute(EVERYTHING).fetchone()
    read = connection.cursor().execute("SELECT id FROM boats WHERE name = %(name)s", {"name": "Mar'isol"}).fetchall()
    marks = connection.cursor().execute("SELECT name FROM boats WHERE id = ?", ["1"], paramstyle="qmark").fetchall()
    batch = connection.cursor()
    batch.executemany(
        "INSERT INTO boats VALUES (%(id)d, %(name)s, NULL)", [{"id": 3, "name": "a'b"}, {"id": 4, "name": None}]
    )
    asked, future = connection.cursor(AsyncCursor).execute("SELECT count(*) FROM boats")
    cached = connection.cursor().execute("SELECT 41 + 1")
    again = connection.cursor().execute("SELECT 41 + 1", cache_size=10, cache_expiration_time=60)
    try:
        connection.cursor().execute("SELECT nope FROM boats")
        reason = ""
    except OperationalError as error:
        reason = str(error).partition(":")[0]
    return {
        "values": [[type(value).__name__, str(value)] for value in row],
        "quoted": read,
        "marks": marks,
        "many": connection.cursor().execute("SELECT id, name FROM boats ORDER BY id").fetchall(),
        "dict": connection.cursor(DictCursor).execute("SELECT id, name FROM boats WHERE id = 1").fetchall(),
        "async": [bool(asked), future.result().fetchall()],
        "cached": cached.query_id == again.query_id,
        "tables": [table.name for table in connection.cursor().list_table_metadata(schema_name=SCHEMA)],
        "s3fs": connection.cursor(S3FSCursor).execute("SELECT id, name FROM boats WHERE id < 3 ORDER BY id").fetchall(),
        "error": reason,
    }


def modern(connection: Any) -> dict[str, Any]:
    """Return the data frames of cursors, read from the result file and from Parquet files of an UNLOAD."""
    question = "SELECT id, name, built, CAST(id AS decimal(5, 2)) AS price FROM boats WHERE id < 3 ORDER BY id"
    answers: dict[str, Any] = {}
    for unload in (False, True):
        way = "unload" if unload else "file"
        frame = connection.cursor(PandasCursor, unload=unload).execute(question).as_pandas()
        answers[f"pandas, {way}"] = [[str(value) for value in row] for row in frame.itertuples(index=False)]
        table = connection.cursor(ArrowCursor, unload=unload).execute(question).as_arrow()
        answers[f"arrow, {way}"] = [str(table.schema.types), table.to_pydict()["name"]]
        polar = connection.cursor(PolarsCursor, unload=unload).execute(question).as_polars()
        answers[f"polars, {way}"] = [str(polar.dtypes), polar["name"].to_list()]
    return answers


def engine() -> dict[str, Any]:
    """Create, fill, reflect, join and drop a table with SQLAlchemy."""
    region = os.environ["AWS_REGION"]
    engine = sa.create_engine(f"awsathena+rest://:@athena.{region}.amazonaws.com:443/{SCHEMA}?s3_staging_dir={STAGING}")
    metadata = sa.MetaData()
    crew = sa.Table(
        "crew",
        metadata,
        sa.Column("id", sa.Integer, comment="number"),
        sa.Column("name", sa.String),
        sa.Column("paid", sa.Numeric(10, 2)),
        sa.Column("since", sa.DateTime),
        sa.Column("tags", AthenaArray(sa.String)),
        sa.Column("home", AthenaStruct(("town", sa.String), ("number", sa.Integer))),
        awsathena_location=f"s3://{BUCKET}/crew/",
        awsathena_file_format=AthenaFileFormat.FILE_FORMAT_PARQUET,
        awsathena_compression="SNAPPY",
    )
    row = {"id": 1, "name": "Zé", "paid": decimal.Decimal("10.50"), "since": dt.datetime(2024, 5, 6, 7, 8, 9)}
    with engine.connect() as opened:
        metadata.create_all(opened, tables=[crew])
        opened.execute(sa.insert(crew).values(**row))
        inspector = sa.inspect(opened)
        reflected = sa.Table("crew", sa.MetaData(), autoload_with=opened)
        boats = sa.Table("boats", sa.MetaData(), autoload_with=opened)
        joined = sa.select(crew.c.name, boats.c.built).join(boats, boats.c.id == crew.c.id).limit(5)
        answers = {
            "sqlalchemy rows": [
                list(map(str, record))
                for record in opened.execute(sa.select(crew.c.id, crew.c.name, crew.c.paid, crew.c.since))
            ],
            "sqlalchemy join": [list(map(str, record)) for record in opened.execute(joined)],
            "sqlalchemy columns": [[column.name, str(column.type), column.comment] for column in reflected.columns],
            "sqlalchemy has": [
                inspector.has_table("crew"),
                inspector.has_table("none"),
                sorted(inspector.get_table_names()),
            ],
        }
        metadata.drop_all(opened, tables=[crew])
        answers["sqlalchemy dropped"] = sa.inspect(opened).get_table_names()
    return answers


async def awaited() -> list[Any]:
    async with await aio_connect(s3_staging_dir=STAGING, schema_name=SCHEMA, poll_interval=0.05) as connection:
        cursor = connection.cursor()
        await cursor.execute("SELECT id FROM boats WHERE id < 3 ORDER BY id")
        return list(await cursor.fetchall())


if __name__ == "__main__":
    main()
