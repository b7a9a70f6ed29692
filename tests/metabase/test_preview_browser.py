"""The page as a browser shows it, at the widths of a desktop and of a phone, light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chromium import Measured, binary, measure

from metabase.files import load
from metabase.preview.athena import Athena
from metabase.preview.render import preview

pytestmark = pytest.mark.slow
DRAWN = sum(1 for dashboard in load().dashboards for card in dashboard.cards
            if card.question and load().question(card.question).chart not in ("scalar", "trend", "table"))  # fmt: skip

OF_ALL = (
    "banking_incomplete_fact_complaints_fact_current_fees", "kpi_complaints", "kpi_upheld", "kpi_upheld_share",
    "kpi_index", "complaints_by_quarter", "complaints_by_size_group", "complaints_by_segment",
    "banking_incomplete_fact_complaints", "banking_incomplete_fact_complaints_fact_current_fees",
    "services_complaints_coverage", "lead_methods", "unknown_lead",
)  # fmt: skip
SCOPES = [f"{key}: Of all banks" for key in OF_ALL]
SCOPES.insert(1, "most_free_services: ALFA is not among these")


@pytest.fixture(scope="module")
def page(small_athena: Athena, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if binary() is None:
        pytest.skip("NO CHROMIUM: install it (Debian: apt-get install chromium) to see the page drawn")
    out = tmp_path_factory.mktemp("page") / "dashboards.html"
    preview(load(), small_athena, out)
    return out


@pytest.fixture(scope="module")
def light(page: Path) -> list[Measured]:
    return measure(page, page.parent)


def problems(measured: list[Measured], what: str) -> dict[int, Any]:
    return {frame.width: frame.content[what] for frame in measured if frame.content[what]}


def test_every_chart_is_drawn_and_holds_marks(light: list[Measured]) -> None:
    for frame in light:
        charts = frame.content["charts"]
        assert len(charts) == DRAWN
        assert [chart for chart in charts if chart["state"] != "drawn" or not chart["marks"]] == []
    assert problems(light, "empty") == {}


def test_no_card_covers_another_and_none_spills(light: list[Measured]) -> None:
    assert problems(light, "overlaps") == {}
    assert problems(light, "spilling") == {}


def test_nothing_has_to_be_scrolled_sideways(light: list[Measured]) -> None:
    assert problems(light, "sideways") == {}
    assert [chart["question"] for frame in light for chart in frame.content["charts"] if chart["outside"]] == []


def test_texts_of_a_chart_do_not_overlap(light: list[Measured]) -> None:
    assert {(frame.width, chart["question"]): chart["texts"] for frame in light for chart in frame.content["charts"]
            if chart["texts"]} == {}  # fmt: skip


def test_the_break_of_method_is_marked(light: list[Measured]) -> None:
    assert [frame.content["breaks"] for frame in light] == [2, 2]


@pytest.fixture(scope="module")
def dark(page: Path) -> list[Measured]:
    return measure(page, page.parent, dark=True)


def test_axe_finds_nothing_in_light_and_dark(light: list[Measured], dark: list[Measured]) -> None:
    assert problems([*light, *dark], "violations") == {}


def test_every_chart_has_a_label_that_says_its_finding(light: list[Measured]) -> None:
    assert problems(light, "unnamed") == {}


def test_no_card_has_a_blank_area(light: list[Measured]) -> None:
    assert problems(light, "blank") == {}


def test_the_page_can_be_worked_with(light: list[Measured]) -> None:
    for frame in light:
        worked = frame.content["worked"]
        assert worked["quarter"] == {
            "finding": "Quarter 2024T1 · ALFA leads with 120 complaints, before BETA VELHO with 60",
            "names": ["ALFA", "BETA VELHO", "GAMA"],
        }
        assert worked["sorted"] == ["ALFA", "BETA VELHO", "GAMA"]
        assert worked["searched"] == [["BETA VELHO"], "1 of 3 rows"]
        assert worked["bank"] == ["ALFA"]
        assert worked["scopes"] == SCOPES
        assert (worked["broken"], worked["unscoped"]) == ([], [])
        assert worked["csv"].splitlines() == [
            "complaints_rank,rank_change,institution_name,segment,size_group,complaints,share,upheld,"
            "index_per_million,index_note,clients,quarter_code",
            "1,,ALFA,S1,top,120,0.6,30,30.00,,1000000,2024T1",
        ]


def test_a_dashboard_begins_with_what_it_shows_and_from_which_source(light: list[Measured]) -> None:
    assert [sorted(frame.content["abouts"]) for frame in light] == [
        sorted(dashboard.about for dashboard in load().dashboards)
    ] * 2


def test_a_phone_keeps_the_name_column_in_sight(light: list[Measured]) -> None:
    assert light[-1].content["worked"]["name"] is True


def test_a_dark_browser_gets_a_dark_page(light: list[Measured], dark: list[Measured]) -> None:
    assert dark[0].content["background"] == "rgb(15, 19, 26)" != light[0].content["background"]
    assert [len(frame.content["charts"]) for frame in dark] == [DRAWN, DRAWN]
