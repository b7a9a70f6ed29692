"""Texts of the page: values, sentences, escaped texts, notes; without Athena."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from metabase.files import load
from metabase.invented import marked
from metabase.model import Card, Column, Mark, Place, Question
from metabase.preview.answered import Answered
from metabase.preview.athena import Answer, QueryError
from metabase.preview.cards import card_html
from metabase.preview.drawing import OTHER_COLORS
from metabase.preview.filters import filters_html
from metabase.preview.finding import finding, spearman
from metabase.preview.labels import distinct_labels, numbered
from metabase.preview.page import Page
from metabase.preview.points import points, tooltip
from metabase.preview.scatter_labels import label_points
from metabase.preview.spec import chart
from metabase.preview.values import bytes_text, short_name, text_of

NAME = Column("name", "Bank")
COUNT = Column("count", "Complaints", "integer", "complaints")
QUARTER = Column("quarter_code", "Quarter")
METHOD = Column("method", "Method")
CARD = Card(Place(0, 0, 12, 6), question="sample")


def question(kind: Any = "row", columns: tuple[Column, ...] = (NAME, COUNT), **fields: Any) -> Question:
    drawn = {} if kind == "table" else {"y": ("count",), **({} if kind == "scalar" else {"x": columns[0].name})}
    given = {"title": "Sample", "description": "What it is.", "source": "Central Bank", **drawn, **fields}
    return Question(key="sample", file="questions/sample.sql", chart=kind, sql="SELECT 1", columns=columns, **given)


def answer(asked: Question, *rows: tuple[Any, ...]) -> Answer:
    names = tuple(column.name for column in asked.columns)
    return Answer(names, tuple(dict(zip(names, row, strict=True)) for row in rows), 1234, 5)


def html(asked: Question, *rows: tuple[Any, ...]) -> str:
    return card_html(CARD, Answered(asked, answer(asked, *rows), {}), "sample-0")


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        (COUNT, 1_234_567, "1,234,567"),
        (COUNT, -3, "\u22123"),
        (COUNT, None, "\u2013"),
        (Column("x", "X", "percent"), 0.12345, "12.3%"),
        (Column("x", "X", "percent", decimals=0), Decimal("0.125"), "13%"),
        (Column("x", "X", "currency"), Decimal("1234.5"), "R$ 1,234.50"),
        (Column("x", "X", "currency"), -0.001, "R$ 0.00"),
        (Column("x", "X", "decimal", decimals=1), 2.25, "2.3"),
        (Column("x", "X", "date"), "2024-09-30", "2024-09-30"),
        (NAME, "ALFA", "ALFA"),
    ],
)
def test_values_are_written_in_one_way(column: Column, value: Any, text: str) -> None:
    assert text_of(column, value) == text


def test_bytes_and_names_are_written_short() -> None:
    assert [bytes_text(size) for size in (0, 999, 1_500, 6_438_251)] == ["0 bytes", "999 bytes", "1.5 kB", "6.4 MB"]
    assert short_name("BANCO VIPAL S.A.", 20) == "BANCO VIPAL"
    assert short_name("FINANCEIRA FACTA S/A - CRÉDITO", 30) == "FINANCEIRA FACTA"
    assert short_name("COOPERATIVA DE CRÉDITO RURAL", 12) == "COOPERATIVA…"


def test_a_row_chart_says_who_leads_and_what_all_rows_share() -> None:
    asked = question(columns=(NAME, COUNT, QUARTER))
    text = finding(asked, answer(asked, ("ALFA S.A.", 300, "2024T3"), ("BETA", 200, "2024T3")))
    assert text == "Quarter 2024T3 · ALFA leads with 300 complaints, before BETA with 200"


@pytest.mark.parametrize(("rows", "text"), [
    ([("A", 3)], "Complaints is highest for A: 3 complaints"),
    ([("A", 3), ("B", 3)], "Complaints is highest for A and 1 more: 3 complaints"),
    ([("A", 1), ("B", 2)], "Complaints is highest for B: 2 complaints"),
    ([("A", None)], "Complaints: no value is known"),
])  # fmt: skip
def test_a_chart_names_no_single_leader_in_a_tie_or_unsorted(rows: list[tuple[Any, ...]], text: str) -> None:
    asked = question()
    assert finding(asked, answer(asked, *rows)) == text


def test_every_chart_says_its_finding_to_a_reader_of_the_screen() -> None:
    asked = question("bar", (QUARTER, COUNT, METHOD), series="method", stack="stacked")
    page = html(asked, ("2024T1", 100, "A"), ("2024T2", 400, "B"))
    assert 'role="img" aria-label="Sample. Complaints is highest for 2024T2 (B): 400 complaints"' in page


def test_a_line_tells_the_newest_value_and_its_change_within_its_series() -> None:
    asked = question("line", (QUARTER, COUNT, METHOD), series="method")
    rows = [("2024T1", 100, "A"), ("2024T2", 400, "B"), ("2024T3", 300, "B")]
    assert finding(asked, answer(asked, *rows)) == "2024T3: 300 complaints, \u221225.0% on 2024T2"
    assert finding(asked, answer(asked, *rows[:2])) == "2024T2: 400 complaints"


def test_rank_correlation_counts_ties_at_their_mean() -> None:
    assert spearman([1, 2, 3, 4], [10, 20, 30, 40]) == pytest.approx(1)
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)
    assert spearman([1, 2, 2, 3], [1, 3, 2, 4]) == pytest.approx(0.9486833)
    assert spearman([1, 2, 3], [5, 5, 5]) is None


def test_texts_of_files_and_answers_are_escaped() -> None:
    attack = "<script>alert('x')</script>"
    asked = question("table", title=attack, description=attack, source=attack, caveats=(attack,))
    page = html(asked, (attack, 1))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 7
    text = card_html(Card(Place(0, 0, 1, 1), text=f"**b** {attack} [x](javascript:alert(1))"), None, "t")
    assert "<script" not in text
    assert "href" not in text


def test_no_rows_are_said_and_not_drawn() -> None:
    for kind in ("row", "table", "scalar"):
        page = html(question(kind))
        assert "No data yet: figures appear after the first run that publishes rows for this card." in page
        assert "data-chart" not in page
    assert "Figures come on Monday." in html(question("row", empty="Figures come on Monday."))
    assert "Figures come on Monday." in html(question("scalar", empty="Figures come on Monday."), ("A", None))


def test_a_column_that_the_sql_does_not_give_is_an_error() -> None:
    given = Answer(("name", "total"), (), 0, 0)
    with pytest.raises(QueryError) as caught:
        Answered(question(), given, {})
    assert str(caught.value) == "questions/sample.sql: the SQL gives no column 'count'; it gives: name, total"


def test_a_tile_tells_good_news_from_bad() -> None:
    asked = question("trend", (QUARTER, COUNT), more_is="worse")
    assert '<span class="bad">▲ +50.0%</span> on 2024T1' in html(asked, ("2024T1", 100), ("2024T2", 150))
    assert '<span class="good">▼ \u221250.0%</span> on 2024T1' in html(asked, ("2024T1", 100), ("2024T2", 50))
    assert "on 2024T1" not in html(asked, ("2024T2", 50))


def test_a_break_is_drawn_where_the_chart_holds_it_and_always_told() -> None:
    asked = question("line", (QUARTER, COUNT, METHOD), series="method", marks=(Mark("2024T2", "method B"),))
    both = answer(asked, ("2024T1", 1, "A"), ("2024T2", 2, "B"))
    notes = chart(asked, both, {}).wide["layer"][1:]
    assert [note["encoding"]["x"] for note in notes] == [{"datum": "2024T2", "type": "ordinal", "bandPosition": 0}] * 2
    assert chart(asked, answer(asked, ("2024T1", 1, "A")), {}).wide["layer"][1:] == []
    assert "Break at 2024T2: method B." in html(asked, ("2024T1", 1, "A"))


def test_one_thing_has_one_colour_in_every_chart() -> None:
    colors = {"count": "#123456", "B": "#654321"}
    row = question()
    assert chart(row, answer(row, ("A", 1)), colors).wide["layer"][0]["layer"][0]["encoding"]["color"] == {
        "value": "#123456"
    }
    line = question("line", (QUARTER, COUNT, METHOD), series="method")
    drawn = chart(line, answer(line, ("2024T1", 1, "A"), ("2024T2", 2, "B")), colors).wide["layer"][0]["layer"][0]
    assert drawn["encoding"]["color"]["scale"]["range"][1] == "#654321"


def test_names_in_a_scatter_never_overlap() -> None:
    x = Column("x", "X", "integer", "services")
    asked = question("scatter", (x, NAME, COUNT))
    rows = answer(asked, *((place % 3, f"BANK NUMBER {place}", 100 + place) for place in range(40)))
    scatter = points(asked, rows)
    label_points(asked, rows, scatter)
    named = [point for point in scatter if point["wide"]]
    assert 0 < len(named) <= 14
    assert scatter[-1]["wide"] in ("left", "right"), "the highest point is named first"


def test_the_page_asks_the_network_for_nothing() -> None:
    source = Path(__file__).parents[2] / "metabase" / "preview"
    for name in ("page.css", "page.js"):
        assert "http" not in (source / name).read_text(encoding="utf-8")


def test_names_cut_to_one_text_keep_the_part_in_which_they_differ() -> None:
    first = "COOPERATIVA DE CRÉDITO DE LIVRE ADMISSÃO PAULISTA"
    second = "COOPERATIVA DE CRÉDITO DE LIVRE ADMISSÃO MINEIRA"
    assert distinct_labels([first, second, "ALFA S.A."], 26) == {
        first: "COOPERATIVA D…PAULISTA",
        second: "COOPERATIVA D…MINEIRA",
        "ALFA S.A.": "ALFA",
    }
    assert distinct_labels(["ALFA S.A.", "ALFA LTDA."], 26) == {"ALFA S.A.": "ALFA S.A.", "ALFA LTDA.": "ALFA LTDA."}
    assert numbered(["ALFA", "BETA", "ALFA"]) == ["ALFA", "BETA", "ALFA (2)"]


def test_two_things_of_one_name_are_two_bars() -> None:
    asked = question()
    assert [point["x"] for point in points(asked, answer(asked, ("ALFA", 3), ("ALFA", 2)))] == ["ALFA", "ALFA (2)"]
    text = finding(asked, answer(asked, ("ALFA", 3), ("ALFA", 2)))
    assert text == "ALFA leads with 3 complaints, before ALFA (2) with 2"


def test_a_tooltip_tells_of_its_own_bank_only() -> None:
    own, all_of_them = Column("share", "Share", "percent"), Column("covered", "All points", "percent")
    asked = question(columns=(NAME, COUNT, own, all_of_them))
    rows = answer(asked, ("ALFA", 30, 0.3, 0.5), ("BETA", 20, 0.2, 0.5))
    assert [field["title"] for field in tooltip(asked, rows)] == ["Bank", "Complaints", "Share (%)"]
    assert [(point["t0"], point["t2"], "t3" in point) for point in points(asked, rows)] == [
        ("ALFA", "30.0%", False), ("BETA", "20.0%", False),
    ]  # fmt: skip
    assert finding(asked, rows).startswith("All points 50.0% · ALFA leads")


def test_invented_data_says_so_on_every_page_and_in_every_source() -> None:
    real = load()
    site = marked(real)
    page = Page(site, {}, None, datetime(2026, 11, 29, tzinfo=UTC))
    assert '<p class="note">Invented data: no name and no figure here is real.</p>' in page.header()
    assert "invented" not in Page(real, {}, None, datetime(2026, 11, 29, tzinfo=UTC)).header().lower()
    assert [dashboard.key for dashboard in site.dashboards if not dashboard.description.startswith(site.note)] == []
    complaints = next(dashboard for dashboard in site.dashboards if dashboard.key == "complaints")
    assert complaints.about == (
        "Invented data: no name and no figure here is real. Which banks are complained about, how often, and how that"
        " goes with the services that they offer. Source: Invented data in the form of: the Central Bank's quarterly"
        " ranking of complaints, and the banks' fee tables."
    )
    assert {question.source for question in site.questions if "nvented data" not in question.source} == set()
    assert site.question("ranking").source == (
        "Invented data in the form of: Banco Central do Brasil, ranking of complaints"
    )
    assert site.question("banking_rows_in").source == "Estrela, ops.files, about invented data"


def test_a_table_can_be_searched_sorted_and_downloaded() -> None:
    page = html(question("table"), ("ALFA", 1_234), ("BETA", None))
    assert '<input type="search" placeholder="Search" aria-label="Search in: Sample">' in page
    assert '<button type="button" class="download" data-file="sample">Download CSV</button>' in page
    assert '<th scope="col" data-column="count" class="number"><button type="button" class="sort">' in page
    assert '<td class="name">ALFA</td><td data-value="1234" class="number">1,234</td>' in page
    assert 'role="region" aria-label="Table: Sample"' in page


def test_a_bank_can_be_told_from_the_others_in_charts() -> None:
    bank = Column("institution_name", "Bank")
    asked = question("row", (bank, COUNT))
    drawn = chart(asked, answer(asked, ("ALFA", 2), ("BETA", 1)), {})
    assert [point["bank"] for point in drawn.points] == ["ALFA", "BETA"]
    assert drawn.wide["params"] == drawn.narrow["params"] == [{"name": "bank", "value": ""}]
    assert "params" not in chart(question(), answer(question(), ("ALFA", 2)), {}).wide


def test_the_page_switches_the_first_filter_and_names_the_others() -> None:
    site = load()
    fees = next(dashboard for dashboard in site.dashboards if dashboard.key == "fees")
    shown = filters_html(fees, ("F", "J"), {})
    assert (
        '<label>Person type (F natural, J legal) <select data-filter="switch"><option value="">not chosen</option>'
        "<option>F</option><option>J</option></select></label>" in shown
    )
    assert '<p class="others">Also in Metabase: Service</p>' in shown


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(color: str, other: str) -> float:
    low, high = sorted((luminance(color), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_marks_and_texts_stand_out_in_light_and_dark() -> None:
    metabase = Path(__file__).parents[2] / "metabase"
    marks = {color for site in metabase.glob("*/site.toml") for color in re.findall("#[0-9a-f]{6}", site.read_text())}
    css = (metabase / "preview" / "page.css").read_text()
    for scheme in css.split("@media")[:2]:
        colors = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})\b", scheme))
        assert [mark for mark in {*marks, *OTHER_COLORS} if contrast(mark, colors["card"]) < 3] == []
        texts = [(text, on) for text in ("text", "soft", "accent", "good", "bad") for on in ("card", "page")]
        assert [pair for pair in texts if contrast(*(colors[name] for name in pair)) < 4.5] == []
        assert contrast(colors["edge"], colors["card"]) >= 3
