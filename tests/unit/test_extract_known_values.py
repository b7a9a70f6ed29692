"""Values with which other sources are requested, read from files in their real formats."""

from __future__ import annotations

import bz2
import gzip
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from estrela.etl.extractors.known_values import KnownValues, requests_values, values_of
from estrela.etl.extractors.raw_extractor import Scope
from estrela.etl.raw.layer import Arrival, RawLayer
from estrela.logger import Logger
from estrela.model import (
    Column,
    CsvSource,
    Digits,
    Download,
    Field,
    FixedWidthSource,
    JsonLinesSource,
    Layout,
    ParquetSource,
)
from estrela.model.source import Source
from estrela.stars.banking.ranking import complaints, last_month
from estrela.stars.banking.sources import group_members, segments

HEADER = ";".join(field.header for field in complaints.layouts[0].fields)
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def raw() -> Iterator[RawLayer]:
    with mock_aws():
        s3 = boto3.client("s3", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        s3.create_bucket(Bucket="lake")
        yield RawLayer(s3, "lake")


def receive(raw: RawLayer, source: str, body: bytes, **request: str) -> None:
    raw.write(source, [Arrival(request, 0, "https://x.test", body, NOW)])


def cnpj_roots(raw: RawLayer, source: Source) -> list[str]:
    """Return the CNPJ roots in the current files of a source."""
    return list(values_of(raw, [(source, "cnpj_root")]).values)


def ranking(*cnpjs: str) -> str:
    rows = [f"2021;1º;Top 10;Banco/financeira;{cnpj};NAME;1;1;1;1;3;9;9;9" for cnpj in cnpjs]
    return "\n".join([HEADER, *rows, ""])


def test_zeros_are_put_back_and_blanks_and_nonsense_left_out(raw: RawLayer) -> None:
    receive(raw, "complaints", ranking("0", "00000000", " ", "x1", "92874270").encode("cp1252"), year="2021")
    assert cnpj_roots(raw, complaints) == ["00000000", "92874270"]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig"])
def test_a_file_of_any_encoding_tells_its_values(raw: RawLayer, encoding: str) -> None:
    receive(raw, "complaints", ranking("1").encode(encoding), year="2021")
    assert cnpj_roots(raw, complaints) == ["00000001"]


def test_only_current_answers_count(raw: RawLayer) -> None:
    receive(raw, "complaints", ranking("1").encode(), year="2021")
    receive(raw, "complaints", ranking("2").encode(), year="2021")
    assert cnpj_roots(raw, complaints) == ["00000002"]


def test_json_answers_tell_their_values(raw: RawLayer) -> None:
    records = [{"Cnpj": "191", "Nome": "A"}, {"Cnpj": None, "Nome": "B"}]
    receive(raw, "group_members", json.dumps({"value": records}).encode(), group_code="01")
    assert cnpj_roots(raw, group_members) == ["00000191"]


ROOT = Column("cnpj_root", "string", "CNPJ root")
SHARED: Any = {
    "name": "banks", "doc": "Banks", "entity": "banks", "origin": Download("https://x.test/banks"), "columns": (ROOT,),
    "layouts": (Layout("v1", (Field("Cnpj", "cnpj_root", Digits(8)),)),),
}  # fmt: skip
LINES = b'{"Cnpj": 191}\n{"Cnpj": "x"}\nno json\n{"Cnpj": null}\n{"Cnpj": "92874270"}\n'


def parquet() -> bytes:
    body = io.BytesIO()
    pq.write_table(pa.table({"Cnpj": [191, None, 92874270]}), body)
    return body.getvalue()


@pytest.mark.parametrize(
    ("source", "body"),
    [
        (JsonLinesSource(**SHARED), LINES),
        (JsonLinesSource(**SHARED, compression="gzip"), gzip.compress(LINES)),
        (FixedWidthSource(**SHARED, spans=((3, 10),)), b"0100000191\n01\n01no digit\n0192874270\n"),
        (ParquetSource(**SHARED), parquet()),
        (CsvSource(**SHARED, delimiter=",", compression="bz2"), bz2.compress(b"Cnpj\n191\n92874270\n")),
    ],
    ids=["lines", "gzip", "fixed", "parquet", "bz2"],
)
def test_every_format_tells_its_values(
    raw: RawLayer, source: Source, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    receive(raw, "banks", body)
    assert cnpj_roots(raw, source) == ["00000191", "92874270"]
    receive(raw, "banks", b"\x00damaged")
    is_text = isinstance(source, FixedWidthSource)
    assert values_of(raw, [(source, "cnpj_root")]) == KnownValues([], complete=is_text)


def test_a_file_that_cannot_be_read_is_named_in_the_log(raw: RawLayer) -> None:
    stream = io.StringIO()
    Logger.to(stream)
    receive(raw, "segments", b"another\tfile\r\n1\t2\r\n")
    assert values_of(raw, [(segments, "cnpj_root")]) == KnownValues([], complete=False)
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["level"], line["source"], line["column"]) == ("WARNING", "segments", "cnpj_root")
    assert line["file"] == raw.current("segments")[0].key


def test_months_are_the_last_of_the_quarters_received(raw: RawLayer) -> None:
    receive(raw, "complaints", b"a", year="2021", quarter="4")
    receive(raw, "complaints", b"b", year="2022", quarter="1")
    assert requests_values(raw, complaints, last_month, Scope()).values == ["202112", "202203"]
    limited = Scope({"quarters": ("2021T4",)})
    assert requests_values(raw, complaints, last_month, limited).values == ["202112"]


def test_the_real_quarters_tell_each_bank_once_and_so_do_their_damaged_copies(raw: RawLayer, real_data: Path) -> None:
    for path in (real_data / "complaints").glob("reclamacoes_202[01]T*.csv"):
        receive(raw, "complaints", path.read_bytes(), file=path.name)
    banks = cnpj_roots(raw, complaints)
    assert {len(cnpj) for cnpj in banks} == {8}
    assert len(banks) == 90
    for path in (real_data / "complaints_damaged").glob("202*T*.csv"):
        receive(raw, "complaints", path.read_bytes(), file=path.name)
    assert cnpj_roots(raw, complaints) == banks


def test_a_large_file_tells_its_values_block_by_block(raw: RawLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    receive(raw, "complaints", ranking(*(str(number) for number in range(300))).encode(), year="2021")
    whole = cnpj_roots(raw, complaints)
    assert len(whole) == 300
    for block in (7, 1000, 4096):
        monkeypatch.setattr("estrela.etl.extractors.known_texts.BLOCK", block)
        assert cnpj_roots(raw, complaints) == whole


def test_a_block_does_not_end_inside_a_quoted_field(raw: RawLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ",".join(f'"{field.header}"' for field in complaints.layouts[0].fields)
    row = '"2021","1º","Top 10","Banco/financeira","{}","TWO\nLINES","1","1","1","1","3","9","9","9"'
    receive(raw, "complaints", "\n".join([names, *(row.format(number) for number in range(50)), ""]).encode(), year="1")
    monkeypatch.setattr("estrela.etl.extractors.known_texts.BLOCK", 64)
    assert len(cnpj_roots(raw, complaints)) == 50
