"""Trino as Athena's engine: conversion of SQL, rows, tables and errors, tested without a Trino."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from localaws import java
from localaws.athena.entries.views import View, view_input
from localaws.athena.errors import QueryCancelledError, QueryError
from localaws.athena.sql_errors import NotSupportedError
from localaws.athena.trino import engine
from localaws.athena.trino.client import Sending, TrinoClient, TrinoUnreachableError
from localaws.athena.trino.distribution import find_distribution
from localaws.athena.trino.endpoint import TrinoEndpoint
from localaws.athena.trino.json_keys import JsonKeys
from localaws.athena.trino.literals import Text, for_trino
from localaws.athena.trino.rendering import render
from localaws.athena.trino.session import TrinoSession
from localaws.athena.trino.types import type_of
from localaws.athena.types.trino import INTEGER
from localaws.errors import JavaMissingError, TrinoMissingError, TrinoStartError
from localaws.settings import Settings

if TYPE_CHECKING:
    from localaws.s3.store import ObjectStore

NO_FILES = cast("ObjectStore", None)
"""The store of tests in which no table has files."""


@pytest.mark.parametrize(
    ("athena", "trino"),
    [
        ("SELECT 1.5", "SELECT 1.5E0"),
        ("SELECT .5, 5., 1_000.25", "SELECT .5E0, 5.E0, 1_000.25E0"),
        ("SELECT 1.5E3, 1e3, 12, 0x1F", "SELECT 1.5E3, 1e3, 12, 0x1F"),
        ("SELECT '1.5', DECIMAL '1.5', \"1.5\", a.b, t1.c2", "SELECT '1.5', DECIMAL '1.5', \"1.5\", a.b, t1.c2"),
        ("SELECT 'it''s 1.5' -- 1.5\n, 2.5 /* 3.5 */", "SELECT 'it''s 1.5' -- 1.5\n, 2.5E0 /* 3.5 */"),
        ("SELECT -1.5*x, a[1.0]", "SELECT -1.5E0*x, a[1.0E0]"),
    ],
)
def test_a_number_with_a_point_is_a_double(athena: str, trino: str) -> None:
    assert for_trino(athena).sql == trino


def test_places_of_errors_are_those_of_the_users_text() -> None:
    text = for_trino("SELECT 1.5, 2.5, nope\nFROM t WHERE 1.5 > nope")
    assert text.origin(1, text.sql.index("nope") + 1) == (1, 18)
    assert text.origin(2, len("FROM t WHERE 1.5E0 > ") + 1) == (2, 20)
    inner = for_trino("SELECT 1.5, nope")
    inside = Text(inner.sql, inner.insertions, "CREATE TABLE t WITH (a = 1) AS\n", (3, 9))
    assert inside.origin(2, inner.sql.index("nope") + 1) == (3, 21)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("boolean", True, "true"),
        ("double", 1e10, "1.0E10"),
        ("double", "NaN", "NaN"),
        ("real", 0.1, "0.1"),
        ("decimal(5,2)", "1.50", "1.50"),
        ("varbinary", base64.b64encode(b"\x00\xff").decode(), "00 ff"),
        ("timestamp(0)", "2024-01-01 10:00:00", "2024-01-01 10:00:00.000"),
        ("timestamp(6)", "2024-01-01 10:00:00.123456", "2024-01-01 10:00:00.123456"),
        ("timestamp(3) with time zone", "2024-01-01 10:00:00.000 UTC", "2024-01-01 10:00:00.000 UTC"),
        ("timestamp(0) with time zone", "2024-01-01 10:00:00 +02:00", "2024-01-01 10:00:00.000 +02:00"),
        ("array(double)", [1, None], "[1.0, null]"),
        ("map(double, varchar)", {"1.0E7": "x"}, "{1.0E7=x}"),
        ("row(a integer, b array(row(c varchar)))", [1, [["x"]]], "{a=1, b=[{c=x}]}"),
        ("row(integer, varchar)", [1, "x"], "{field0=1, field1=x}"),
        ("interval day to second", "1 00:00:00.000", "1 00:00:00.000"),
        ("array(INTERVAL YEAR TO MONTH)", ["1-2"], "[1-2]"),
        ("ipaddress", "10.0.0.1", "10.0.0.1"),
        ("time(0) with time zone", "10:00:00+01:00", "10:00:00+01:00"),
        ("varchar", None, None),
    ],
)
def test_values_are_printed_as_athena_prints_them(kind: str, value: object, shown: str | None) -> None:
    assert render(value, type_of(kind)) == shown


@pytest.mark.parametrize("kind", ["Geometry", "BingTile", "HyperLogLog", "qdigest(bigint)", "array(ipaddress)"])
def test_a_type_whose_print_is_not_known_is_refused_by_name(kind: str) -> None:
    with pytest.raises(NotSupportedError) as refused:
        type_of(kind)
    assert str(refused.value) == (
        f"NOT_SUPPORTED: a result of type {kind} is not supported, because the result could differ from Athena's"
    )


def glue_table(**changes: Any) -> dict[str, Any]:
    storage = {"Columns": [{"Name": "a", "Type": "int"}], "SerdeInfo": {"SerializationLibrary": "x.ParquetHiveSerDe"}}
    return {"DatabaseName": "d", "Name": "t", "StorageDescriptor": storage} | changes


def text_table(properties: dict[str, str]) -> dict[str, Any]:
    serde = {"SerializationLibrary": LAZY, "Parameters": properties}
    return glue_table(StorageDescriptor={"Columns": [{"Name": "a", "Type": "int"}], "SerdeInfo": serde})


def through_endpoint(operation: str, body: dict[str, Any], table: dict[str, Any] | None = None) -> Response:
    """Return Glue's answer ``body`` as Trino sees it; ``table`` is the entry to which partitions belong."""

    def aws(environ: Any, start_response: Any) -> Any:
        asked = environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2]
        request = json.loads(environ["wsgi.input"].read())
        owner = {"Table": table or glue_table()} if request == {"DatabaseName": "d", "Name": "t"} else {}
        answer = body if asked == operation else owner
        return Response(json.dumps(answer), content_type="application/x-amz-json-1.1")(environ, start_response)

    endpoint = TrinoEndpoint(aws, lambda location: [], JsonKeys(NO_FILES))
    request = {"DatabaseName": "d", "TableName": "t"}
    return Client(endpoint).post("/", headers={"X-Amz-Target": f"AWSGlue.{operation}"}, json=request)


