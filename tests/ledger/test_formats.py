"""Parquet files, and several files in one zip archive."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ledger_warehouse import FIELDS, HEADER, Warehouse, csv, sales_feed

from estrela.errors import DefinitionError
from estrela.model import Boolean
from estrela.model.feed import RowTolerance
from estrela.model.feed_engine import Redshift
from estrela.model.feed_format import Csv, Json, JsonLines, Parquet
from estrela.model.feed_origin import S3Drop

PARQUET = S3Drop("sales/", r"(?P<day>\d+)\.parquet", sequence=("day",))
ZIP = S3Drop("sales/", r"(?P<day>\d+)\.zip", sequence=("day",))


def parquet(columns: Mapping[str, Any]) -> bytes:
    pq.write_table(pa.table(dict(columns)), sink := io.BytesIO(), row_group_size=2)
    return sink.getvalue()


def zipped(members: Mapping[str, bytes]) -> bytes:
    with zipfile.ZipFile(packed := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return packed.getvalue()


@pytest.mark.parametrize("engine", ["postgres", "redshift"])
def test_parquet_is_read_by_name_with_exact_values(
    warehouse: Warehouse, engine: str, request: pytest.FixtureRequest
) -> None:
    changes = {}
    if engine == "redshift":
        request.getfixturevalue("redshift_warehouse")
        changes = {"engine": Redshift()}
    warehouse.feeds = {"sales": sales_feed(origin=PARQUET, format=Parquet(), tolerance=RowTolerance(rows=1), **changes)}
    at = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    columns = {
        "more": ["x", "y", "z"],
        "at": pa.array([at, None, at], pa.timestamp("us", "America/Sao_Paulo")),
        "amount": pa.array([Decimal("12345678.90"), None, Decimal("0.10")], pa.decimal128(12, 2)),
        "open": [True, None, False],
        "name": ['São; "quoted"\n', None, "c"],
        "day": pa.array([date(2024, 2, 29), None, date(2024, 1, 1)]),
        "id": pa.array([1, 2, 3_000_000_000], pa.int64()),
    }
    warehouse.register_events(warehouse.put("sales/1.parquet", parquet(columns)))
    warehouse.load()
    rows = warehouse.target("SELECT id, day, name, amount, is_open, at, source_line FROM mart.sales ORDER BY id")
    assert [tuple(map(str, row)) for row in rows] == [
        ("1", "2024-02-29", 'São; "quoted"', "12345678.90", "True", str(rows[0][5]), "1"),
        ("2", "None", "None", "None", "None", "None", "2"),
    ]
    assert str(rows[0][5]).startswith("2024-01-02 03:04:05")
    assert warehouse.query("SELECT line, column_name, value, reason FROM ledger.rejects") == [
        (3, "id", "3000000000", "a whole number is allowed")
    ]


def test_parquet_that_is_not_as_declared_loads_nothing(warehouse: Warehouse) -> None:
    warehouse.feeds = {"sales": sales_feed(origin=PARQUET, format=Parquet(max_bytes=5000))}
    good = parquet({field.header: ["1"] for field in FIELDS})
    for day, body in enumerate((parquet({"id": ["1"], "day": ["2"]}), good[:-9], good + b" " * 9000)):
        warehouse.register_events(warehouse.put(f"sales/{day}.parquet", body))
        error = warehouse.load()
        warehouse.database.query("UPDATE ledger.files SET state = 'Filtered Out' WHERE state = 'Fail'")
        assert ("the file lacks the column name; its columns: id, day", "it is not a valid Parquet file: ",
                "its content is larger than the declared max_bytes=5000")[day] in error  # fmt: skip
    assert not warehouse.has_table()


def zip_feed(**changes: Any) -> dict[str, Any]:
    given = {"origin": ZIP, "format": Csv(compression="zip", members=r"part\d+\.csv")} | changes
    return {"sales": sales_feed(**given)}


def test_the_members_of_an_archive_are_one_file(warehouse: Warehouse) -> None:
    warehouse.feeds = zip_feed(tolerance=RowTolerance(rows=2))
    members = {"part2.csv": csv(3) + b"4,,,,S,\n", "part1.csv": csv(1, 2) + b"x,,,,,\n", "read.me": b"no rows"}
    warehouse.register_events(warehouse.put("sales/1.zip", zipped(members)))
    assert warehouse.load() == ""
    lines = "SELECT id, source_line FROM mart.sales ORDER BY id"
    assert warehouse.query(lines) == [(1, 2), (2, 3), (3, 1_000_000_002)]
    assert warehouse.query("SELECT line FROM ledger.rejects ORDER BY line") == [(4,), (1_000_000_003,)]
    fields = tuple(
        type(field)(field.header, field.column, Boolean(("true", "S"), ("false",)))
        if field.column == "is_open"
        else field
        for field in FIELDS
    )
    warehouse.feeds = zip_feed(tolerance=RowTolerance(rows=2), fields=fields)
    account = warehouse.changes.replay(warehouse.feeds["sales"], 1, "replay")
    assert (account.loaded, account.rejected) == (1, 1)
    assert warehouse.query(lines)[-1] == (4, 1_000_000_003)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"other.csv": csv(1)}, r"0 files of the zip archive match 'part\\d+\\.csv'; 1 to 1000 are allowed"),
        ({"part1.csv": csv(1), "part2.csv": b"a,b\n1,2\n"}, "id: the header lacks this column"),
        ({"part1.csv": csv(1), "part2.csv": b"day,id,name,amount,open,at\n,2,,,,\n"},
         "part1.csv and part2.csv differ in the order of their columns, their delimiter or their quote"),
        ({"part1.csv": csv(1), "part2.csv": HEADER.encode() + b"2,,,,,\n" * 1000},
         "its files have 7101 bytes, more than the declared max_bytes=5000"),
    ],
)  # fmt: skip
def test_an_archive_that_is_not_as_declared_loads_nothing(
    warehouse: Warehouse, members: dict[str, bytes], message: str
) -> None:
    warehouse.feeds = zip_feed(format=Csv(compression="zip", members=r"part\d+\.csv", max_bytes=5000))
    warehouse.register_events(warehouse.put("sales/1.zip", zipped(members)))
    assert message.replace("\\\\", "\\") in warehouse.load().replace("\\\\", "\\")
    assert not warehouse.has_table()


def test_names_that_leave_the_archive_are_only_names(warehouse: Warehouse) -> None:
    warehouse.feeds = zip_feed(format=Csv(compression="zip", members=r".*part\d+\.csv"))
    warehouse.register_events(
        warehouse.put("sales/1.zip", zipped({"../../part1.csv": csv(1), "/etc/part2.csv": csv(2)}))
    )
    assert warehouse.load() == ""
    assert warehouse.ids() == [1, 2]


def test_documents_and_lines_of_json_may_be_members(warehouse: Warehouse) -> None:
    for number, form in enumerate((Json(compression="zip", members=".*"), JsonLines(compression="zip", members=".*"))):
        warehouse.feeds = zip_feed(format=form)
        rows = ('[{"id": %d}]', '{"id": %d}\n')[number]
        members = {f"{at}.json": (rows % (number * 10 + at)).encode() for at in (1, 2)}
        warehouse.register_events(warehouse.put(f"sales/{number}.zip", zipped(members)))
        assert warehouse.load() == ""
    assert warehouse.ids() == [1, 2, 11, 12]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Csv(members=".*"), "Csv: members='.*' with compression=''; allowed: zip"),
        (lambda: Csv(compression="zip", members="("),
         "Csv: members '(' is not a regular expression: missing ), unterminated subpattern at position 0"),
        (lambda: Parquet(compression="gzip"), "Parquet: compression='gzip': its pages are compressed; allowed: , zip"),
    ],
)  # fmt: skip
def test_a_format_that_contradicts_itself_is_refused(make: Any, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        make()
    assert str(caught.value) == message
