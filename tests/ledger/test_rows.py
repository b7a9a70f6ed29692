"""COPY accepts the same rows as reading field by field, and unusual files are read or refused."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ledger_warehouse import COLUMNS, FIELDS, HEADER, Warehouse, csv, sales_feed

from estrela.errors import FileRefusedError
from estrela.etl.feed_rows import csv_rows
from estrela.etl.feed_rows.judge import Judge
from estrela.etl.feed_rows.rows import open_rows
from estrela.model import Number, Prefix, Timestamp
from estrela.model.feed import Feed, RowTolerance
from estrela.model.feed_format import Csv, JsonLines

NUMBERS = st.one_of(
    st.integers(-(10**9), 10**9).map(str),
    st.integers(0, 10**11).map(str),
    st.decimals(-(10**9), 10**9, places=3).map(str),
    st.sampled_from(
        [
            "",
            " ",
            "0",
            "-0",
            "007",
            "1e3",
            "NaN",
            "+1",
            "1.",
            ".5",
            "12.30",
            "99999999.99",
            "100000000",
            "1_0",
            "2147483648",
            "1.234",
            "-2147483649",
        ]
    ),
)
DATES = st.one_of(
    st.dates(min_value=date(1990, 1, 1)).map(str),
    st.dates().map(str),
    st.sampled_from(
        ["", "2024-02-29", "2023-02-29", "2024-1-1", "0000-01-01", "infinity", "now", "2024-04-31", "today"]
    ),
)
TEXTS = st.one_of(
    st.text("abc é-", min_size=1),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n")),
    st.sampled_from(
        ['""', '"a, b"', '" a "', '"a""b"', '"a"b', 'a"b', "\\N", "\\.", " é ", "\xa0x", "NULL", '"a\nb"', "ß"]
    ),
)
WORDS = st.sampled_from(["", "true", "false", "false", "t", "TRUE", "yes", " true", "1", '"true"'])
TIMES = st.one_of(
    st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S")),
    st.sampled_from(["", "2024-01-01T00:00:00", "2024-01-01 24:00:00", "2024-01-01 23:59:60", "epoch"]),
)
BASE = ("1", "2024-01-02", "Ana", "1.50", "true", "2024-01-02 03:04:05")


def with_cell(place: int, cell: str) -> str:
    """Return a valid row in which one cell is replaced by ``cell``."""
    return ",".join((*BASE[:place], cell, *BASE[place + 1 :]))


CELLS = (NUMBERS, DATES, TEXTS, NUMBERS, WORDS, TIMES)
ROWS = st.lists(
    st.one_of(*[st.builds(with_cell, st.just(place), cells) for place, cells in enumerate(CELLS)]),
    min_size=40, max_size=150,
)  # fmt: skip
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@given(rows=ROWS, end=ENDS)
@settings(
    max_examples=5, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_rows_that_pass_unchanged_are_those_that_are_read(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, rows: Sequence[str], end: str
) -> None:
    warehouse.feeds = {"sales": sales_feed(tolerance=RowTolerance(rows=10**6))}
    content = end.join([HEADER.strip(), *rows, ""]).encode()
    outcomes = []
    for is_fast in (True, False):
        warehouse.database.query("DROP TABLE IF EXISTS mart.sales")
        warehouse.database.query("TRUNCATE ledger.files CASCADE")
        with monkeypatch.context() as patch:
            if not is_fast:
                patch.setattr(csv_rows, "rows_pattern", lambda *_: None)
            warehouse.register_events(warehouse.put("sales/1.csv", content))
            error = warehouse.load()
        loaded = (
            [] if error else warehouse.query("SELECT id, day, name, amount, is_open, at, source_line FROM mart.sales")
        )
        rejects = warehouse.query("SELECT line, column_name, value, reason, raw_line FROM ledger.rejects")
        outcomes.append((error.partition("1.csv: ")[2], sorted(loaded, key=lambda row: row[-1]), sorted(rejects)))
    assert outcomes[0] == outcomes[1]


def read(feed: Feed, content: bytes) -> tuple[str, list[tuple[int, str, str]]]:
    """Return the text for COPY of file 1, load 2, and the rejects."""
    rows = open_rows(io.BytesIO(content), Judge.of(feed, b""), "s3://b/k")
    pieces = list(rows.pieces(rows.wire(1, 2)))
    rejects = [(reject.line, reject.column, reject.reason) for piece in pieces for reject in piece.rejects]
    return "".join(piece.text for piece in pieces), rejects


NAMES = sales_feed(columns=COLUMNS[:3:2], fields=FIELDS[:3:2])


@pytest.mark.parametrize(
    ("form", "content", "text"),
    [
        (Csv(), b"\xef\xbb\xbfid,name\n1,a\n", "1,2,2,1,a\n"),
        (Csv(), b"name,id\na,1", '1,2,2,"a","1"\n'),
        (Csv(header=False), b"\xef\xbb\xbf1,a\n2,b\n", "1,2,1,1,a\n1,2,2,2,b\n"),
        (Csv(heading_lines=2), b"Report\n\nid,name\r\n1,a\r\n\r\n2,b\r\n", "1,2,4,1,a\n1,2,6,2,b\n"),
        (Csv(), b'id,name\n1,"a\n\nb"\n2,c\n', '1,2,2,"1","a\n\nb"\n1,2,5,2,c\n'),
        (Csv(), b"id,name\n1,S\xe3o\n2,b\n", '1,2,2,"1","São"\n1,2,3,"2","b"\n'),
        (Csv(null_words=("-",)), b"id,name\n1,-\n", '1,2,2,"1",\n'),
        (Csv(delimiter=";", quote=""), b'id;name\n1;a"b\n', '1;2;2;"1";"a""b"\n'),
        (Csv(), b"id,name\n1,a,\n", '1,2,2,"1","a"\n'),
        (JsonLines(), b'{"id": 1, "name": "a", "x": 2}\n\n{"id": "2"}\n', '1,2,1,"1","a"\n1,2,3,"2",\n'),
    ],
)
def test_forms_of_files(form: Any, content: bytes, text: str) -> None:
    assert read(replace(NAMES, format=form), content) == (text, [])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_that_pass_unchanged_come_in_pieces(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    """PostgreSQL works on a piece while the next one is read; a row is never divided."""
    monkeypatch.setattr(csv_rows, "STRETCH", 12)
    lines = ["id,name", "1,a", '2,"b"', "3,c", "x,d", "4,e", f"5,{'f' * 20}", "6,g", ""]
    rows = open_rows(io.BytesIO(end.join(lines).encode()), Judge.of(NAMES, b""), "s3://b/k")
    pieces = list(rows.pieces(rows.wire(1, 2)))
    text = "".join(piece.text for piece in pieces)
    assert text == f'1,2,2,1,a\n1,2,3,2,"b"\n1,2,4,3,c\n1,2,6,4,e\n1,2,7,5,{"f" * 20}\n1,2,8,6,g\n'
    assert [reject.line for piece in pieces for reject in piece.rejects] == [5]
    assert [piece.rows for piece in pieces] == [2, 1, 0, 1, 2]


def test_a_row_that_lost_a_field_before_its_blank_end_is_rejected() -> None:
    content = b"id,name,\n1,a,\n2,b\n,\n3,\n4,,\n"
    reason = "a field is missing: the row has 2 fields and the last is empty; the header has 3"
    text = '1,2,2,"1","a"\n1,2,3,"2","b"\n1,2,6,"4",\n'
    assert read(NAMES, content) == (text, [(4, "", reason), (5, "", reason)])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty: it has no header line and no row"),
        ("id,name\n1,a\n".encode("utf-16"),
         "the header has NUL characters, as UTF-16 text has; allowed: utf-8 or windows-1252 (��id,name)"),
        (b"id,other\n", "name: the header lacks this column of layout declared (id,other)"),
        (b"id,name,more\n", "more: column 3 of the header is not one of the 2 of layout declared, or occurs twice; "
         "declare it or ignore it (3 columns)"),
    ],
)  # fmt: skip
def test_files_that_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(FileRefusedError) as caught:
        read(NAMES, content)
    assert caught.value.reason == reason or "UTF-16" in reason
    assert caught.value.feed == "sales"


def test_a_cell_of_10_mb_and_a_nul_byte(warehouse: Warehouse) -> None:
    warehouse.feeds = {"sales": replace(NAMES, tolerance=RowTolerance(rows=1))}
    warehouse.register_events(warehouse.put("sales/1.csv", b"id,name\n1," + b"x" * 10_000_000 + b"\n2,a\0b\n"))
    assert warehouse.load() == ""
    assert warehouse.query("SELECT id, length(name) FROM mart.sales") == [(1, 10_000_000)]
    assert warehouse.query("SELECT line, reason, value FROM ledger.rejects") == [
        (3, "any text without NUL characters is allowed", "ab")
    ]


@pytest.mark.parametrize(
    ("form", "content", "reason"),
    [
        (Csv(), csv(1) + b'2,,"never closed,,,\n3,,a,,,\n', "the quoted field that begins in line 3 is never closed"),
        (Csv(compression="gzip"), csv(1), "it is not a valid gzip file: Not a gzipped file (b'id')"),
        (Csv(max_bytes=10), csv(1), "its content is larger than the declared max_bytes=10"),
    ],
)
def test_a_damaged_file_fails_and_loads_nothing(warehouse: Warehouse, form: Csv, content: bytes, reason: str) -> None:
    warehouse.feeds = {"sales": sales_feed(format=form)}
    warehouse.register_events(warehouse.put("sales/1.csv", content))
    assert warehouse.load().endswith(f"1.csv: {reason}")
    assert warehouse.states() == [("sales/1.csv", "Fail")]
    assert warehouse.query("SELECT to_regclass('mart.sales')") == [(None,)]


def test_parsers_of_other_forms(warehouse: Warehouse) -> None:
    parsers = {
        "amount": Number(",", grouping="."),
        "name": Prefix({"lo": "store", "we": "web"}),
        "at": Timestamp("dd/MM/yyyy HH:mm", zone="America/Sao_Paulo"),
    }
    fields = tuple(replace(field, parse=parsers.get(field.column, field.parse)) for field in FIELDS)
    warehouse.feeds = {"sales": sales_feed(fields=fields, format=Csv(delimiter=";"))}
    body = "id;day;name;amount;open;at\n1;2024-02-29;loja;1.234,5;true;31/12/2024 23:30\n"
    warehouse.register_events(warehouse.put("sales/1.csv", body.encode()))
    assert warehouse.load() == ""
    assert warehouse.query("SELECT name, amount::text, at AT TIME ZONE 'UTC' || '' FROM mart.sales") == [
        ("store", "1234.50", "2025-01-01 02:30:00")
    ]
