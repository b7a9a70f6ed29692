"""Rows that a text table's SerDe reads from lines, and lines that it refuses because it would read them differently."""

from __future__ import annotations

from typing import Any

import pytest

LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
QUOTED = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
OPENX = "org.openx.data.jsonserde.JsonSerDe"
HIVE_JSON = "org.apache.hive.hcatalog.data.JsonSerDe"
TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
UNSURE = (
    "is not supported, because the result could differ from Athena's; a real Trino may answer it: "
    "localaws up --athena trino"
)


def table(athena: Any, s3: Any, columns: str, lines: str | bytes, row_format: str, more: str = "") -> None:
    body = lines if isinstance(lines, bytes) else lines.encode()
    s3.put_object(Bucket=athena.bucket, Key="t/f.txt", Body=body)
    execution = athena.run(
        f"CREATE EXTERNAL TABLE t ({columns}) {row_format} LOCATION 's3://{athena.bucket}/t/' {more}"
    )
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]


def serde(name: str, **properties: str) -> str:
    listed = ", ".join(f"'{key.replace('__', '.')}'='{value}'" for key, value in properties.items())
    return f"ROW FORMAT SERDE '{name}'" + (f" WITH SERDEPROPERTIES ({listed})" if listed else "")


def bar(**properties: str) -> str:
    return serde(LAZY, field__delim="|", **properties)


# https://github.com/trinodb/trino: TestSimpleFormat, where each value is compared with Hive's own SerDe
@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("int", {"19.0": "19", "1.56": "1", ".5": "0", "-0.9": "0", "+7": "7", "1e2": None, "-": None, "": None}),
        ("tinyint", {"128": None, "-128": "-128", "0000127.999": "127"}),
        ("bigint", {"9223372036854775807.999": "9223372036854775807", "9223372036854775808": None}),
        ("boolean", {"tRuE": "true", "FALSE": "false", "t": None, "1": None, "": None}),
        ("date", {"1986-01-33": "1986-02-02", "2021-02-30": "2021-03-02", "2020-1-2 x": "2020-01-02", "x": None}),
        ("varchar(3)", {"value": "val", "v ": "v "}),
        ("char(3)", {"value": "val", "v": "v  "}),
        ("decimal(4,1)", {"1.25": "1.3", "1e2": "100.0", "99999": None}),
        ("timestamp", {"2020-01-02 03:04:05.6789": "2020-01-02 03:04:05.679", "2020-01-02": None}),
    ],
)
def test_lazy_simple_reads_a_text_as_hive_does(athena, s3, kind: str, texts: dict[str, str | None]) -> None:
    lines = "".join(f"{place}|{text}\n" for place, text in enumerate(texts))
    table(athena, s3, f"n int, v {kind}", lines, bar())
    assert [row[0] for row in athena.rows("SELECT v FROM t ORDER BY n")] == list(texts.values())


def test_lazy_simple_follows_its_properties(athena, s3) -> None:
    properties = {
        "timestamp__formats": "dd/MM/yyyy HH:mm,yyyy-MM-dd''T''HH:mm:ss.SSS,millis",
        "hive__lazysimple__extended_boolean_literal": "true",
        "serialization__last__column__takes__rest": "TRUE",
        "serialization__null__format": "nil",
        "serialization__encoding": "windows-1252",
    }
    lines = (
        "05/01/2021 10:00|t|a|b\n2021-01-05T10:00:00.250|0|nil\n1609840800000|F|ação\nnil|x|\n2021-01-05 10:00:00|1\n"
    )
    table(athena, s3, "at timestamp, b boolean, s string", lines.encode("cp1252"), bar(**properties))
    assert athena.rows("SELECT * FROM t") == [
        ("2021-01-05 10:00:00.000", "true", "a|b"),
        ("2021-01-05 10:00:00.250", "false", None),
        ("2021-01-05 10:00:00.000", "false", "ação"),
        (None, None, ""),
        ("2021-01-05 10:00:00.000", "true", None),
    ]


