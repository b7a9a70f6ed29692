"""Every kind of damage to a published file, compared with the damaged copies of real files."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import requests

from bcb_mirror.damage import DAMAGES, damaged
from bcb_mirror.errors import DamageError
from bcb_mirror.quarters import Quarter
from bcb_mirror.serving import Serving
from bcb_mirror.synthetic_world import SyntheticWorld


@pytest.fixture
def published(world: SyntheticWorld) -> bytes:
    content = world.ranking(Quarter(2021, 1))
    assert content
    return content


def test_every_damage_changes_the_file_and_is_served(mirror: Serving, published: bytes) -> None:
    query = {"ano": "2021", "periodicidade": "TRIMESTRAL", "periodo": "1", "tipo": "Bancos e financeiras"}
    for kind in DAMAGES:
        body = {"quarter": "2021T1", "kind": kind}
        requests.post(f"{mirror.url}/_mirror/damage", json=body, timeout=10).raise_for_status()
        content = requests.get(f"{mirror.ranking_url}/arquivo", params=query, timeout=10).content
        assert content == damaged(published, kind) != published


def test_utf8_keeps_the_text(published: bytes) -> None:
    assert damaged(published, "utf8").decode() == published.decode("cp1252")
    assert damaged(published, "utf8_bom").decode("utf-8-sig") == published.decode("cp1252")


def test_lost_accents_are_one_mark_each(published: bytes) -> None:
    text = damaged(published, "accents_lost").decode()
    assert text.startswith("Ano;Trimestre;Categoria;Tipo;CNPJ IF;Institui\ufffd\ufffdo financeira;\ufffdndice;")
    assert len(text) == len(published)
    assert damaged(published, "accents_0xff").count(b"\xff") == text.count("\ufffd")


def test_transliterated_is_ascii(published: bytes) -> None:
    lines = damaged(published, "transliterated").decode("ascii").split("\n")
    assert lines[0].split(";")[11] == "Quantidade total de clientes - CCS e SCR"
    assert lines[1].startswith("2021;1o;")
    assert lines[-2:] == ["", ""]


def test_comma_quoted_renamed_has_the_same_cells(published: bytes) -> None:
    rows = list(csv.reader(damaged(published, "comma_quoted_renamed").decode().splitlines()))
    original = [line.split(";")[:14] for line in published.decode("cp1252").splitlines()]
    assert rows[0][5:7] + rows[0][-1:] == ["instituicao_financeira", "indice", "unnamed_14"]
    assert rows[1:] == [["" if field == " " else field for field in (*row, "")] for row in original[1:]]


def test_one_blank_lost_is_one_byte(published: bytes) -> None:
    content = damaged(published, "one_blank_lost")
    assert len(content) == len(published) - 1 and content.count(b";;") == 1


def test_the_header_is_wider_than_the_rows(published: bytes) -> None:
    lines = damaged(published, "header_wider").split(b"\r\n")
    assert lines[0].count(b";") == 14 and {line.count(b";") for line in lines[1:-1]} == {13}


def test_rows_end_in_a_suffix_and_a_blank_cnpj_becomes_null(published: bytes) -> None:
    lines = damaged(published, "row_suffix_null").decode().splitlines()
    assert all(line.endswith((";,,", ";,")) for line in lines)
    assert sum(";Conglomerado;NULL;" in line for line in lines) == published.count(b"Conglomerado; ;")


def test_bom_only_is_four_bytes(published: bytes) -> None:
    assert damaged(published, "bom_only") == b"\xef\xbb\xbf\n"


def test_an_unknown_damage_is_refused(published: bytes) -> None:
    known = "accents_0xff, accents_lost, bom_only, comma_quoted_renamed, header_wider, one_blank_lost"
    with pytest.raises(DamageError, match=f"^damage 'fire' is unknown; known are {known}"):
        damaged(published, "fire")


@pytest.mark.parametrize(
    ("quarter", "kind", "copy"),
    [
        ("2021T1", "transliterated", "2021T1_ascii_transliterated.csv"),
        ("2021T1", "comma_quoted_renamed", "2021T1_comma_quoted_renamed_header.csv"),
        ("2021T2", "one_blank_lost", "2021T2_one_blank_lost.csv"),
        ("2022T2", "bom_only", "2022T2_bom_only.csv"),
    ],
)
def test_the_damage_of_a_real_quarter_equals_the_real_damaged_copy(
    real_data: Path, quarter: str, kind: str, copy: str
) -> None:
    published = (real_data / "complaints" / f"reclamacoes_{quarter}.csv").read_bytes()
    assert damaged(published, kind) == (real_data / "complaints_damaged" / copy).read_bytes()