OPEN_CSV = {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"}
LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
PROJECTED = {"projection.enabled": "true", "projection.at.type": "date", "projection.at.range": "2024-01-01,NOW"}


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (
            glue_table(StorageDescriptor={"Columns": [{"Name": "a", "Type": "int"}], "SerdeInfo": OPEN_CSV}),
            "varchar: a",
        ),
        (glue_table(PartitionKeys=[{"Name": "at", "Type": "timestamp"}], Parameters=PROJECTED), "projects dates"),
        (text_table({"hive.lazysimple.extended_boolean_literal": "true"}), "hive.lazysimple.extended_boolean_literal"),
        (text_table({"Field.Delim": "|"}), "SerDe property Field.Delim = '|', which Trino does not follow"),
        (text_table({"serialization.encoding": "latin1"}), "serialization.encoding = 'latin1'"),
    ],
)
def test_a_table_that_trino_misreads_is_refused_by_name(table: dict[str, Any], reason: str) -> None:
    answer = through_endpoint("GetTable", {"Table": table})
    assert answer.status_code == 400
    assert json.loads(answer.get_data())["message"].startswith("localaws refuses this table: d.t ")
    assert reason in answer.get_data(as_text=True)


@pytest.mark.parametrize("operation", ["GetPartition", "GetPartitions", "BatchGetPartition"])
def test_a_partition_that_trino_misreads_is_refused_by_name(operation: str) -> None:
    partition = text_table({"serialization.escape.crlf": "true"}) | {"TableName": "t", "Values": ["1"]}
    body = {"Partition": partition} if operation == "GetPartition" else {"Partitions": [partition]}
    answer = through_endpoint(operation, body)
    reason = "localaws refuses this table: a partition of d.t has the SerDe property serialization.escape.crlf = 'true'"
    assert (answer.status_code, json.loads(answer.get_data())["message"].partition(",")[0]) == (400, reason)