def test_a_type_that_text_does_not_carry_stops_only_the_query_that_reads_it(athena, s3) -> None:
    table(athena, s3, "s string, b binary", "a|b\n", bar())
    assert athena.rows("SELECT s, count(*) OVER () FROM t") == [("a", "1")]
    assert athena.fails("SELECT b FROM t") == f"NOT_SUPPORTED: type varbinary of column b in a text table {UNSURE}"


# https://github.com/trinodb/trino: TestCsvFormat, where each line is compared with Hive's own OpenCSVSerde
@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("", (None, None, None)),
        (" ", (" ", None, None)),
        ("a,", ("a", "", None)),
        ('"a\\"a","b\\,b","c\\\\c"', ('a"a', "b,b", "c\\c")),
        ('"a""a",b,c', ('a"a', "b", "c")),
        ('"a,b,c', (None, None, None)),
        ('a,b,"c', ("a", "b", None)),
        ('a,b,c,anything , " \\', ("a", "b", "c")),
        ('a\\"a,b\\\\b,c', ('a"a', "b\\b", "c")),
        ("a\\,a,b,c", ("a", "a", "b")),
        ('12x"a"x,x"b"x,x"c"x', ('12x"a"x', 'x"b"x', 'x"c"x')),
        ('12x"a",x"b",x"c"', ('12x"a', 'x"b', 'x"c')),
        ('12x"ax,x"bx,x"cx', ('12x"ax,x"bx', None, None)),
        (' "a",  "b",  "c"', (" a", "b", "c")),
        ('"a"  ,  "b"  ,  "c"  ', ("a  ", 'b"  ', 'c"  ')),
        ('x""y,1,', ('x"y', "1", "")),
    ],
)
def test_open_csv_cuts_a_line_as_hive_does(athena, s3, line: str, fields: tuple[str | None, ...]) -> None:
    table(athena, s3, "a string, b string, c string", f"{line}\n", serde(QUOTED))
    assert athena.rows("SELECT * FROM t") == [fields]


def test_open_csv_takes_other_signs_and_refuses_equal_ones(athena, s3) -> None:
    signs = {"separatorChar": "|", "quoteChar": "*", "escapeChar": '"'}
    table(athena, s3, "a string, b string", "*a*|*b\\*b*\n", serde(QUOTED, **signs))
    assert athena.rows("SELECT * FROM t") == [("a", "b*b")]
    athena.run("DROP TABLE t")
    table(athena, s3, "a string", "x\n", serde(QUOTED, separatorChar="|", quoteChar="|"))
    assert athena.fails("SELECT * FROM t") == (
        f"NOT_SUPPORTED: table {athena.database}.t whose separatorChar '|', quoteChar '|' and escapeChar '\\\\' are "
        f"not three different characters {UNSURE}"
    )


def test_openx_follows_its_properties(athena, s3) -> None:
    properties = {"case__insensitive": "FALSE", "dots__in__keys": "true", "mapping__link": "Url"}
    lines = '{"Url":"a","link":"b","x.y":1}\n{"url":"c","X_Y":2}\n'
    table(athena, s3, "link string, x_y int", lines, serde(OPENX, **properties))
    assert athena.rows("SELECT * FROM t") == [("a", "1"), (None, None)]


@pytest.mark.parametrize(
    ("name", "line", "reason"),
    [
        (OPENX, '{"URL":"a","Url":"b"}', 'Row is not a valid JSON Object - JSONException: Duplicate key "Url"'),
        (HIVE_JSON, '{"url":"a","url":"b"}', 'Row is not a valid JSON Object - JSONException: Duplicate key "url"'),
        (HIVE_JSON, '{"url":"\\ud83d"}', 'JSON text of column url contains half of a surrogate pair: "\\ud83d"'),
        (HIVE_JSON, "[1]", "Error Parsing a column in the table: Row is not a valid JSON Object: [1]"),
    ],
)
def test_a_json_line_that_means_no_row_is_bad_data(athena, s3, name: str, line: str, reason: str) -> None:
    table(athena, s3, "url string", f"{line}\n", serde(name))
    assert athena.fails("SELECT * FROM t") == f"HIVE_BAD_DATA: {reason}"


