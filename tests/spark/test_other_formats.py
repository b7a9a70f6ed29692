"""JSON Lines, fixed width and Parquet: the same declared parsers, line numbers and reasons."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrameReader, SparkSession
from reading import fields, read

from estrela.errors import DefinitionError
from estrela.etl.readers.parquet_schemas import ParquetSchemas
from estrela.model import (
    Boolean,
    Date,
    Download,
    FixedWidthSource,
    JsonLinesSource,
    Number,
    ParquetSource,
    Text,
    Timestamp,
    Whole,
)

DESCRIBED = {"name": "shops", "doc": "Shops", "entity": "shops", "origin": Download("https://x/shops")}
PRICED = fields(code=Text(), price=Number("."))


def json_lines(**options: object) -> JsonLinesSource:
    return JsonLinesSource(**(DESCRIBED | PRICED | options))  # type: ignore[arg-type]


def fixed(**options: object) -> FixedWidthSource:
    return FixedWidthSource(**(DESCRIBED | PRICED | {"spans": ((1, 4), (8, 12))} | options))  # type: ignore[arg-type]


@pytest.mark.parametrize("compression", ["", "gzip"])
def test_each_line_is_a_json_object_with_the_digits_that_were_sent(
    spark: SparkSession, tmp_path: Path, compression: str
) -> None:
    body = (
        b'\xef\xbb\xbf{"code": "1.50", "price": 10000000.00, "more": 1}\n\n'
        b'{"code": "2", "price": "x"}\n[1]\n{"code": "3"\n{"code": "S\xc3O", "price": 1}\n{"price": 2, "code": 1.50}\n'
        b'null\n{"code": "8"} x\n{"code": "9"}{"code": "10"}\n{"code": "9"},{"code": "10"}\n'
    )
    outcome = read(spark, tmp_path, json_lines(compression=compression), gzip.compress(body) if compression else body)

    assert outcome.values("source_line", "code", "price") == [
        (1, "1.50", Decimal("10000000.00")),
        (7, "1.50", Decimal("2.00")),
    ]
    assert [(line, column, reason) for line, column, _, reason in outcome.reasons()] == [
        (3, "price", "a number with decimal mark '.' that fits decimal(18,2) is allowed"),
        (4, "", "the line is not a JSON object"),
        (5, "", "the line is not a JSON object"),
        (6, "", "the row is not text in utf-8"),
        *[(line, "", "the line is not a JSON object") for line in (8, 9, 10, 11)],
    ]


def test_fields_of_fixed_width_are_characters_of_any_encoding(spark: SparkSession, tmp_path: Path) -> None:
    body = "SÃOS   12.50 \n".encode() + "SÉ  xxx2.5  \n".encode("cp1252") + b"short\n" + b"four   1.25 rest\n"
    outcome = read(spark, tmp_path, fixed(), body)

    assert outcome.values("source_line", "code", "price") == [(1, "SÃOS", Decimal("12.50")), (2, "SÉ", Decimal("2.50"))]
    assert outcome.reasons() == [
        (3, "", "short", "the line has 5 characters, but 12 are declared"),
        (4, "", "four   1.25 rest", "the line has text after the 12 declared characters"),
    ]


def test_parquet_values_are_read_by_their_parsers_with_the_rows_numbers(spark: SparkSession, tmp_path: Path) -> None:
    declared = fields(code=Whole(), price=Number("."), rate=Number("."), day=Date(), paid=Boolean(), name=Text())
    at = fields(at=Timestamp("yyyy-MM-dd HH:mm:ss.S"))
    source = ParquetSource(**(DESCRIBED | declared), ignore=("more",))  # type: ignore[arg-type]
    columns = {
        "code": pa.array([1, 2]),
        "price": pa.array([Decimal("10000000.10"), Decimal("0.01")], pa.decimal128(12, 2)),
        "rate": pa.array([1.25e7, 0.125]),
        "day": pa.array([date(2020, 1, 31), None]),
        "paid": pa.array([True, False]),
        "name": pa.array(["A", "B"]),
        "more": pa.array([1, 1]),
    }
    outcome = read(spark, tmp_path / "a", source, parquet(columns), parquet(dict(reversed(columns.items()))))
    moment = pa.array([datetime(2020, 1, 31, 1, 2, 3, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    timed = read(spark, tmp_path / "b", ParquetSource(**(DESCRIBED | at)), parquet({"at": moment}))  # type: ignore[arg-type]

    row = (1, 1, Decimal("10000000.10"), Decimal("12500000.00"), date(2020, 1, 31), True, "A")
    assert outcome.values("source_line", "code", "price", "rate", "day", "paid", "name") == [row, row]
    assert outcome.reasons()[0] == (
        2, "rate", "0.125", "a number with decimal mark '.' that fits decimal(18,2) is allowed",
    )  # fmt: skip
    assert [instant.astimezone(UTC) for instant in timed.values("at")] == [datetime(2020, 1, 31, 1, 2, 3, tzinfo=UTC)]  # type: ignore[attr-defined]


def test_spark_reads_the_schema_of_one_parquet_file_of_each_form(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = {f"c{at}": pa.array(["x" * 40]) for at in range(900)}
    forms = [
        {"code": pa.array(["1"])},
        {"code": pa.array([1])},
        {"code": pa.array(["1"]), "price": pa.array([1])},
        many,
    ]
    paths = [tmp_path / f"{copy}-{at}" for at in range(len(forms)) for copy in range(3)]
    for path in paths:
        path.write_bytes(parquet(forms[int(path.name[-1])]))
    asked: list[str] = []
    read_parquet = DataFrameReader.parquet
    monkeypatch.setattr(DataFrameReader, "parquet", lambda own, uri: asked.append(uri) or read_parquet(own, uri))
    schemas = ParquetSchemas(spark)

    layouts = [schemas.of(path.as_uri(), path.stat().st_size) for path in paths]

    assert [dict(layout).get("code") for layout in layouts[:9]] == ["string"] * 3 + ["bigint"] * 3 + ["string"] * 3
    assert len(layouts[-1]) == len(many)
    assert len(asked) == len(forms)


def test_parquet_files_that_are_not_as_declared_are_refused(spark: SparkSession, tmp_path: Path) -> None:
    source = ParquetSource(**(DESCRIBED | PRICED))  # type: ignore[arg-type]
    whole = parquet({"code": pa.array(["1"]), "price": pa.array([1])})
    footer = int.from_bytes(whole[-8:-4], "little")
    outcome = read(
        spark,
        tmp_path,
        source,
        b"code;price\n",
        whole[:-9],
        b"PAR1" + whole[-8:],
        whole[: -8 - footer] + b"\xff" * footer + whole[-8:],
        parquet({"code": pa.array(["1"])}),
        parquet({"code": pa.array(["1"]), "price": pa.array([1]), "more": pa.array([1])}),
        parquet({"code": pa.array([["1"]]), "price": pa.array([1])}),
    )
    assert outcome.rows == []
    damaged = outcome.refused.pop(3)
    assert damaged.startswith("its footer cannot be read: Couldn't deserialize")
    assert outcome.refused == [
        "it is not a Parquet file",
        "it does not end with the marker PAR1: it was truncated, or its footer is encrypted",
        "its footer would be longer than the file, which has 12 bytes",
        "the file lacks this column",
        "the column is not declared; declare it or ignore it",
        "its type is not one of string, boolean, tinyint, smallint, int, bigint, float, double, date, timestamp, "
        "timestamp_ntz, decimal",
    ]


def parquet(columns: dict[str, pa.Array]) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fixed(spans=((1, 4),)), "FixedWidthSource('shops'): has 1 spans for 2 fields"),
        (
            lambda: fixed(spans=((1, 4), (0, 2))),
            "FixedWidthSource('shops'): span (0, 2); allowed: a first character from 1, and a last one",
        ),
        (
            lambda: json_lines(layouts=PRICED["layouts"] * 2),  # type: ignore[operator]
            "JsonLinesSource('shops'): has 2 layouts where 1 is allowed",
        ),
        (
            lambda: json_lines(compression="rar"),
            "JsonLinesSource('shops'): unknown compression 'rar'; allowed: , gzip, bz2, zstd, zip",
        ),
    ],
)
def test_a_format_that_contradicts_itself_is_refused(make: object, message: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        make()  # type: ignore[operator]
    assert str(refused.value) == message
