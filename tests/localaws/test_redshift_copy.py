"""COPY and UNLOAD: options, conversions, errors and their records."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

AT = "2024-01-02 03:04:05"
ROLE = "IAM_ROLE 'arn:aws:iam::123456789012:role/loader'"


def table(warehouse: Any, columns: str) -> str:
    """Create a table and return its unique name."""
    name = f"t_{uuid.uuid4().hex[:8]}"
    warehouse.done(f"CREATE TABLE {name} ({columns})")
    return name


def load(warehouse: Any, columns: str, content: bytes | str, options: str) -> list[list[Any]]:
    """Return the rows of a table after a COPY of one file."""
    name = table(warehouse, columns)
    location = warehouse.put(f"{name}/file", content)
    loaded = warehouse.done(f"COPY {name} FROM '{location}' {ROLE} {options}")
    rows: list[list[Any]] = warehouse.rows(f"SELECT * FROM {name} ORDER BY 1")
    assert loaded == len(rows)
    return rows


def errors(warehouse: Any, name: str, content: bytes | str, options: str) -> list[list[Any]]:
    """Return line, column, code and message of every row that a COPY with MAXERROR rejects."""
    location = warehouse.put(f"{name}/errors-{uuid.uuid4()}", content)
    warehouse.done(f"COPY {name} FROM '{location}' {ROLE} {options} MAXERROR 100")
    rejections: list[list[Any]] = warehouse.rows(
        "SELECT line_number, column_name, error_code, error_message FROM sys_load_error_detail "
        f"WHERE file_name = '{location}' ORDER BY 1"
    )
    return rejections


@pytest.mark.parametrize(
    ("columns", "content", "options", "expected"),
    [
        ("a int, b varchar(9)", "1|x y\n2|\n", "", [[1, "x y"], [2, ""]]),
        ("a int, b varchar(9)", "1|x|\n2|y|\n", "", [[1, "x"], [2, "y"]]),
        ("a int, b varchar(9)", "1;x\n", "DELIMITER ';'", [[1, "x"]]),
        ("a int, b varchar(9)", "1\tx\n", "DELIMITER '\\t'", [[1, "x"]]),
        ("a int, b varchar(9)", "1|x\\|y\n2|a\\\\b\n3|\\N\n", "ESCAPE", [[1, "x|y"], [2, "a\\b"], [3, None]]),
        ("a int, b varchar(9)", 'a,b\r\n1,"x, ""y"""\r\n', "CSV IGNOREHEADER 1", [[1, 'x, "y"']]),
        ("a int, b varchar(9)", "1,'x,y'\n", "CSV QUOTE AS ''''", [[1, "x,y"]]),
        ("a int, b varchar(9)", '1, "x" \n', "CSV", [[1, "x"]]),
        ("a int, b varchar(9)", '1,"x\ny"\n2,z\n', "CSV", [[1, "x\ny"], [2, "z"]]),
        ("a int, b varchar(9)", "1,\n,x\n", "CSV", [[1, ""], [None, "x"]]),
        ("a int, b varchar(9)", "1,\\N\n", "CSV", [[1, None]]),
        ("a int, b varchar(9)", "1,NA\n2,\\N\n", "CSV NULL AS 'NA'", [[1, None], [2, "\\N"]]),
        ("a int, b varchar(9)", '1,\n2,""\n', "CSV EMPTYASNULL", [[1, None], [2, None]]),
        ("a int, b varchar(9)", "1,   \n2, x \n", "CSV BLANKSASNULL", [[1, None], [2, " x "]]),
        ("a int, b varchar(9)", "1, x  \n", "CSV TRIMBLANKS", [[1, " x"]]),
        ("a int, b varchar(3)", "1,abcdef\n2,éé\n", "CSV TRUNCATECOLUMNS", [[1, "abc"], [2, "é"]]),
        ("a int, b varchar(9)", b"1,a\xe9b\n", "CSV ACCEPTINVCHARS AS '^'", [[1, "a^b"]]),
        ("a int, b varchar(9)", "1,x\n\n2,y\n", "CSV IGNOREBLANKLINES", [[1, "x"], [2, "y"]]),
        ("a int, b varchar(9), c int", "1,x\n", "CSV FILLRECORD", [[1, "x", None]]),
        ("a numeric(8, 2)", "20.259\n-20.259\n", "CSV", [["-20.25"], ["20.25"]]),
        ("a numeric(8, 2)", "20.259\n9.995\n", "CSV ROUNDEC", [["10.00"], ["20.26"]]),
        ("a int, b date", "1,31-12-2024\n", "CSV DATEFORMAT 'DD-MM-YYYY'", [[1, "2024-12-31"]]),
        ("a int, b date", "1,Jan-02-1999\n", "CSV DATEFORMAT AS 'MON-DD-YYYY'", [[1, "1999-01-02"]]),
        ("a int, b date", "1,2024-02-29\n", "CSV", [[1, "2024-02-29"]]),
        ("a int, b timestamp", "1,02.01.2024 03:04\n", "CSV TIMEFORMAT 'DD.MM.YYYY HH:MI'", [[1, AT[:-2] + "00"]]),
        ("a int, b timestamp", "1,1704164645\n", "CSV TIMEFORMAT 'epochsecs'", [[1, "2024-01-02 03:04:05"]]),
        ("a int, b timestamp", "1,2024-01-02T03:04:05\n", "CSV TIMEFORMAT 'auto'", [[1, "2024-01-02 03:04:05"]]),
        ("a int, b boolean", "1,yes\n2,F\n", "CSV", [[1, True], [2, False]]),
        ("a int, b double precision", "1,1.5e3\n", "CSV", [[1, 1500.0]]),
    ],
)  # fmt: skip
def test_a_file_is_read_as_the_options_say(
    warehouse: Any, columns: str, content: bytes | str, options: str, expected: list[list[Any]]
) -> None:
    assert load(warehouse, columns, content, options) == expected