@pytest.mark.parametrize(
    ("row_format", "more", "refused"),
    [
        (bar(quote__delim='"'), "", "SerDe property quote.delim = '\"'"),
        (bar(serialization__escape__crlf="true"), "", "SerDe property serialization.escape.crlf = 'true'"),
        (bar(line__delim=";"), "", "SerDe property line.delim = ';'"),
        (serde(QUOTED, field__delim=";"), "", "SerDe property field.delim = ';'"),
        (serde(HIVE_JSON, timestamp__formats="millis"), "", "SerDe property timestamp.formats = 'millis'"),
        (bar(), "TBLPROPERTIES ('skip.footer.line.count'='1')", "table property skip.footer.line.count = '1'"),
        (bar(), "TBLPROPERTIES ('textinputformat.record.delimiter'='x')",
         "table property textinputformat.record.delimiter = 'x'"),
        (bar(), "TBLPROPERTIES ('transactional'='true')", "table property transactional = 'true'"),
    ],
)  # fmt: skip
def test_a_property_that_is_not_followed_is_refused_by_name(athena, s3, row_format, more, refused) -> None:
    table(athena, s3, "a string", "", row_format, more)
    assert athena.fails("SELECT * FROM t") == f"NOT_SUPPORTED: {refused} of table {athena.database}.t {UNSURE}"


def test_a_pattern_encoding_or_mapping_that_is_not_followed_is_refused(athena, s3) -> None:
    for columns, row_format, reason in (
        ("a timestamp", bar(timestamp__formats="dd MMM yyyy"), "timestamp.formats with the pattern 'dd MMM yyyy'"),
        ("a string", bar(serialization__encoding="klingon"), "serialization.encoding klingon"),
        ("a string", serde(OPENX, mapping__a="A"), "SerDe property mapping.a = 'A' with case.insensitive not FALSE"),
    ):
        table(athena, s3, columns, "x\n", row_format)
        assert athena.fails("SELECT * FROM t") == f"NOT_SUPPORTED: {reason} {UNSURE}"
        athena.run("DROP TABLE t")


def test_informational_table_properties_are_ignored(athena, s3) -> None:
    notes = "TBLPROPERTIES ('classification'='csv', 'areColumnsQuoted'='false', 'numRows'='1', 'owner'='x')"
    table(athena, s3, "a string", "x\n", bar(), notes)
    assert athena.rows("SELECT * FROM t") == [("x",)]


def test_a_manifest_of_symlinks_is_not_read_as_data(athena, s3) -> None:
    symlinks = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
    stored = (
        f"STORED AS INPUTFORMAT '{symlinks}' OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'"
    )
    table(athena, s3, "a string", "s3://elsewhere/f\n", f"{serde(LAZY)} {stored}")
    assert athena.fails("SELECT * FROM t").startswith(f"NOT_SUPPORTED: input format {symlinks} of table")


def test_rows_are_not_written_where_they_would_be_read_another_way(athena, s3) -> None:
    for row_format, more, reason in (
        (bar(escape__delim="~"), "", "SerDe property escape.delim = '~'"),
        (bar(), "TBLPROPERTIES ('skip.header.line.count'='1')", "table property skip.header.line.count = '1'"),
    ):
        table(athena, s3, "a string", "", row_format, more)
        assert athena.fails("INSERT INTO t VALUES 'a'") == (
            f"NOT_SUPPORTED: INSERT into table {athena.database}.t with {reason} {UNSURE}"
        )
        athena.run("DROP TABLE t")


def storage(athena: Any, key: str, columns: dict[str, str], name: str, properties: dict[str, str]) -> dict[str, Any]:
    return {
        "Columns": [{"Name": column, "Type": kind} for column, kind in columns.items()],
        "Location": f"s3://{athena.bucket}/{key}/",
        "InputFormat": TEXT_INPUT,
        "SerdeInfo": {"SerializationLibrary": name, "Parameters": properties},
    }