def test_a_partition_of_other_columns_is_refused_in_athenas_words() -> None:
    """Trino 476 would read the text ``x`` of a partition as NULL under an integer column."""
    serde = {"SerializationLibrary": LAZY}
    table = glue_table(
        StorageDescriptor={"Location": "s3://b/t/", "Columns": [{"Name": "a", "Type": "int"}], "SerdeInfo": serde},
        PartitionKeys=[{"Name": "p", "Type": "string"}],
    )
    own = {"Location": "s3://b/t/p=1/", "Columns": [{"Name": "b", "Type": "string"}], "SerdeInfo": serde}
    answer = through_endpoint("GetPartitions", {"Partitions": [{"Values": ["1"], "StorageDescriptor": own}]}, table)
    assert (answer.status_code, json.loads(answer.get_data())["message"]) == (
        400,
        "localaws refuses this table: HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch between the table and "
        "partition schemas. The types are incompatible and cannot be coerced. The column 'a' in table 'd.t' is "
        "declared as type 'int', but partition 'p=1' declared column 'b' as type 'string'.",
    )
    same = {**own, "Columns": [{"Name": "b", "Type": "smallint"}]}
    partitions = {"Partitions": [{"Values": ["1"], "StorageDescriptor": same}]}
    assert json.loads(through_endpoint("GetPartitions", partitions, table).get_data()) == partitions


def test_a_missing_output_format_is_that_of_the_input_format() -> None:
    text = {"InputFormat": "org.apache.hadoop.mapred.TextInputFormat", "Columns": [], "SerdeInfo": {}}
    output = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
    for operation, body in (
        ("GetTable", {"Table": glue_table(StorageDescriptor=text)}),
        ("GetTables", {"TableList": [glue_table(StorageDescriptor=text)]}),
        ("GetPartition", {"Partition": {"Values": ["1"], "StorageDescriptor": text}}),
    ):
        answer = through_endpoint(operation, body).get_data(as_text=True)
        assert f'"OutputFormat": "{output}"' in answer


def test_other_tables_and_calls_pass_unchanged() -> None:
    texts = glue_table(StorageDescriptor={"Columns": [{"Name": "a", "Type": "string"}], "SerdeInfo": OPEN_CSV})
    dates = glue_table(PartitionKeys=[{"Name": "at", "Type": "date"}], Parameters=PROJECTED)
    followed = text_table({"field.delim": ";", "timestamp.formats": "dd/MM/yyyy", "serialization.encoding": "UTF-8"})
    for table in (glue_table(), texts, dates, followed):
        assert json.loads(through_endpoint("GetTable", {"Table": table}).get_data()) == {"Table": table}
    assert json.loads(through_endpoint("GetPartitions", {"Partitions": [texts]}).get_data()) == {"Partitions": [texts]}
    assert json.loads(through_endpoint("GetTags", {"Table": dates}).get_data()) == {"Table": dates}


def test_projection_is_trimmed_as_athena_reads_it() -> None:
    spaced = {"projection.enabled": "true ", "projection.k.type": " ENUM ", "projection.k.values": "A,B", "x": " y "}
    answer = json.loads(through_endpoint("GetTable", {"Table": glue_table(Parameters=spaced)}).get_data())
    trimmed = {"projection.enabled": "true", "projection.k.type": "ENUM", "projection.k.values": "A,B", "x": " y "}
    assert answer["Table"]["Parameters"] == trimmed


def test_a_view_gets_what_trino_asks_of_its_own() -> None:
    view = glue_table(**view_input("v", View("d", "SELECT a * 1.5 AS a FROM t", (("a", INTEGER),)), "a comment"))
    for operation, body in (("GetTable", {"Table": view}), ("GetTables", {"TableList": [view | {"Description": "x"}]})):
        answer = json.loads(through_endpoint(operation, body).get_data())
        shown = answer["Table"] if operation == "GetTable" else answer["TableList"][0]
        text = shown["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")
        stored = json.loads(base64.b64decode(text))
        assert (stored["runAsInvoker"], stored["originalSql"]) == (True, "SELECT a * 1.5E0 AS a FROM t")
        assert "Description" not in shown
        assert shown["Parameters"] == {"presto_view": "true", "comment": "Presto View"}