@pytest.mark.parametrize(
    ("option", "pack"),
    [("GZIP", gzip.compress), ("BZIP2", bz2.compress), ("ZSTD", lambda data: pa.compress(data, "zstd", asbytes=True))],
)
def test_files_may_be_compressed(warehouse: Any, option: str, pack: Any) -> None:
    assert load(warehouse, "a int, b varchar(9)", pack(b"1,x\n2,y\n"), f"CSV {option}") == [[1, "x"], [2, "y"]]
    name = table(warehouse, "a int")
    location = warehouse.put(f"{name}/plain", "1\n2\n3\n4\n")
    cut = warehouse.put(f"{name}/cut", pack(b"1\n2\n3\n4\n")[:-5])
    for file in (location, cut):
        error = warehouse.fails(f"COPY {name} FROM '{file}' {ROLE} {option}")
        reason = "invalid or incomplete deflate data. zlib error code: -3\n" if option == "GZIP" else ""
        assert error.startswith(f"ERROR: failed to inflate with {option.lower()}: {reason}")
        assert f"\n  code:      9001\n  context:   S3 key being read : {file}\n" in error
    assert warehouse.rows(f"SELECT count(*) FROM {name}") == [[0]]


def test_a_prefix_loads_every_key_and_a_manifest_those_that_it_names(warehouse: Any) -> None:
    name = table(warehouse, "a int")
    urls = [warehouse.put(f"{name}/part-{number}", f"{number}\n") for number in range(3)]
    assert warehouse.done(f"COPY {name} FROM 's3://{warehouse.bucket}/{name}/part' {ROLE}") == 3
    entries = [{"url": urls[2], "mandatory": True}, {"url": f"{urls[0]}-gone"}]
    manifest = warehouse.put(f"{name}/manifest", json.dumps({"entries": entries}))
    assert warehouse.done(f"COPY {name} FROM '{manifest}' {ROLE} MANIFEST") == 1
    assert warehouse.rows(f"SELECT a FROM {name} ORDER BY a") == [[0], [1], [2], [2]]
    entries[1]["mandatory"] = True
    warehouse.put(f"{name}/manifest", json.dumps({"entries": entries}))
    assert f"S3 file {urls[0]}-gone" in warehouse.fails(f"COPY {name} FROM '{manifest}' {ROLE} MANIFEST")
    gone = warehouse.fails(f"COPY {name} FROM 's3://{warehouse.bucket}/{name}/nothing' {ROLE}")
    assert gone.startswith(f"ERROR: The specified S3 prefix '{name}/nothing' does not exist")
    assert "code:      8001" in gone
    assert (
        warehouse.fails(f"COPY nowhere FROM '{manifest}' {ROLE}") == "ERROR: Cannot COPY into nonexistent table nowhere"
    )


