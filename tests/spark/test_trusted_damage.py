"""Damaged copies of a quarter: the same facts as the untouched file, or a refusal that says where and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from raw_folder import put_complaints, put_institutions
from world import World

from estrela.errors import QualityError

SAME_FACTS = {
    "2020T1_lf": "2020T1",
    "2020T1_lost_accents_header_wider_than_rows": "2020T1",
    "2021T1_ascii_transliterated": "2021T1",
    "2021T1_comma_quoted_renamed_header": "2021T1",
    "2021T1_row_suffix_and_null_words": "2021T1",
    "2021T1_utf8_bom": "2021T1",
    "2021T2_one_blank_lost": "2021T2",
}
FIGURES = (
    "institution_code", "quarter_code", "upheld", "other", "unregulated", "total", "clients", "clients_ccs",
    "clients_scr", "published_index", "recomputed_index",
)  # fmt: skip


def figures(world: World, quarter: str) -> list[tuple[object, ...]]:
    rows = world.table("fact_complaints").where(f"quarter_code = '{quarter}'")
    joined = rows.join(world.table("dim_institution"), "institution_key")
    return sorted((tuple(row) for row in joined.select(*FIGURES).collect()), key=str)


@pytest.fixture(scope="module")
def mixed(real_data: Path, real_world: World) -> dict[str, list[tuple[object, ...]]]:
    """The untouched facts, per quarter."""
    return {quarter: figures(real_world, quarter) for quarter in sorted(set(SAME_FACTS.values()))}


@pytest.mark.parametrize("group", [(0, 2, 6), (1, 3), (4,), (5,)], ids=str)
def test_a_damaged_copy_gives_the_facts_of_its_quarter(
    world: World, real_data: Path, mixed: dict[str, list[tuple[object, ...]]], group: tuple[int, ...]
) -> None:
    copies = [list(SAME_FACTS.items())[at] for at in group]
    put_complaints(world.raw, [(quarter, real_data / "complaints_damaged" / f"{name}.csv") for name, quarter in copies])
    # The name that lost an accent is told from the other quarters.
    put_complaints(world.raw, [("2021T4", real_data / "complaints" / "reclamacoes_2021T4.csv")])
    put_institutions(world.raw, real_data)
    world.run("run")

    for _, quarter in copies:
        assert figures(world, quarter) == mixed[quarter]


def test_a_union_whose_headers_did_not_align_is_refused(world: World, real_data: Path) -> None:
    put_complaints(world.raw, [("2021T3", real_data / "complaints_damaged" / "union_24_columns.csv")])

    with pytest.raises(QualityError) as refused:
        world.transform("run", "complaints")

    assert "line 1" in str(refused.value)
    assert "column 16 of the header is not among the 14 of layout A, or stands twice" in str(refused.value)
    kept = world.table("rejects").first()
    assert (kept["source"], kept["request"], kept["source_line"]) == ("complaints", "quarter=3,year=2021", 1)
    assert kept["reason"].startswith("the file is refused")


def test_a_file_without_a_header_is_refused(world: World, real_data: Path) -> None:
    put_complaints(world.raw, [("2022T2", real_data / "complaints_damaged" / "2022T2_bom_only.csv")])

    with pytest.raises(QualityError, match="the file is empty: it has no header line"):
        world.transform("run", "complaints")


@pytest.mark.parametrize("name", ["2023T2_excerpt_layout_a", "2026T2_excerpt_layout_b"])
def test_later_layouts_are_read(world: World, real_data: Path, name: str) -> None:
    put_complaints(world.raw, [(name[:6], real_data / "complaints_new_layout" / f"{name}.csv")])
    world.transform("run", "complaints")
    rows = {row["institution_name"]: row for row in world.spark.table(branch(world, "complaints")).collect()}
    bradesco = rows["BRADESCO (conglomerado)"]

    if name.endswith("b"):
        assert (bradesco["total"], bradesco["upheld"], bradesco["extrapolated_upheld"]) == (46204, 495, 9375)
        assert (bradesco["analysed"], bradesco["other"], bradesco["method"]) == (2495, None, "B")
    else:
        assert (bradesco["upheld"], bradesco["total"], bradesco["method"]) == (3229, 9098, "A")


def branch(world: World, source: str) -> str:
    from estrela.etl.run_key import branch_of

    return f"lake.estrela_trusted.{source}.branch_{branch_of('run')}"


def damaged(real_data: Path, old: bytes, new: bytes) -> bytes:
    return (real_data / "complaints" / "reclamacoes_2020T2.csv").read_bytes().replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "value", "reason"),
    [
        (b";67;237;87;391;", b";6x7;237;87;391;", 3, "Quantidade de reclamações reguladas procedentes", "6x7", "a whole number is allowed"),
        (b";67;237;87;391;", b";67.0;237;87;391;", 3, "Quantidade de reclamações reguladas procedentes", "67.0", "a whole number is allowed"),
        (b";67;237;87;391;", b";67;237;87; ;", 3, "Quantidade total de reclamações", "", "is blank; a value is required"),
        (b";61,19;", b";61,195;", 3, "Índice", "61,195", "a number with decimal mark ',' that fits decimal(18,2) is allowed"),
        (b"\n2020;2", b"\n2021;2", 2, "Ano", "2021", "the file was requested for 2020"),
        (b";ABC-BRASIL (conglomerado);", b";ABC-BRASIL", 2, "", "2020;2º;Menos de quatro milhões de clientes;Conglomerado; ;ABC-BRASIL ;1;0;1;2;21754;20276;3184;", "14 fields"),
    ],
)  # fmt: skip
def test_a_bad_row_is_kept_with_its_place_and_reason(
    world: World, real_data: Path, old: bytes, new: bytes, line: int, column: str, value: str, reason: str
) -> None:
    world.raw.put("complaints", {"year": "2020", "quarter": "2"}, damaged(real_data, old, new))
    done = world.transform("run", "complaints")["complaints"]
    kept = world.spark.table(branch(world, "complaints").replace("trusted.complaints", "ops.rejects")).collect()

    if not column:
        return
    assert (done["rows_in"], done["rows_loaded"], done["rows_rejected"]) == (111, 110, 1)
    assert [(row["source_line"], row["column_name"], row["value"], row["reason"]) for row in kept] == [
        (line, column, value, reason)
    ]