@pytest.fixture
def parted(aws, athena, s3) -> Any:
    """A function that creates a table of columns `a int, b string` with one partition per given storage."""
    glue, columns = aws.client("glue"), {"a": "int", "b": "string"}

    def make(*partitions: tuple[str, str, dict[str, str], dict[str, str], str]) -> Any:
        table_input = {"Name": "t", "TableType": "EXTERNAL_TABLE", "PartitionKeys": [{"Name": "p", "Type": "string"}]}
        table_input["StorageDescriptor"] = storage(athena, "t", columns, LAZY, {"field.delim": ","})
        glue.create_table(DatabaseName=athena.database, TableInput=table_input)
        for value, name, own, properties, lines in partitions:
            s3.put_object(Bucket=athena.bucket, Key=f"t/p={value}/f", Body=lines.encode())
            descriptor = storage(athena, f"t/p={value}", own, name, properties)
            glue.create_partition(
                DatabaseName=athena.database,
                TableName="t",
                PartitionInput={"Values": [value], "StorageDescriptor": descriptor},
            )
        return athena

    return make


def test_a_partition_is_read_by_its_own_serde(parted) -> None:
    own = {"a": "int", "b": "string"}
    athena = parted(
        ("1", LAZY, own, {"field.delim": "|"}, "1|x,y\n"),
        ("2", LAZY, own, {"field.delim": ","}, "2,z\n"),
        ("3", OPENX, {"a": "smallint", "b": "string"}, {}, '{"b": "w", "a": 3}\n'),
        ("4", LAZY, {"a": "int"}, {"field.delim": "|"}, "4\n"),
    )
    assert athena.rows("SELECT a, b, p, \"$path\" LIKE '%/p=' || p || '/f' FROM t ORDER BY a") == [
        ("1", "x,y", "1", "true"),
        ("2", "z", "2", "true"),
        ("3", "w", "3", "true"),
        ("4", None, "4", "true"),
    ]


def test_a_partition_whose_columns_are_others_is_refused_when_it_is_read(parted) -> None:
    athena = parted(
        ("1", LAZY, {"a": "int", "b": "string"}, {"field.delim": ","}, "1,x\n"),
        ("2", LAZY, {"b": "string", "a": "int"}, {"field.delim": ","}, "x,7\n"),
    )
    assert athena.rows("SELECT a, b FROM t WHERE p = '1'") == [("1", "x")]
    assert athena.fails("SELECT count(*) FROM t") == (
        "HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch between the table and partition schemas. The types are "
        f"incompatible and cannot be coerced. The column 'a' in table '{athena.database}.t' is declared as type 'int', "
        "but partition 'p=2' declared column 'b' as type 'string'."
    )


def test_two_columns_of_one_name_are_refused(aws, athena) -> None:
    place = f"LOCATION 's3://{athena.bucket}/t/'"
    assert athena.fails(f"CREATE EXTERNAL TABLE t (a int, A string) {place}") == (
        "FAILED: SemanticException [Error 10036]: Duplicate column name: a"
    )
    assert athena.fails(f"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (A string) {place}") == (
        "FAILED: SemanticException [Error 10035]: Column repeated in partitioning columns: a"
    )
    iceberg = f"CREATE TABLE t (a int, A string) {place} TBLPROPERTIES ('table_type'='ICEBERG')"
    assert athena.fails(iceberg) == "FAILED: SemanticException [Error 10036]: Duplicate column name: a"
    athena.run(f"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (p string) {place}")
    assert athena.fails("ALTER TABLE t ADD COLUMNS (P int)") == (
        "FAILED: SemanticException [Error 10035]: Column repeated in partitioning columns: p"
    )
    columns = {"StorageDescriptor": storage(athena, "u", {"id": "int", "ID": "string"}, LAZY, {})}
    aws.client("glue").create_table(DatabaseName=athena.database, TableInput={"Name": "u"} | columns)
    assert athena.fails("SELECT * FROM u") == (
        f"HIVE_INVALID_METADATA: Hive metadata for table {athena.database}.u is invalid: Table descriptor contains "
        "duplicate columns: id"
    )
