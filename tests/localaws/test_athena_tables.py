"""Tables of every kind, read and written through Athena."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import orc


def put_parquet(s3: Any, bucket: str, key: str, table: pa.Table) -> None:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    s3.put_object(Bucket=bucket, Key=key, Body=buffer.getvalue())


def succeeds(athena: Any, sql: str) -> dict[str, Any]:
    execution = athena.run(sql)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    return execution


def test_parquet_columns_are_found_by_name(athena, s3) -> None:
    put_parquet(s3, athena.bucket, "t/1.parquet", pa.table({"A": [1], "b": ["x"]}))
    put_parquet(s3, athena.bucket, "t/2.parquet", pa.table({"c": [2.5], "a": [2]}))
    s3.put_object(Bucket=athena.bucket, Key="t/_SUCCESS", Body=b"not parquet")
    s3.put_object(Bucket=athena.bucket, Key="t/empty.parquet", Body=b"")
    succeeds(
        athena,
        f"CREATE EXTERNAL TABLE t (a bigint, b string, c double) STORED AS PARQUET LOCATION 's3://{athena.bucket}/t'",
    )
    assert athena.rows("SELECT * FROM t ORDER BY a") == [("1", "x", None), ("2", None, "2.5")]


def test_files_of_different_columns_are_one_table(athena, s3) -> None:
    """Files differ in the order, case, type width, number and nesting of columns: each is read by its own schema."""
    inner = pa.struct([("x", pa.int32()), ("y", pa.string())])
    files = [
        pa.table({"id": pa.array([1], pa.int32()), "name": ["a"], "r": pa.array([{"x": 1, "y": "p"}], inner)}),
        pa.table({"NAME": ["b"], "more": [1.5], "ID": pa.array([2], pa.int64())}),
        pa.table({"id": pa.array([3], pa.int64()), "r": pa.array([None], inner)}),
        pa.table({"id": pa.array([4], pa.int32()), "name": ["d"], "r": pa.array([{"x": 4, "y": None}], inner)}),
    ]
    for number, file in enumerate(files):
        put_parquet(s3, athena.bucket, f"mixed/{number}.parquet", file)
    succeeds(
        athena,
        "CREATE EXTERNAL TABLE mixed (id bigint, name string, r struct<x:bigint,y:string>) STORED AS PARQUET "
        f"LOCATION 's3://{athena.bucket}/mixed/'",
    )
    assert athena.rows('SELECT id, name, r, substr("$path", -9) FROM mixed ORDER BY id') == [
        ("1", "a", "{x=1, y=p}", "0.parquet"),
        ("2", "b", None, "1.parquet"),
        ("3", None, None, "2.parquet"),
        ("4", "d", "{x=4, y=null}", "3.parquet"),
    ]
    assert athena.rows("SELECT id FROM mixed WHERE \"$path\" LIKE '%/1.parquet' OR name = 'd' ORDER BY id") == [
        ("2",),
        ("4",),
    ]


STAR = {
    "day": (20_000, "x AS day_id, x % 97 AS day_v"),
    "item": (2_000, "x AS item_id, x * 31 % 97 AS item_v"),
    "address": (2_000, "x AS address_id"),
    "person": (40_000, "x AS person_id, x * 7 % 97 AS person_v"),
    "home": (7_200, "x AS home_id, x * 11 % 20 AS home_band"),
    "band": (20, "x AS band_id"),
    "store": (2, "x AS store_id"),
    "promo": (30, "x AS promo_id"),
    "customer": (
        2_000,
        "x AS customer_id, x * 13 % 40000 AS c_person, x * 17 % 7200 AS c_home, x * 19 % 2000 AS c_address, "
        "x * 23 % 20000 AS c_first, x * 29 % 20000 AS c_ship",
    ),
    "sales": (
        60_000,
        "x / 12 AS ticket, x * 3 % 20000 AS s_day, x * 5 % 2000 AS s_item, x * 7 % 2000 AS s_customer, "
        "x * 11 % 2000 AS s_address, x * 13 % 40000 AS s_person, x * 17 % 7200 AS s_home, x % 2 AS s_store, "
        "x % 30 AS s_promo",
    ),
    "returns": (6_000, "x * 10 / 12 AS r_ticket, x * 50 % 2000 AS r_item"),
}
STAR_QUERY = """
SELECT count(*) FROM sales, returns, day d1, day d2, day d3, store, customer, person p1, person p2, promo,
  home h1, home h2, address a1, address a2, band b1, band b2, item
