"""The page as a browser shows it, at the width of a desk and of a phone, light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chromium import Measured, binary, measure

from metabase.files import load
from metabase.preview.athena import Athena
from metabase.preview.render import preview

pytestmark = pytest.mark.slow
DRAWN = sum(1 for one in load().dashboards for card in one.cards
            if card.question and load().question(card.question).chart not in ("scalar", "trend", "table"))  # fmt: skip


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
    return {one.width: one.found[what] for one in measured if one.found[what]}


def test_every_chart_is_drawn_and_holds_marks(light: list[Measured]) -> None:
    for one in light:
        charts = one.found["charts"]
        assert len(charts) == DRAWN
        assert [chart for chart in charts if chart["state"] != "drawn" or not chart["marks"]] == []
    assert problems(light, "empty") == {}


def test_no_card_covers_another_and_none_spills(light: list[Measured]) -> None:
    assert problems(light, "overlaps") == {}
    assert problems(light, "spilling") == {}


def test_nothing_has_to_be_scrolled_sideways(light: list[Measured]) -> None:
    assert problems(light, "sideways") == {}
    assert [chart["question"] for one in light for chart in one.found["charts"] if chart["outside"]] == []


def test_texts_of_a_chart_do_not_meet(light: list[Measured]) -> None:
    assert {(one.width, chart["question"]): chart["texts"] for one in light for chart in one.found["charts"]
            if chart["texts"]} == {}  # fmt: skip


def test_the_break_of_method_is_marked(light: list[Measured]) -> None:
    assert [one.found["breaks"] for one in light] == [2, 2]


def test_a_dark_browser_gets_a_dark_page(page: Path, light: list[Measured]) -> None:
    dark = measure(page, page.parent, dark=True)
    assert dark[0].found["background"] == "rgb(15, 19, 26)" != light[0].found["background"]
    assert [len(one.found["charts"]) for one in dark] == [DRAWN, DRAWN]
