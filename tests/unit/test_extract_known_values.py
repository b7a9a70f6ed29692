"""What other sources are asked for, read from files as they are met in the wild."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from estrela.etl.extractors.extractor import Scope
from estrela.etl.extractors.known_values import KnownValues, requests_values, values_of
from estrela.etl.raw.layer import Arrival, RawLayer
from estrela.logger import Logger
from estrela.model.source import Source
from estrela.stars.banking.sources import complaints, group_members, last_month, segments

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


def found(raw: RawLayer, source: Source) -> list[str]:
    """CNPJ roots in the current files of a source."""
    return list(values_of(raw, [(source, "cnpj_root")]).values)


def ranking(*cnpjs: str) -> str:
    rows = [f"2021;1º;Top 10;Banco/financeira;{cnpj};NAME;1;1;1;1;3;9;9;9" for cnpj in cnpjs]
    return "\n".join([HEADER, *rows, ""])


def test_zeros_are_put_back_and_blanks_and_nonsense_left_out(raw: RawLayer) -> None:
    receive(raw, "complaints", ranking("0", "00000000", " ", "x1", "92874270").encode("cp1252"), year="2021")
    assert found(raw, complaints) == ["00000000", "92874270"]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig"])
def test_a_file_of_any_encoding_tells_its_values(raw: RawLayer, encoding: str) -> None:
    receive(raw, "complaints", ranking("1").encode(encoding), year="2021")
    assert found(raw, complaints) == ["00000001"]


def test_only_current_answers_count(raw: RawLayer) -> None:
    receive(raw, "complaints", ranking("1").encode(), year="2021")
    receive(raw, "complaints", ranking("2").encode(), year="2021")
    assert found(raw, complaints) == ["00000002"]


def test_json_answers_tell_their_values(raw: RawLayer) -> None:
    records = [{"Cnpj": "191", "Nome": "A"}, {"Cnpj": None, "Nome": "B"}]
    receive(raw, "group_members", json.dumps({"value": records}).encode(), group_code="01")
    assert found(raw, group_members) == ["00000191"]


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
    banks = found(raw, complaints)
    assert {len(cnpj) for cnpj in banks} == {8}
    assert len(banks) == 90
    for path in (real_data / "complaints_damaged").glob("202*T*.csv"):
        receive(raw, "complaints", path.read_bytes(), file=path.name)
    assert found(raw, complaints) == banks


def test_a_large_file_tells_its_values_block_by_block(raw: RawLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    receive(raw, "complaints", ranking(*(str(number) for number in range(300))).encode(), year="2021")
    whole = found(raw, complaints)
    assert len(whole) == 300
    for block in (7, 1000, 4096):
        monkeypatch.setattr("estrela.etl.extractors.known_values.BLOCK", block)
        assert found(raw, complaints) == whole


def test_a_block_does_not_end_inside_a_quoted_field(raw: RawLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ",".join(f'"{field.header}"' for field in complaints.layouts[0].fields)
    row = '"2021","1º","Top 10","Banco/financeira","{}","TWO\nLINES","1","1","1","1","3","9","9","9"'
    receive(raw, "complaints", "\n".join([names, *(row.format(number) for number in range(50)), ""]).encode(), year="1")
    monkeypatch.setattr("estrela.etl.extractors.known_values.BLOCK", 64)
    assert len(found(raw, complaints)) == 50