WHERE s_store = store_id AND s_day = d1.day_id AND s_customer = customer_id AND s_person = p1.person_id
  AND s_home = h1.home_id AND s_address = a1.address_id AND s_item = item_id AND s_item = r_item
  AND ticket = r_ticket AND c_person = p2.person_id AND c_home = h2.home_id AND c_address = a2.address_id
  AND c_first = d2.day_id AND c_ship = d3.day_id AND s_promo = promo_id AND h1.home_band = b1.band_id
  AND h2.home_band = b2.band_id AND p1.person_v <> p2.person_v AND item_v < 20
"""


def test_a_join_of_many_tables_ends(athena) -> None:
    """Without the sizes of the tables the order of the joins is a guess, and the query may take forever."""
    for name, (rows, columns) in STAR.items():
        source = "UNNEST(sequence(0, 9999)) AS a(i) CROSS JOIN UNNEST(sequence(0, 5)) AS b(j)"
        succeeds(
            athena,
            f"CREATE TABLE {name} WITH (table_type = 'ICEBERG', is_external = false, "
            f"location = 's3://{athena.bucket}/{name}/') AS "
            f"SELECT {columns} FROM (SELECT i * 6 + j AS x FROM {source}) WHERE x < {rows}",
        )
    assert athena.rows(STAR_QUERY) == [("297",)]


def test_a_parquet_type_that_does_not_fit_is_bad_data(athena, s3) -> None:
    put_parquet(s3, athena.bucket, "t/1.parquet", pa.table({"a": ["text"]}))
    succeeds(athena, f"CREATE EXTERNAL TABLE t (a bigint) STORED AS PARQUET LOCATION 's3://{athena.bucket}/t/'")
    assert athena.fails("SELECT a FROM t") == (
        f"HIVE_BAD_DATA: Malformed Parquet file. Field 'a' of type string in parquet file s3://{athena.bucket}/t/1.parquet"
        " is incompatible with type bigint defined in table schema"
    )


@pytest.fixture
def by_year(athena, s3) -> Any:
    """A Parquet table of three years; the partition of 2022 has another location."""
    for year, place in ((2022, "elsewhere"), (2023, "y/year=2023"), (2024, "y/year=2024")):
        put_parquet(s3, athena.bucket, f"{place}/f.parquet", pa.table({"n": list(range(1000 * (year - 2021)))}))
    succeeds(
        athena,
        "CREATE EXTERNAL TABLE y (n bigint) PARTITIONED BY (year int) STORED AS PARQUET "
        f"LOCATION 's3://{athena.bucket}/y/'",
    )
    succeeds(athena, "MSCK REPAIR TABLE y")
    succeeds(athena, f"ALTER TABLE y ADD PARTITION (year=2022) LOCATION 's3://{athena.bucket}/elsewhere/'")
    return athena


def test_partitions_are_pruned(by_year) -> None:
    whole = by_year.run("SELECT sum(n) FROM y")["Statistics"]["DataScannedInBytes"]
    pruned = by_year.run("SELECT sum(n) FROM y WHERE year = 2022 AND n >= 0")["Statistics"]["DataScannedInBytes"]
    assert 0 < pruned < whole / 2
    assert by_year.rows("SELECT year, count(*) FROM y WHERE year + 1 > 2023 GROUP BY year ORDER BY 1") == [
        ("2023", "2000"),
        ("2024", "3000"),
    ]


def test_an_outer_join_does_not_prune_the_side_that_may_be_missing(by_year) -> None:
    sql = "SELECT count(*) FROM (VALUES 2022, 2024) AS v(x) LEFT JOIN y ON y.year = v.x WHERE y.year IS NULL"
    assert by_year.rows(sql) == [("0",)]


def test_partitions_and_paths_can_be_asked_for(by_year) -> None:
    assert by_year.rows("SHOW PARTITIONS y") == [("year=2022",), ("year=2023",), ("year=2024",)]
    assert by_year.rows('SELECT year FROM "y$partitions" ORDER BY 1') == [("2022",), ("2023",), ("2024",)]
    assert by_year.rows('SELECT DISTINCT "$path" FROM y WHERE year = 2022') == [
        (f"s3://{by_year.bucket}/elsewhere/f.parquet",)
    ]


def test_delimited_text(athena, s3) -> None:
    body = b"n;s;d\n1;a\\;b;1.5\nx;\\N;\n2;c\n\n"
    s3.put_object(Bucket=athena.bucket, Key="t/a.csv.gz", Body=gzip.compress(body))
    succeeds(
        athena,
        "CREATE EXTERNAL TABLE t (n int, s string, d double) ROW FORMAT DELIMITED FIELDS TERMINATED BY ';' "
        f"ESCAPED BY '\\\\' LOCATION 's3://{athena.bucket}/t/' TBLPROPERTIES ('skip.header.line.count'='1')",
    )
    assert sorted(athena.rows("SELECT n, s, d FROM t"), key=str) == [
        ("1", "a;b", "1.5"),
        ("2", "c", None),
        (None, None, None),
        (None, None, None),
    ]


def test_quoted_csv(athena, s3) -> None:
    s3.put_object(Bucket=athena.bucket, Key="t/a.csv", Body=b'"1","a ""b"", c"\n2,\n')
    succeeds(
        athena,
        "CREATE EXTERNAL TABLE t (n bigint, s string) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' "
        f"LOCATION 's3://{athena.bucket}/t/'",
    )
    assert athena.rows("SELECT n, s FROM t ORDER BY n") == [("1", 'a "b", c'), ("2", "")]


def test_json_lines(athena, s3) -> None:
    lines = b'{"N": 1, "s": "x", "t": {"a": [1, 2]}, "more": 0}\n{"n": null}\n'
    s3.put_object(Bucket=athena.bucket, Key="t/a.json", Body=lines)
    succeeds(
        athena,
        "CREATE EXTERNAL TABLE t (n int, s string, t struct<a:array<int>>) "
        f"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{athena.bucket}/t/'",
    )
    assert athena.rows("SELECT n, s, t FROM t ORDER BY n") == [("1", "x", "{a=[1, 2]}"), (None, None, None)]


def test_a_json_value_of_another_type_is_not_guessed(athena, s3) -> None:
    s3.put_object(Bucket=athena.bucket, Key="t/a.json", Body=b'{"n": "12"}\n')
    serde = "org.apache.hive.hcatalog.data.JsonSerDe"
    succeeds(athena, f"CREATE EXTERNAL TABLE t (n int) ROW FORMAT SERDE '{serde}' LOCATION 's3://{athena.bucket}/t/'")
    assert athena.fails("SELECT n FROM t") == (
        'NOT_SUPPORTED: JSON value "12" for column n of type integer is not supported, because the result could differ '
        "from Athena's; a real Trino may answer it: localaws up --athena trino"
    )


def test_a_serde_that_is_not_read_is_refused_by_name(athena) -> None:
    ion = "com.amazon.ionhiveserde.IonHiveSerDe"
    succeeds(
        athena,
        f"CREATE EXTERNAL TABLE t (n int) ROW FORMAT SERDE '{ion}' LOCATION 's3://{athena.bucket}/t/'",
    )
    assert athena.fails("SELECT * FROM t").startswith(f"NOT_SUPPORTED: SerDe {ion}")


def test_partition_projection(athena, s3) -> None:
    today = f"{datetime.now(UTC):%Y/%m/%d}"
    for day, region in (("2024/01/02", "eu"), (today, "us")):
        s3.put_object(Bucket=athena.bucket, Key=f"p/{region}/{day}/a.txt", Body=f"{region}{day}\n".encode())
    succeeds(
        athena,
        "CREATE EXTERNAL TABLE p (s string) PARTITIONED BY (region string, day string) "
        f"LOCATION 's3://{athena.bucket}/p/' TBLPROPERTIES ('projection.enabled'='true', "
        "'projection.region.type'=' ENUM ', 'projection.region.values'='eu,us', 'projection.day.type'='date', "
        "'projection.day.range'='2024/01/01,NOW', 'projection.day.format'='yyyy/MM/dd', "
        f"'storage.location.template'='s3://{athena.bucket}/p/${{region}}/${{day}}/')",
    )
    assert athena.rows("SELECT s FROM p WHERE day = '2024/01/02'") == [("eu2024/01/02",)]
    assert athena.rows(f"SELECT region FROM p WHERE day >= '{today}'") == [("us",)]


def test_ctas_and_insert_into_partitions(athena) -> None:
    execution = succeeds(
        athena,
        "CREATE TABLE t WITH (format = 'PARQUET', partitioned_by = ARRAY['k']) AS "
        "SELECT * FROM (VALUES (1, 'a'), (2, 'b/c'), (3, NULL)) AS v(n, k)",
    )
    assert execution["Statistics"]["DataManifestLocation"].endswith("-manifest.csv")
    succeeds(athena, "INSERT INTO t VALUES (4, 'b/c'), (5, 'new')")
    assert athena.rows("SELECT n, k FROM t ORDER BY n") == [
        ("1", "a"), ("2", "b/c"), ("3", None), ("4", "b/c"), ("5", "new"),
    ]  # fmt: skip
    assert athena.rows("SELECT n FROM t WHERE k IS NULL") == [("3",)]


def test_an_insert_of_another_type_fails(athena) -> None:
    succeeds(athena, "CREATE TABLE t AS SELECT 1 AS n")
    assert athena.fails("INSERT INTO t VALUES ('x')").startswith(
        "TYPE_MISMATCH: Insert query has mismatched column types: Table: [integer], Query: [varchar"
    )


@pytest.mark.parametrize("form", ["PARQUET", "TEXTFILE", "JSON"])
def test_what_ctas_writes_is_read_back(athena, form: str) -> None:
    sql = "SELECT 1 AS n, 'a' AS s, 1.5e0 AS d, DATE '2024-01-01' AS day, CAST(NULL AS varchar) AS nothing"
    succeeds(athena, f"CREATE TABLE t WITH (format = '{form}') AS {sql}")
    assert athena.rows("SELECT * FROM t") == [("1", "a", "1.5", "2024-01-01", None)]


def test_unload_lists_its_files(athena, s3) -> None:
    done = succeeds(athena, f"UNLOAD (SELECT 1 AS n) TO 's3://{athena.bucket}/u/' WITH (format = 'JSON')")
    bucket, key = done["Statistics"]["DataManifestLocation"].removeprefix("s3://").split("/", 1)
    file = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode().strip()
    body = s3.get_object(Bucket=bucket, Key=file.removeprefix(f"s3://{bucket}/"))["Body"].read()
    assert gzip.decompress(body) == b'{"n":1}\n'
    again = athena.fails(f"UNLOAD (SELECT 1 AS n) TO 's3://{athena.bucket}/u/' WITH (format = 'JSON')")
    assert again.startswith("HIVE_PATH_ALREADY_EXISTS: ")


def test_views_nest_and_survive_a_change_of_database(athena) -> None:
    succeeds(athena, "CREATE VIEW a AS SELECT 1 AS n, 'x' AS s")
    succeeds(athena, "CREATE VIEW b AS SELECT n + 1 AS m FROM a")
    rows = athena.rows(f"SELECT m FROM {athena.database}.b", QueryExecutionContext={"Database": "information_schema"})
    assert rows == [("2",)]
    assert athena.fails("CREATE VIEW a AS SELECT 2 AS n").startswith("ALREADY_EXISTS: View already exists")
    succeeds(athena, "CREATE OR REPLACE VIEW a AS SELECT CAST(5 AS integer) AS n")
    assert athena.rows("SELECT m FROM b") == [("6",)]


def test_information_schema(athena) -> None:
    succeeds(athena, "CREATE TABLE t AS SELECT 1 AS n, 'x' AS s")
    succeeds(athena, "CREATE VIEW v AS SELECT n FROM t")
    where = f"WHERE table_schema = '{athena.database}'"
    assert athena.rows(f"SELECT table_name, table_type FROM information_schema.tables {where} ORDER BY 1") == [
        ("t", "BASE TABLE"),
        ("v", "VIEW"),
    ]
    assert athena.rows(
        f"SELECT column_name, data_type FROM information_schema.columns {where} AND table_name = 't' ORDER BY 1"
    ) == [("n", "integer"), ("s", "varchar(1)")]


def test_an_iceberg_table_over_its_life(athena) -> None:
    succeeds(
        athena,
        "CREATE TABLE i (id bigint, at timestamp, name string) PARTITIONED BY (day(at), bucket(4, id)) "
        f"LOCATION 's3://{athena.bucket}/i/' TBLPROPERTIES ('table_type' = 'ICEBERG')",
    )
    succeeds(athena, "INSERT INTO i VALUES (1, TIMESTAMP '2024-01-01 10:00:00', 'a')")
    (first,) = athena.rows('SELECT snapshot_id FROM "i$snapshots"')
    succeeds(athena, "ALTER TABLE i ADD COLUMNS (z int)")
    succeeds(athena, "INSERT INTO i (id, z) VALUES (2, 9)")
    assert athena.rows("SELECT * FROM i ORDER BY id") == [
        ("1", "2024-01-01 10:00:00.000000", "a", None),
        ("2", None, None, "9"),
    ]
    assert athena.rows(f"SELECT * FROM i FOR VERSION AS OF {first[0]}") == [("1", "2024-01-01 10:00:00.000000", "a")]
    assert athena.fails("SELECT * FROM i FOR TIMESTAMP AS OF TIMESTAMP '2001-01-01 00:00:00 UTC'") == (
        f"INVALID_ARGUMENTS: No version history table {athena.database}.i at or before 2001-01-01 00:00:00.000 UTC"
    )
    assert athena.rows('SELECT count(*) FROM "i$files"') == [("2",)]


def test_files_of_an_iceberg_table_are_pruned(athena) -> None:
    location = f"s3://{athena.bucket}/i/"
    options = f"table_type = 'ICEBERG', location = '{location}', is_external = false, partitioning = ARRAY['k']"
    succeeds(
        athena, f"CREATE TABLE i WITH ({options}) AS SELECT x AS n, x % 4 AS k FROM UNNEST(sequence(1, 4000)) AS t(x)"
    )
    whole = athena.run("SELECT sum(n) FROM i")["Statistics"]["DataScannedInBytes"]
    pruned = athena.run("SELECT sum(n) FROM i WHERE k = 1")["Statistics"]["DataScannedInBytes"]
    assert 0 < pruned < whole / 2
    assert athena.rows("SELECT count(*), min(n) FROM i WHERE k = 1") == [("1000", "1")]


def test_parquet_columns_are_read_as_the_table_declares_them(athena, s3) -> None:
    data = {
        "s": pa.array([b"abc", b"\xff"], pa.binary()),
        "f": pa.array([b"abc", b"xyz"], pa.binary(3)),
        "v": ["abc", "é"],
        "c": ["a  ", "abcd"],
        "n": pa.array([7, -8], pa.int64()),
    }
    put_parquet(s3, athena.bucket, "t/1.parquet", pa.table(data))
    columns = "s string, f string, v varchar(2), c char(3), n smallint"
    succeeds(athena, f"CREATE EXTERNAL TABLE t ({columns}) STORED AS PARQUET LOCATION 's3://{athena.bucket}/t/'")
    assert athena.rows("SELECT * FROM t ORDER BY n DESC") == [
        ("abc", "abc", "ab", "a  ", "7"),
        ("\ufffd", "xyz", "é", "abc", "-8"),
    ]
    put_parquet(s3, athena.bucket, "t/1.parquet", pa.table(data | {"n": pa.array([1, 40_000], pa.int64())}))
    assert athena.fails("SELECT n FROM t").startswith("NUMERIC_VALUE_OUT_OF_RANGE: ")


def test_partitions_are_added_renamed_and_dropped_by_any_form_of_their_keys(athena) -> None:
    place = f"s3://{athena.bucket}/t"
    succeeds(
        athena,
        f"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (p string, n int) STORED AS PARQUET LOCATION '{place}/'",
    )
    succeeds(athena, f"ALTER TABLE t ADD PARTITION (`p`='x', `N`='9') LOCATION '{place}/x/' PARTITION (n=10, p='x')")
    succeeds(athena, "ALTER TABLE t ADD IF NOT EXISTS PARTITION (p='x', n=9) PARTITION (p='y', n=2)")
    succeeds(athena, "ALTER TABLE t PARTITION (p='y', n=2) RENAME TO PARTITION (p='z', n=2)")
    assert athena.rows("SHOW PARTITIONS t") == [("p=x/n=10",), ("p=x/n=9",), ("p=z/n=2",)]
    succeeds(athena, "ALTER TABLE t DROP PARTITION (n > 2, n <= 9)")
    assert athena.rows("SHOW PARTITIONS t") == [("p=x/n=10",), ("p=z/n=2",)]
    assert athena.fails("ALTER TABLE t DROP PARTITION (p = 'x'), PARTITION (p > 'zz')") == (
        "FAILED: SemanticException [Error 10006]: Partition not found (p > 'zz')"
    )
    assert athena.fails("ALTER TABLE t ADD PARTITION (p='only')") == (
        "FAILED: SemanticException [Error 10214]: Partition spec {'p': '= only'} does not name ['p', 'n']"
    )
    assert athena.fails("ALTER TABLE t PARTITION (p='z', n=2) RENAME TO PARTITION (p='x', n=10)").endswith(
        "Unable to rename partition: a partition with the values ['x', '10'] exists already"
    )
    succeeds(athena, "ALTER TABLE t DROP IF EXISTS PARTITION (p = 'q'), PARTITION (p = 'x')")
    assert athena.rows("SHOW PARTITIONS t") == [("p=z/n=2",)]


def test_orc_is_written_and_read(athena, s3) -> None:
    sql = (
        "SELECT 1 AS n, 'ação' AS s, DECIMAL '1.50' AS d, TIMESTAMP '2024-01-02 03:04:05.678' AS at, "
        "ARRAY['a', NULL] AS a, CAST(NULL AS date) AS day, true AS b"
    )
    succeeds(athena, f"CREATE TABLE t WITH (format = 'ORC', write_compression = 'ZSTD') AS {sql}")
    succeeds(athena, "INSERT INTO t (n, s) VALUES (2, 'x')")
    assert athena.rows('SELECT n, s, d, at, a, day, b, "$path" IS NOT NULL FROM t ORDER BY n') == [
        ("1", "ação", "1.50", "2024-01-02 03:04:05.678", "[a, null]", None, "true", "true"),
        ("2", "x", None, None, None, None, None, "true"),
    ]


def test_orc_columns_are_found_by_place_unless_the_table_says_by_name(athena, s3) -> None:
    buffer = io.BytesIO()
    orc.write_table(pa.table({"B": ["x", "long"], "a": pa.array([7, 8], pa.int64())}), buffer)
    s3.put_object(Bucket=athena.bucket, Key="t/1.orc", Body=buffer.getvalue())
    place = f"LOCATION 's3://{athena.bucket}/t/'"
    succeeds(athena, f"CREATE EXTERNAL TABLE places (k varchar(2), n int, missing date) STORED AS ORC {place}")
    assert athena.rows("SELECT * FROM places ORDER BY n") == [("x", "7", None), ("lo", "8", None)]
    serde = "ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.orc.OrcSerde'"
    by_name = "WITH SERDEPROPERTIES ('orc.column.index.access'='false')"
    succeeds(athena, f"CREATE EXTERNAL TABLE names (a bigint, b string) {serde} {by_name} STORED AS ORC {place}")
    assert athena.rows("SELECT * FROM names ORDER BY a") == [("7", "x"), ("8", "long")]
    succeeds(athena, f"CREATE EXTERNAL TABLE wrong (a date) STORED AS ORC {place}")
    assert athena.fails("SELECT * FROM wrong") == (
        f"HIVE_BAD_DATA: Malformed ORC file. Field 'a' of type string in orc file s3://{athena.bucket}/t/1.orc is "
        "incompatible with type date defined in table schema"
    )
