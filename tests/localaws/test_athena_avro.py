"""Hive tables of Avro files: written by Athena, read by Avro's schema resolution, or refused with a clear error."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import fastavro
import pytest

EVERYTHING = (
    "SELECT true AS b, CAST(1 AS tinyint) AS ti, CAST(-2 AS smallint) AS si, 3 AS i, CAST(4 AS bigint) AS bi,"
    " CAST(0.5 AS real) AS r, 1.25 AS d, DECIMAL '-12.50' AS de, 'é' AS v, X'00ff' AS vb, DATE '1969-12-31' AS da,"
    " TIMESTAMP '1969-12-31 23:59:59.123' AS ts, ARRAY[1, NULL] AS a, MAP(ARRAY['k'], ARRAY[1.5]) AS m,"
    " CAST(ROW(1, ARRAY[DATE '2024-02-29']) AS row(n int, s array(date))) AS st,"
    " ARRAY[TIMESTAMP '2024-01-01 00:00:00.001'] AS ats"
)
FIELDS = [
    {"name": "id", "type": "int"},
    {"name": "name", "type": ["null", "string"]},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "size", "type": {"type": "enum", "name": "size", "symbols": ["S", "L"]}},
]
ROW = {"id": 1, "name": None, "price": Decimal("1.50"), "at": datetime(2024, 1, 1, 10, 0, 0, 1500, UTC), "size": "L"}


def avro(fields: list[Any], *rows: dict[str, Any], codec: str = "null") -> bytes:
    buffer = io.BytesIO()
    fastavro.writer(buffer, {"type": "record", "name": "r", "fields": fields}, rows, codec=codec)
    return buffer.getvalue()


def create(athena: Any, columns: str, literal: str = "") -> None:
    properties = f"WITH SERDEPROPERTIES ('avro.schema.literal'='{literal}')" if literal else ""
    execution = athena.run(
        f"CREATE EXTERNAL TABLE t ({columns})"
        f" ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.avro.AvroSerDe' {properties}"
        " STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat'"
        " OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat'"
        f" LOCATION 's3://{athena.bucket}/t/'"
    )
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]


@pytest.mark.parametrize("codec", ["GZIP", "SNAPPY", "ZSTD", "NONE"])
def test_what_is_written_is_read_again(athena, codec: str) -> None:
    with_ = f"WITH (format = 'AVRO', write_compression = '{codec}')"
    athena.rows(f"CREATE TABLE t {with_} AS {EVERYTHING} UNION ALL SELECT {', '.join(['NULL'] * 16)}")
    assert sorted(athena.rows("SELECT * FROM t"), key=str) == sorted([*athena.rows(EVERYTHING), (None,) * 16], key=str)


def test_the_file_has_a_schema_that_others_read(athena, s3) -> None:
    athena.rows(f"CREATE TABLE t WITH (format = 'AVRO', external_location = 's3://{athena.bucket}/t/') AS {EVERYTHING}")
    (listed,) = s3.list_objects_v2(Bucket=athena.bucket, Prefix="t/")["Contents"]
    body = s3.get_object(Bucket=athena.bucket, Key=listed["Key"])["Body"].read()
    (row,) = fastavro.reader(io.BytesIO(body))
    assert (row["de"], row["da"], row["m"]) == (Decimal("-12.50"), date(1969, 12, 31), {"k": 1.5})
    assert row["ts"] == datetime(1969, 12, 31, 23, 59, 59, 123000, UTC)
    assert row["st"] == {"n": 1, "s": [date(2024, 2, 29)]}


def test_rows_go_into_partitions(athena) -> None:
    athena.rows("CREATE TABLE t WITH (format = 'AVRO', partitioned_by = ARRAY['p']) AS SELECT 1 AS id, 'x' AS p")
    athena.rows("INSERT INTO t VALUES (2, 'y'), (3, NULL)")
    assert athena.rows("SELECT id, p FROM t ORDER BY id") == [("1", "x"), ("2", "y"), ("3", None)]


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard", "bzip2"])
def test_files_of_others_are_read_by_the_names_of_their_fields(athena, s3, codec: str) -> None:
    s3.put_object(Bucket=athena.bucket, Key="t/a.avro", Body=avro(FIELDS, ROW, codec=codec))
    create(athena, "name string, id bigint, price decimal(10,2), at timestamp, size varchar(1), later int")
    # A Hive timestamp has three fractional digits.
    assert athena.rows("SELECT * FROM t") == [(None, "1", "1.50", "2024-01-01 10:00:00.002", "L", None)]


def test_a_declared_schema_resolves_files_with_its_defaults_and_aliases(athena, s3) -> None:
    s3.put_object(Bucket=athena.bucket, Key="t/a.avro", Body=avro(FIELDS[:1], {"id": 7}))
    fields = [
        {"name": "userId", "type": "double", "aliases": ["id"]},
        {"name": "town", "type": "string", "default": "Olinda"},
    ]
    literal = json.dumps({"type": "record", "name": "r", "fields": fields})
    create(athena, "userid double, town string", literal)
    assert athena.rows("SELECT userid, town FROM t") == [("7.0", "Olinda")]


@pytest.mark.parametrize(
    ("fields", "row", "column", "reason"),
    [
        ([{"name": "Id", "type": "int"}], {"Id": 1}, "id int", "that differs from column id by case"),
        (
            [{"name": "id", "type": ["int", "string"]}],
            {"id": 1},
            "id int",
            "NOT_SUPPORTED: Avro union of several types in field id",
        ),
        (
            [{"name": "id", "type": {"type": "long", "logicalType": "time-micros"}}],
            {"id": 1},
            "id bigint",
            "NOT_SUPPORTED: Avro type time-micros in field id",
        ),
        (
            [{"name": "id", "type": "long"}],
            {"id": 1},
            "id int",
            "HIVE_BAD_DATA: Malformed Avro file. Field 'id' of type int64 in avro file ",
        ),
        (
            [{"name": "id", "type": "string"}],
            {"id": "x"},
            "id int",
            "HIVE_BAD_DATA: Malformed Avro file. Field 'id' of type string in avro file ",
        ),
    ],
)
def test_what_has_no_certain_meaning_is_refused_by_name(athena, s3, fields, row, column: str, reason: str) -> None:
    s3.put_object(Bucket=athena.bucket, Key="t/a.avro", Body=avro(fields, row))
    create(athena, column)
    assert reason in athena.fails("SELECT * FROM t")


def test_other_bytes_are_bad_data(athena, s3) -> None:
    s3.put_object(Bucket=athena.bucket, Key="t/a.avro", Body=b"id,name\n1,a\n")
    create(athena, "id int")
    assert athena.fails("SELECT * FROM t").startswith(f"HIVE_BAD_DATA: s3://{athena.bucket}/t/a.avro cannot be read as")


def test_a_table_with_a_schema_of_its_own_is_not_written(athena) -> None:
    create(athena, "id int", json.dumps({"type": "record", "name": "r", "fields": FIELDS[:1]}))
    reason = athena.fails("INSERT INTO t VALUES (1)")
    assert "with SerDe property avro.schema.literal" in reason


def test_names_and_types_that_avro_has_not_are_not_written(athena) -> None:
    create_as = "CREATE TABLE t WITH (format = 'AVRO') AS SELECT"
    assert "Avro file with a column named 'a b'" in athena.fails(f'{create_as} 1 AS "a b"')
    reason = athena.fails(f"{create_as} MAP(ARRAY[1], ARRAY[2]) AS m")
    assert "Avro file with a column of type map(integer, integer)" in reason