@pytest.mark.parametrize("operation", ["CreateTable", "UpdateTable"])
def test_columns_that_trino_commits_get_the_parameters_that_clients_read(operation: str) -> None:
    """Athena marks the current columns and keeps dropped ones, which Trino does not know."""
    sent: list[Any] = []

    def aws(environ: Any, start_response: Any) -> Any:
        sent.append(json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))
        return Response("{}")(environ, start_response)

    def column(name: str, **parameters: str) -> dict[str, Any]:
        return {"Name": name, "Type": "int", "Parameters": parameters}

    known = {"s3://b/t/m.json": [column("a", current="true"), column("gone", current="false")]}
    endpoint = Client(TrinoEndpoint(aws, known.__getitem__, JsonKeys(NO_FILES)))
    iceberg = {
        "Parameters": {"table_type": "ICEBERG", "metadata_location": "s3://b/t/m.json"},
        "StorageDescriptor": {"Location": "s3://b/t", "Columns": [column("a", trino_type_id="INTEGER")]},
    }
    for table in (iceberg, glue_table()):
        endpoint.post("/", headers={"X-Amz-Target": f"AWSGlue.{operation}"}, json={"TableInput": table})
    written, plain = (request["TableInput"] for request in sent)
    assert plain == glue_table()
    assert written["StorageDescriptor"] == {
        "Location": "s3://b/t",
        "Columns": [column("a", trino_type_id="INTEGER", current="true"), column("gone", current="false")],
    }