def test_files_that_end_without_a_line_feed(warehouse: Any) -> None:
    name = table(warehouse, "a int, b varchar(9)")
    for number in range(3):
        warehouse.put(f"{name}/part-{number}", f"{number},x\n{number},y")
    assert warehouse.done(f"COPY {name} FROM 's3://{warehouse.bucket}/{name}/' {ROLE} CSV") == 6
    assert warehouse.rows(f"SELECT b, count(*) FROM {name} GROUP BY b ORDER BY b") == [["x", 3], ["y", 3]]


def test_bad_rows_among_valid_ones_are_reported_with_their_lines(warehouse: Any) -> None:
    """Rows before and after a bad row are copied as a block, whatever their line ends."""
    bad = (1, 2, 700, 4999, 5000)
    for end in ("\n", "\r\n"):
        name = table(warehouse, "a int, b varchar(9)")
        lines = [f"{'x' if line in bad else line},y" for line in range(1, 5001)]
        failures = errors(warehouse, name, end.join(lines), "CSV")
        assert [line for line, *_ in failures] == list(bad)
        assert warehouse.rows(f"SELECT count(*), sum(a) FROM {name}") == [[4995, 5000 * 5001 // 2 - sum(bad)]]


def test_columns_and_identities(warehouse: Any) -> None:
    name = table(warehouse, "id int IDENTITY(1, 1), a int, b varchar(9) DEFAULT 'none'")
    location = warehouse.put(f"{name}/file", "7,x\n")
    warehouse.done(f"COPY {name} FROM '{location}' {ROLE} CSV")
    warehouse.done(f"COPY {name} (b, a) FROM '{warehouse.put(f'{name}/turned', 'y,8')}' {ROLE} CSV")
    warehouse.done(f"COPY {name} (a) FROM '{warehouse.put(f'{name}/one', '9')}' {ROLE} CSV")
    warehouse.done(f"COPY {name} FROM '{warehouse.put(f'{name}/ids', '50,10,z')}' {ROLE} CSV EXPLICIT_IDS")
    expected = [[1, 7, "x"], [2, 8, "y"], [3, 9, "none"], [50, 10, "z"]]
    assert warehouse.rows(f"SELECT * FROM {name} ORDER BY id") == expected
    assert "needs EXPLICIT_IDS" in warehouse.fails(f"COPY {name} (id, a) FROM '{location}' {ROLE} CSV")


def test_bad_rows_are_reported_with_line_and_column(warehouse: Any) -> None:
    columns = "id int NOT NULL, name varchar(5), fee numeric(5, 2), day date, at timestamp, ok boolean, code char(2)"
    lines = [
        "id,name,fee,day,at,ok,code",
        "1,a,1,2024-01-02,2024-01-02 03:04:05,t,xy",
        "x,a,1,,,,",
        ",a,1,,,,",
        "3,toolong,1,,,,",
        "4,a,1000.00,,,,",
        "5,a,1.x,,,,",
        "6,a,1,2024-13-01,,,",
        "7,a,1,short,,,",
        "8,a,1,,2024-01-02T03:04:05,,",
        "9,a,1,,,maybe,",
        "10,a,1,,,,é",
        "11,a",
        "12,a,1,,,,,extra",
        '13,"a,1',
    ]
    rejections = errors(warehouse, table(warehouse, columns), "\n".join(lines), "CSV IGNOREHEADER 1")
    assert rejections == [
        [3, "id", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer"],
        [4, "id", 1213, "Missing data for not-null field"],
        [5, "name", 1204, "String length exceeds DDL length"],
        [6, "fee", 1207, "Overflow for NUMERIC(5,2)"],
        [7, "fee", 1207, "Invalid digit, Value 'x', Pos 2, Type: Decimal"],
        [8, "day", 1205, "Invalid date format or value [YYYY-MM-DD]"],
        [9, "day", 1205, "Invalid Date Format - length must be 10 or more"],
        [10, "at", 1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"],
        [11, "ok", 1210, "Unknown boolean format"],
        [12, "code", 1220, "Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: c3 a9"],
        [13, "", 1214, "Delimiter not found"],
        [14, "", 1202, "Extra column(s) found"],
        [15, "", 1214, "Invalid quote formatting for CSV"],
    ]


def test_invalid_bytes_are_reported(warehouse: Any) -> None:
    rejections = errors(warehouse, table(warehouse, "a varchar(9)"), b"ok\n\xa4\n", "CSV")
    reason = "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: a4 (error 3)"
    assert rejections == [[2, "a", 1220, reason]]


def test_as_many_errors_as_maxerror_fail_the_load(warehouse: Any) -> None:
    name = table(warehouse, "a int")
    location = warehouse.put(f"{name}/file", "1\nx\n2\ny\n")
    failed = f"ERROR: Load into table '{name}' failed.  Check 'sys_load_error_detail' system table for details."
    for options in ("", "MAXERROR 1", "MAXERROR 2"):
        assert warehouse.fails(f"COPY {name} FROM '{location}' {ROLE} {options}") == failed
    assert warehouse.rows(f"SELECT count(*) FROM {name}") == [[0]]
    assert warehouse.done(f"COPY {name} FROM '{location}' {ROLE} MAXERROR 3") == 2
    history = warehouse.rows(
        "SELECT status, loaded_rows, error_count, source_file_count, file_format FROM sys_load_history "
        f"WHERE table_name = '{name}' ORDER BY query_id"
    )
    assert history == [["aborted", 0, 1, 1, "txt"]] * 2 + [["aborted", 0, 2, 1, "txt"], ["completed", 2, 2, 1, "txt"]]


def test_the_session_knows_its_last_copy(warehouse: Any) -> None:
    name = table(warehouse, "a int")
    good, bad = warehouse.put(f"{name}/good", "1\n2\n"), warehouse.put(f"{name}/bad", "x\n")
    last = "SELECT pg_last_copy_id(), pg_last_copy_count()"
    started = warehouse.data.execute_statement(
        Sql=f"COPY {name} FROM '{good}' {ROLE}", SessionKeepAliveSeconds=60, **warehouse.place
    )
    first = warehouse.ended(started["Id"])["RedshiftQueryId"]
    session = {"SessionId": started["SessionId"]}
    assert warehouse.rows(last, **session) == [[first, 2]]
    warehouse.fails(f"COPY {name} FROM 's3://{warehouse.bucket}/gone' {ROLE}", **session)
    assert warehouse.rows(last, **session) == [[first, 2]]  # it failed before it began to load
    warehouse.fails(f"COPY {name} FROM '{bad}' {ROLE}", **session)
    ((failed, count),) = warehouse.rows(last, **session)
    assert failed > first
    assert count == 0
    detail = f"SELECT count(*) FROM sys_load_error_detail WHERE query_id = {failed}"
    assert warehouse.rows(detail) == [[1]]
    warehouse.done("BEGIN", **session)
    warehouse.done(f"COPY {name} FROM '{good}' {ROLE}", **session)
    assert warehouse.rows(last, **session)[0][1] == 2
    warehouse.done("ROLLBACK", **session)
    assert warehouse.rows(last, **session) == [[failed, 0]]  # a COPY that was rolled back is not the last one
    assert warehouse.rows(last) == [[-1, 0]]


def test_json_by_names_and_by_paths(warehouse: Any) -> None:
    documents = '{"a": 1, "b": "x\\ty", "c": 1.239}\n{"A": 9}{"a": 2,\n "b": null, "other": [1]}'
    expected = [[1, "x\ty", "1.23"], [2, None, None], [None, None, None]]
    assert load(warehouse, "a int, b varchar(9), c numeric(8, 2)", documents, "JSON 'auto'") == expected
    assert load(warehouse, "a int", '{"A": 9}', "FORMAT AS JSON 'auto ignorecase'") == [[9]]
    paths = {"jsonpaths": ["$.id", "$['tags'][1]", "$.deep.er"]}
    location = warehouse.put(f"paths-{uuid.uuid4()}.json", json.dumps(paths))
    document = '{"id": 1, "tags": ["x", "y"], "deep": {"er": true}}'
    assert load(warehouse, "a int, b varchar(9), c boolean", document, f"JSON '{location}'") == [[1, "y", True]]
    name = table(warehouse, "a int")
    assert errors(warehouse, name, '{"a": "x"}\n{"a": 1}\n{broken', "JSON 'auto'") == [
        [1, "a", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer"],
        [3, "", 1216, "Invalid JSON"],
    ]
    assert "COPY of a JSON object or array into one column" in warehouse.fails(
        f"COPY {name} FROM '{warehouse.put(f'{name}/nested', json.dumps({'a': [1]}))}' {ROLE} JSON 'auto'"
    )


def test_parquet_by_order(warehouse: Any) -> None:
    columns = {
        "x": pa.array([1, 2], pa.int32()),
        "y": pa.array(["é", None]),
        "z": pa.array([Decimal("1.50"), None], pa.decimal128(8, 2)),
        "d": pa.array([date(2024, 1, 2), None]),
    }
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file)
    types = "a int, b varchar(9), c numeric(8, 2), d date"
    expected = [[1, "é", "1.50", "2024-01-02"], [2, None, None, None]]
    assert load(warehouse, types, file.getvalue(), "FORMAT AS PARQUET") == expected
    name = table(warehouse, "a int")
    location = warehouse.put(f"{name}/file", file.getvalue())
    assert "Unmatched number of columns between table and file" in warehouse.fails(
        f"COPY {name} FROM '{location}' {ROLE} PARQUET"
    )
    assert warehouse.fails(f"COPY {name} FROM '{location}' {ROLE} PARQUET MAXERROR 5") == (
        "ERROR: MAXERRORS argument is not supported for PARQUET based COPY"
    )
    other = table(warehouse, "a int, b int, c numeric(8, 2), d date")
    assert "has an incompatible Parquet schema for column" in warehouse.fails(
        f"COPY {other} FROM '{location}' {ROLE} PARQUET"
    )


def test_unload_and_load_again(warehouse: Any) -> None:
    name = table(warehouse, "a int, b varchar(20), c numeric(8, 2), d timestamp")
    warehouse.done(f"INSERT INTO {name} VALUES (1, 'x, \"y\"', 1.5, '2024-01-02 03:04:05'), (2, null, null, null)")
    select = f"SELECT a, b, c, d FROM {name} ORDER BY a"
    for options, copy, key in (
        ("CSV HEADER EMPTY".removesuffix(" EMPTY"), "CSV IGNOREHEADER 1 EMPTYASNULL", "0000_part_00"),
        ("CSV GZIP", "CSV GZIP EMPTYASNULL", "0000_part_00.gz"),
        ("FORMAT PARQUET", "PARQUET", "0000_part_00.parquet"),
        ("DELIMITER ';' NULL AS '-' PARALLEL OFF", "DELIMITER ';' NULL AS '-'", "000"),
    ):
        prefix = f"s3://{warehouse.bucket}/{name}-{uuid.uuid4()}/"
        assert warehouse.done(f"UNLOAD ('{select}') TO '{prefix}' {ROLE} {options} MANIFEST") == 2
        again = table(warehouse, "a int, b varchar(20), c numeric(8, 2), d timestamp")
        manifest = (
            warehouse.server.client("s3")
            .get_object(Bucket=warehouse.bucket, Key=f"{prefix.split('/', 3)[3]}manifest")["Body"]
            .read()
        )
        assert [entry["url"] for entry in json.loads(manifest)["entries"]] == [f"{prefix}{key}"]
        assert warehouse.done(f"COPY {again} FROM '{prefix}manifest' {ROLE} {copy} MANIFEST") == 2
        assert warehouse.rows(f"SELECT * FROM {again} ORDER BY a") == warehouse.rows(select)
        assert warehouse.fails(f"UNLOAD ('{select}') TO '{prefix}' {ROLE}").startswith(
            "ERROR: Specified unload destination on S3 is not empty."
        )


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
ROWS = st.lists(
    st.tuples(st.integers(-(2**31), 2**31 - 1) | st.none(), TEXTS, st.decimals(-999, 999, places=2)), max_size=30
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, times=st.integers(1, 2), crlf=st.booleans())
def test_every_row_is_loaded_once_for_each_file_whichever_way_it_is_read(
    warehouse: Any, rows: list[tuple[Any, ...]], times: int, crlf: bool
) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n" if crlf else "\n").writerows(rows)
    name = table(warehouse, "a int, b varchar(60), c numeric(5, 2)")
    for number in range(times):
        warehouse.put(f"{name}/part-{number}", text.getvalue() or "\n")
    expected = sorted(([a, b, f"{c:.2f}"] for a, b, c in rows for _ in range(times)), key=str)
    for options in ("CSV", "CSV FILLRECORD"):  # with the second one every row is read by itself
        warehouse.done(f"DELETE FROM {name}")
        if rows:
            assert warehouse.done(f"COPY {name} FROM 's3://{warehouse.bucket}/{name}/' {ROLE} {options}") == len(
                expected
            )
        loaded_rows = sorted(warehouse.rows(f"SELECT * FROM {name}"), key=str)
        assert [[a, b, f"{Decimal(c):.2f}"] for a, b, c in loaded_rows] == expected
