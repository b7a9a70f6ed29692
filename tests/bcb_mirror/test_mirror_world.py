"""The synthetic world and the real files follow the same rules, and the world has the real ranking's quirks."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcb_mirror.errors import QuarterError, WorldError
from bcb_mirror.folder_world import FolderWorld
from bcb_mirror.names import stems
from bcb_mirror.quarters import METHOD_BREAK, Quarter, quarters_between
from bcb_mirror.ranking_file import category
from bcb_mirror.synthetic_world import SyntheticWorld

SEEDS = st.integers(0, 2**31)
QUARTERS = [quarter for quarter in quarters_between(Quarter(2020, 1), Quarter(2026, 2)) if quarter != Quarter(2022, 2)]


def rows_of(content: bytes) -> list[list[str]]:
    return [line.split(";")[:14] for line in content.decode("cp1252").splitlines()[1:]]


def number(text: str) -> int | None:
    assert text == " " or text.isdigit()
    return None if text == " " else int(text)


def hundredths(quarter: Quarter, text: str) -> int:
    """Return an index in hundredths. Zero is written between spaces, and 2020T1 omits trailing zeros."""
    if text == " 0 ":
        return 0
    decimals = r"(,\d[1-9]|,[1-9])?" if quarter == Quarter(2020, 1) else r",\d\d"
    assert re.fullmatch(r"(\d{1,3}\.)*\d{1,3}" + decimals, text)
    whole, _, fraction = text.replace(".", "").partition(",")
    return int(whole + fraction.ljust(2, "0"))


def check_rules(quarter: Quarter, content: bytes) -> None:
    """Check every rule that all unchanged files follow."""
    rows = rows_of(content)
    assert len({(row[4], row[5]) for row in rows}) == len(rows)
    for row in rows:
        assert (row[0], row[1]) == (str(quarter.year), f"{quarter.number}º")
        assert row[2] in {category(quarter, True), category(quarter, False)}
        assert (row[3], row[4] == " ") in {("Conglomerado", True), ("Banco/financeira", False)}
        check_counts(quarter, row)
        check_clients(row)


def check_counts(quarter: Quarter, row: list[str]) -> None:
    first, second, third, fourth = (int(field) for field in row[7:11])
    if quarter >= METHOD_BREAK:
        assert second <= fourth <= first and second <= third <= first
    else:
        assert first + second + third == fourth > 0
    clients = number(row[11])
    if row[6] == " ":
        return
    assert clients
    upheld = third if quarter >= METHOD_BREAK else first
    slack = 50_000_000 // clients + 1 if quarter >= METHOD_BREAK else 0
    assert abs(hundredths(quarter, row[6]) - upheld * 100_000_000 // clients) <= slack


def check_clients(row: list[str]) -> None:
    clients, ccs, scr = (number(field) for field in row[11:14])
    if clients is not None and ccs is not None and scr is not None:
        assert max(ccs, scr) <= clients <= ccs + scr


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from(QUARTERS), st.integers(20, 150))
def test_every_world_keeps_the_rules(seed: int, quarter: Quarter, institutions: int) -> None:
    content = SyntheticWorld(seed, institutions).ranking(quarter)
    assert content
    check_rules(quarter, content)


def test_the_real_files_keep_the_same_rules(real_data: Path) -> None:
    world = FolderWorld(real_data)
    for quarter in world.quarters():
        content = world.ranking(quarter)
        if content:
            check_rules(quarter, content)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_the_same_seed_gives_the_same_bytes(seed: int) -> None:
    world, other = SyntheticWorld(seed, 40), SyntheticWorld(seed, 40, first=Quarter(2021, 1), last=Quarter(2021, 2))
    assert world.ranking(Quarter(2021, 2)) == other.ranking(Quarter(2021, 2))
    assert world.segmentation() == other.segmentation()
    assert world.institutions == other.institutions
    assert all(world.fees("J", each.cnpj) == other.fees("J", each.cnpj) for each in world.institutions)
    assert world.ranking(Quarter(2021, 2)) != SyntheticWorld(seed + 1, 40).ranking(Quarter(2021, 2))


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_conglomerates_hold_nearly_all_complaints_in_half_of_the_rows(seed: int) -> None:
    content = SyntheticWorld(seed).ranking(Quarter(2021, 4))
    assert content
    rows = rows_of(content)
    held = [row for row in rows if row[3] == "Conglomerado"]
    assert 0.35 < len(held) / len(rows) < 0.75
    assert 0.88 < sum(int(row[10]) for row in held) / sum(int(row[10]) for row in rows) < 0.995


def test_each_period_has_its_layout(world: SyntheticWorld) -> None:
    odd, plain, new = (world.ranking(quarter) for quarter in (Quarter(2020, 1), Quarter(2024, 1), Quarter(2024, 2)))
    assert odd and plain and new
    assert {line.count(b";") for line in odd.split(b"\r\n") if line} == {13}
    assert {line.count(b";") for line in plain.split(b"\n") if line} == {14} and b"\r" not in plain
    assert {line.count(b";") for line in new.split(b"\r\n") if line} == {13}
    header = new.decode("cp1252").splitlines()[0]
    assert header.split(";")[7] == "Quantidade total de reclamações respondidas"
    assert world.ranking(Quarter(2022, 2)) is None
    assert any(len(row[4]) < 8 for row in rows_of(odd) if row[4] != " ")
    assert all(len(row[4]) == 8 for row in rows_of(plain) if row[4] != " ")


def test_the_world_has_the_blanks_and_separators_of_the_real_one(world: SyntheticWorld) -> None:
    contents = [world.ranking(quarter) for quarter in QUARTERS]
    rows = [row for content in contents if content for row in rows_of(content)]
    assert 0 < sum(row[11] == " " for row in rows) < 0.03 * len(rows)
    assert all(sum(row[column] == " " for row in rows) > 50 for column in (6, 12, 13))


@pytest.mark.parametrize("seed", range(5))
def test_every_world_has_an_index_in_the_thousands_and_one_of_zero(seed: int) -> None:
    world = SyntheticWorld(seed, 60)
    indexes = [row[6] for quarter in QUARTERS[:15] for row in rows_of(world.ranking(quarter) or b"")]
    assert any("." in index for index in indexes)
    assert " 0 " in indexes


def test_names_and_kinds_change_over_time(world: SyntheticWorld) -> None:
    by_cnpj: dict[str, set[str]] = {}
    for quarter in QUARTERS[1:]:
        for row in rows_of(world.ranking(quarter) or b"\n"):
            if row[4] != " ":
                by_cnpj.setdefault(row[4], set()).add(row[5])
    assert any(len(names) == 2 for names in by_cnpj.values())
    kinds = [{shown.conglomerate for shown in each.appearances} for each in world.institutions]
    assert {True, False} in kinds
    # S/A is a legal form; any other slash separates two names.
    joined = [each.appearances[-1] for each in world.institutions if re.search("/(?!A)", each.appearances[-1].name)]
    assert [(shown.since, shown.conglomerate) for shown in joined] == [(Quarter(2021, 2), True)]
    assert any(each.until for each in world.institutions)


def test_the_segmentation_list_has_lost_zeros_and_accents(world: SyntheticWorld) -> None:
    content = world.segmentation()
    lines = [line.split("\t") for line in content.decode().split("\r\n")[:-1]]
    assert lines[0] == ["Segmento", "CNPJ", "Nome"]
    rows = lines[1:]
    assert {row[0] for row in rows} == {"S1", "S2", "S3", "S4", "S5"}
    assert not [row for row in rows if row[1] != "0" and row[1].startswith("0")]
    assert "0" in {row[1] for row in rows}
    assert 0.5 < sum("\N{REPLACEMENT CHARACTER}" in row[2] for row in rows) / len(rows) < 0.8
    twice = [root for root, count in Counter(row[1] for row in rows).items() if count == 2]
    assert twice
    assert all(any(name.endswith(" - PRUDENCIAL") for _, cnpj, name in rows if cnpj == root) for root in twice)


def test_no_invented_name_is_a_real_one(world: SyntheticWorld, real_data: Path) -> None:
    files = [path.read_text("utf-8") for path in real_data.glob("institutions/*")]
    files += [(FolderWorld(real_data).ranking(quarter) or b"").decode("cp1252") for quarter in QUARTERS]
    real = {word for text in files for word in re.findall(r"[^\W\d_]+", text.upper())}
    invented = set(stems(world.seed))
    assert len(real) > 2_000
    assert not invented & real
    assert all(set(each.legal_name.split()) & invented for each in world.institutions)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_fees_look_like_the_real_ones(seed: int) -> None:
    world = SyntheticWorld(seed)
    lists = [world.fees("J", each.cnpj) for each in world.institutions]
    fees = [fee for each in lists for fee in each]
    assert 0.1 < sum(not each for each in lists) / len(lists) < 0.4
    assert max(map(len, lists)) <= 66
    assert 0.2 < sum(fee["ValorMaximo"] == 0 for fee in fees) / len(fees) < 0.45
    assert 0.03 < sum(float(fee["ValorMaximo"] or 0) % 1 != 0 for fee in fees) / len(fees) < 0.12
    assert {fee["TipoValor"] for fee in fees} == {"Real", "Percentual"}
    assert {"por operacao", "Por Operação"} <= {fee["Unidade"] for fee in fees}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", str(fee["DataVigencia"])) for fee in fees)
    assert all(len({fee["CodigoServico"] for fee in each}) == len(each) for each in lists)


def test_a_world_may_have_ten_thousand_institutions() -> None:
    rows = rows_of(SyntheticWorld(1, 10_000, others=0).ranking(Quarter(2023, 1)) or b"")
    assert len(rows) > 5_000


def test_impossible_worlds_are_refused() -> None:
    with pytest.raises(WorldError, match=r"^5 institutions and 10 others: 20 to 500000 and 0 to 400000 are possible$"):
        SyntheticWorld(0, 5)
    with pytest.raises(WorldError, match=r"^2016T1 is before 2017T2, the first quarter with a quarterly ranking$"):
        SyntheticWorld(0, first=Quarter(2016, 1))
    with pytest.raises(QuarterError, match=r"^the first quarter 2021T2 is after the last quarter 2021T1$"):
        SyntheticWorld(0, first=Quarter(2021, 2), last=Quarter(2021, 1))