class FakeTrino:
    """Answers a statement with one page after another, and records its requests."""

    def __init__(self, pages: list[dict[str, Any]], busy: int = 0) -> None:
        self.pages = pages
        self.busy = busy
        self.calls: list[tuple[str, str]] = []
        self.headers: dict[str, str] = {}
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                fake.calls.append((self.command, body or self.path))
                fake.headers = fake.headers or dict(self.headers)
                fake.busy, is_busy = max(0, fake.busy - 1), fake.busy > 0
                place = int(self.path.rpartition("/")[2]) if self.path[-1].isdigit() else 0
                answer = {"id": "q1", "stats": {}} | (fake.pages[place] if place < len(fake.pages) else {})
                if place + 1 < len(fake.pages):
                    answer["nextUri"] = f"{fake.url}/v1/statement/{place + 1}"
                data = json.dumps(answer).encode()
                self.send_response(503 if is_busy else 200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def session(self, limit: int = 0) -> TrinoSession:
        return TrinoSession(lambda: TrinoClient(self.url), limit)


@pytest.fixture
def fake() -> Iterator[Callable[..., FakeTrino]]:
    started: list[FakeTrino] = []

    def start(pages: list[dict[str, Any]], busy: int = 0) -> FakeTrino:
        started.append(FakeTrino(pages, busy))
        return started[-1]

    yield start
    for trino in started:
        trino.server.shutdown()
        trino.server.server_close()


def test_a_statement_is_sent_whole_and_a_busy_trino_is_asked_again(fake: Callable[..., FakeTrino]) -> None:
    trino = fake([{}, {"updateCount": 3, "stats": {"physicalInputBytes": 70}}], busy=2)
    session = trino.session()
    sending = Sending("d", {"iceberg.compression_codec": "ZSTD"}, {"p": "SELECT 1, 'ü'"})
    assert session.finish(Text("INSERT ü"), sending) == ("q1", 3)
    assert session.scanned == 70
    assert [body for method, body in trino.calls if method == "POST"] == ["INSERT ü"] * 3
    sent = {name: trino.headers[name] for name in trino.headers if name.startswith("X-Trino-S")}
    assert sent == {
        "X-Trino-Source": "localaws",
        "X-Trino-Schema": "d",
        "X-Trino-Session": "iceberg.compression_codec=ZSTD",
    }
    assert trino.headers["X-Trino-Prepared-Statement"] == "p=SELECT%201%2C%20%27%C3%BC%27"


def test_a_query_over_its_limit_is_stopped_in_trino(fake: Callable[..., FakeTrino]) -> None:
    trino = fake([{}, {"stats": {"physicalInputBytes": 101}}, {}])
    with pytest.raises(QueryCancelledError, match="Bytes scanned limit was exceeded"):
        trino.session(limit=100).finish(Text("SELECT 1"), Sending())
    assert trino.calls[-1] == ("DELETE", "/v1/statement/2")


def test_a_stopped_query_is_stopped_in_trino(fake: Callable[..., FakeTrino]) -> None:
    trino = fake([{}, {}, {}, {}])
    session = trino.session()
    pages = session.pages(Text("SELECT 1"), Sending())
    next(pages)
    session.cancel()
    with pytest.raises(QueryCancelledError, match="cancelled by the user"):
        list(pages)
    assert ("DELETE", "/v1/statement/1") in trino.calls
    assert session.cancelled


def test_errors_are_told_in_athenas_words(fake: Callable[..., FakeTrino]) -> None:
    place = {"lineNumber": 1, "columnNumber": 15}
    message = "line 1:15: Table 'iceberg.d.t' does not exist"
    error = {"errorName": "TABLE_NOT_FOUND", "errorType": "USER_ERROR", "message": message, "errorLocation": place}
    trino = fake([{"error": error}])
    with pytest.raises(QueryError) as caught:
        trino.session().finish(for_trino("SELECT 1.5, x FROM t"), Sending())
    assert str(caught.value) == "TABLE_NOT_FOUND: line 1:13: Table 'awsdatacatalog.d.t' does not exist"
    refused = "localaws refuses this table: d.t is odd (Service: Glue, Status Code: 400)"
    trino = fake([{"error": {"errorName": "HIVE_METASTORE_ERROR", "message": refused}}])
    with pytest.raises(QueryError) as caught:
        trino.session().finish(Text("SELECT 1"), Sending())
    assert str(caught.value) == "NOT_SUPPORTED: d.t is odd; the embedded engine reads it"


def test_a_trino_that_does_not_answer_is_named() -> None:
    session = TrinoSession(lambda: TrinoClient("http://127.0.0.1:9"), 0)
    with pytest.raises(TrinoUnreachableError, match=r"Trino at http://127\.0\.0\.1:9 does not answer"):
        session.finish(Text("SELECT 1"), Sending())


def test_no_query_reaches_a_trino_whose_catalogs_are_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogs_created = threading.Event()
    monkeypatch.setattr(engine, "START_SECONDS", 0.1)
    monkeypatch.setattr(engine, "create_catalogs", lambda *_: catalogs_created.wait(60))
    monkeypatch.setattr(TrinoClient, "is_ready", lambda _: True)
    settings = Settings(tmp_path, trino="http://127.0.0.1:9")
    trino = engine.TrinoEngine(settings, tmp_path, NO_FILES, lambda location: [])
    trino.start(lambda *_: [])
    try:
        with pytest.raises(TrinoStartError, match=r"Trino at http://127\.0\.0\.1:9 was not ready within 0 s"):
            trino.open(0).columns(SimpleNamespace(database="d"), "SELECT 1")
    finally:
        catalogs_created.set()
        trino.stop()


def distribution(folder: Path) -> Path:
    for name in ("lib", "plugin/hive", "plugin/iceberg"):
        (folder / name).mkdir(parents=True)
    return folder


def java_of(folder: Path, version: str) -> Path:
    folder.mkdir()
    (folder / "release").write_text(f'JAVA_VERSION="{version}"\n')
    return folder


def test_trino_and_its_java_are_found_or_said_to_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "_DEBIAN", tmp_path / "none")
    monkeypatch.setattr(java, "find_spec", lambda name: None)
    old, new = java_of(tmp_path / "17", "17.0.9"), java_of(tmp_path / "25", "25.0.1")
    environ = {"HOME": str(tmp_path), "PATH": "", "JAVA_HOME": str(old)}
    with pytest.raises(
        TrinoMissingError, match=r"no Trino server in .*; run 'make trino' to download it, set TRINO_HOME"
    ):
        find_distribution(environ)
    cached = distribution(tmp_path / ".cache" / "localaws" / "trino-server-476")
    distribution(tmp_path / ".cache" / "localaws" / "trino-server-99")
    with pytest.raises(
        JavaMissingError, match=r"Trino needs Java 24 or newer; looked at JAVA_HOME=.* \(Java 17\); set"
    ):
        find_distribution(environ)
    assert find_distribution(environ | {"TRINO_JAVA_HOME": str(new)}).home == cached
    assert find_distribution(environ | {"JAVA_HOME": str(new)}).java == new
    (cached / "plugin" / "hive").rmdir()
    with pytest.raises(TrinoMissingError, match="lacks the plugins hive"):
        find_distribution(environ | {"TRINO_HOME": str(cached)})


def test_a_server_without_the_trino_that_it_needs_says_so_in_one_line(tmp_path: Path) -> None:
    options = ["--foreground", "--athena=trino", f"--home={tmp_path / 'home'}", "--port=0"]
    command = [sys.executable, "-m", "localaws", "up", *options]
    done = subprocess.run(command, env={"TRINO_HOME": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"localaws: no Trino server in {tmp_path}; run 'make trino' to download it" in done.stderr
    assert done.stderr.count("\n") == 1


def test_with_duckdb_nothing_of_trino_is_imported() -> None:
    script = (
        "import sys, localaws.server, localaws.athena.api.running, localaws.athena.embedded.run;"
        "print([name for name in sys.modules if 'athena.trino' in name])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"
