"""Damaged copies of a quarter give the same facts as the undamaged file, or a refusal with place and reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import DataFrame
from raw_folder import put_complaints, put_ranking
from world import World

from estrela.errors import QualityError, TransformError
from estrela.stars.banking.dim_spelling import dim_spelling
from estrela.stars.banking.fact_complaints import fact_complaints

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


def figures(complaints: DataFrame, segments: DataFrame, quarter: str) -> list[tuple[object, ...]]:
    """Return the rows of the fact of a quarter, with the stable code of the institution."""
    codes = dim_spelling.transform(complaints, segments)
    rows = fact_complaints.transform(complaints).join(codes, "spelling").where(f"quarter_code = '{quarter}'")
    return sorted((tuple(row) for row in rows.select(*FIGURES).collect()), key=str)


@pytest.mark.parametrize("group", [(0, 2, 6), (1, 3), (4,), (5,)], ids=str)
def test_a_damaged_copy_gives_the_facts_of_its_quarter(
    world: World, real_data: Path, real_world: World, group: tuple[int, ...]
) -> None:
    copies = [list(SAME_FACTS.items())[at] for at in group]
    put_complaints(world.raw, [(quarter, real_data / "complaints_damaged" / f"{name}.csv") for name, quarter in copies])
    # A name that lost an accent is recognized with the help of other quarters.
    put_complaints(world.raw, [("2021T4", real_data / "complaints" / "reclamacoes_2021T4.csv")])
    done = world.transform("run", "complaints")["complaints"]

    assert done["rows_rejected"] == 0
    for _, quarter in copies:
        read = world.spark.table(branch(world, "complaints"))
        segments = world.spark.createDataFrame([], real_world.table("segments").schema)
        truth = figures(real_world.table("complaints"), real_world.table("segments"), quarter)
        assert figures(read, segments, quarter) == truth


def test_a_union_whose_headers_did_not_align_is_refused(world: World, real_data: Path) -> None:
    put_complaints(world.raw, [("2021T3", real_data / "complaints_damaged" / "union_24_columns.csv")])

    with pytest.raises(QualityError) as refused:
        world.transform("run", "complaints")

    assert "line 1" in str(refused.value)
    assert "column 16 of the header is not one of the 14 of layout A, or occurs twice; declare it" in str(refused.value)
    kept = world.spark.table(branch(world, "complaints").replace("trusted.complaints", "ops.rejects")).first()
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

    return f"lake.banking_trusted.{source}.branch_{branch_of('run')}"


UPHELD = "Quantidade de reclamações reguladas procedentes"
BAD_ROWS = [
    (b";67;237;87;391;", b";6x7;237;87;391;", UPHELD, "6x7", "a whole number is allowed"),
    (b";67;237;87;391;", b";67.0;237;87;391;", UPHELD, "67.0", "a whole number is allowed"),
    (b";67;237;87;391;", b";67;237;87; ;", "Quantidade total de reclamações", "", "is blank; a value is required"),
    (b";61,19;", b";61,195;", "Índice", "61,195", "a number with decimal mark ',' and thousands separator '.'"),
    (b";AGIBANK (conglomerado);", b";AGIBANK ", "", None, "a field is missing: the row has 14 fields"),
    (b";AGIBANK (conglomerado);", b";AGIBANK;x;", "", None, "the row has 16 fields, but 14 are declared"),
]  # fmt: skip


def test_a_bad_row_is_kept_with_its_place_and_reason(world: World, real_data: Path) -> None:
    good = (real_data / "complaints" / "reclamacoes_2020T2.csv").read_bytes()
    for year, (old, new, *_) in enumerate(BAD_ROWS, start=2000):
        body = good.replace(old, new, 1).replace(b"\n2020;", f"\n{year};".encode())
        world.raw.put("complaints", {"year": str(year), "quarter": "2"}, body)
    with pytest.raises(QualityError, match=r"at most 0% of a file's rows rejected on .* fails on 6 rows"):
        world.transform("run", "complaints")
    rejects = world.spark.table(branch(world, "complaints").replace("trusted.complaints", "ops.rejects"))
    kept = {int(row["request"][-4:]) - 2000: row for row in rejects.collect()}

    for at, (_, _, column, value, reason) in enumerate(BAD_ROWS):
        assert (kept[at]["source_line"], kept[at]["column_name"]) == (3, column)
        assert reason in kept[at]["reason"] and value in (kept[at]["value"], None)
        assert "AGIBANK" in kept[at]["raw_line"]


def test_a_file_of_another_quarter_is_refused(world: World, real_data: Path) -> None:
    put_complaints(world.raw, [("2020T3", real_data / "complaints" / "reclamacoes_2020T2.csv")])

    with pytest.raises(QualityError, match=r"Trimestre = '2º': the value differs from that of the file's request: 3"):
        world.transform("run", "complaints")


def test_answers_without_records_are_taken_in_as_such(world: World) -> None:
    for cnpj in ("00000001", "00000002"):
        world.raw.put("fees", {"cnpj": cnpj, "person_type": "J"}, b'{"value": []}')

    done = world.transform("run", "fees")["fees"]
    assert (done["files"], done["rows_in"], done["rows_loaded"], done["rows_rejected"]) == (2, 0, 0, 0)
    assert world.transform("run", "fees")["fees"]["files"] == 0


def test_a_stored_file_that_lost_its_name_fails_the_step_instead_of_giving_no_rows(world: World) -> None:
    put_ranking(world.raw, "2021T4", Alfa=1)
    [file] = world.raw.log["complaints"]
    moved = Path(file.key).rename(Path(file.key).with_name("moved.csv"))
    world.raw.log["complaints"] = [replace(file, key=str(moved))]

    with pytest.raises(TransformError) as failed:
        world.transform("run", "complaints")

    assert (
        "complaints: Spark read rows of the file moved.csv from byte 0 on, but the raw log does not list that file. "
        "Raw files are named by their sha256: restore the name of the renamed file, or extract it again"
    ) in str(failed.value)
