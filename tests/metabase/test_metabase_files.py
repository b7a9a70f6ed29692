"""The files of questions and dashboards: their content, and the errors for files that contradict themselves."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from estrela.errors import DefinitionError
from estrela.model.star import load, star_names
from metabase import files, template
from metabase.cli import main
from metabase.model import Place

SITE = Path(__file__).parent / "site"
SALES, DAYS, BEST = "dashboards/sales.toml", "questions/sales_by_day.sql", "questions/best_shops.sql"
QUESTIONS = "best_shops, mix, sales_by_day, scatter, shops, total, trend"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(SITE, tmp_path / "site")
    return tmp_path / "site"


def test_a_site_holds_what_its_files_say() -> None:
    site = files.load(SITE)
    assert [dashboard.key for dashboard in site.dashboards] == ["health", "prices", "sales"]
    days = site.question("sales_by_day")
    assert (days.chart, days.x, days.y, days.series) == ("line", "day", ("amount",), "shop")
    assert days.column("amount").label == "Sales (pieces)"
    assert days.documentation == (
        "What is sold.\nBreak at 2024-04-01: a new till\nReturns are not taken off.\nSource: Made up"
    )
    first = site.dashboards[2].tabs[0].cards[3]
    assert (first.title, first.place, dict(first.wiring)) == (
        "Day by day",
        Place(4, 0, 24, 6),
        {"shop": "shop", "begin": "since"},
    )


def test_a_card_asks_with_the_defaults_of_its_dashboard() -> None:
    site = files.load(SITE)
    sales = site.dashboards[2]
    days, best = site.question("sales_by_day"), site.question("best_shops")
    cards = {card.question: card for card in sales.cards}
    assert days.query(sales.defaults(cards["sales_by_day"])).splitlines()[1] == (
        "WHERE day >= date '2024-06-01'  GROUP BY day, shop ORDER BY day"
    )
    assert days.query({}).splitlines()[1] == "WHERE day >= date '2024-01-01'  GROUP BY day, shop ORDER BY day"
    assert best.query(sales.defaults(cards["best_shops"])).endswith("LIMIT 5")


def test_values_are_quoted_and_blocks_without_a_value_go() -> None:
    days = files.load(SITE).question("sales_by_day")
    assert "AND shop = 'O''Neil''s'" in days.query({"shop": "O'Neil's"})
    assert template.fill("a [[b {{x}}]] [[c {{x}} {{y}}]] d", {"x": "1"}) == "a b 1  d"
    assert template.usage("{{a}} [[{{b}}]] [[{{a}}]]") == template.Usage(frozenset("a"), frozenset("b"))


CASES = [
    (
        DAYS,
        'chart = "line"',
        'chart = "pie"',
        "questions/sales_by_day.sql:5: chart 'pie' is not known; allowed: bar, row, "
        "line, area, combo, scatter, scalar, trend, table",
    ),
    (DAYS, '-- title = "Sales by day"\n', "", "questions/sales_by_day.sql:1: 'title' is missing; give text in quotes"),
    (DAYS, 'title = "Sales by day"', "title = 7", "questions/sales_by_day.sql:1: title 7 is not text in quotes"),
    (DAYS, 'title = "Sales by day"', 'title = "', "questions/sales_by_day.sql:1: is not TOML: Illegal character '\\n'"),
    (
        DAYS,
        'x = "day"',
        'x = "week"',
        "questions/sales_by_day.sql:6: x names 'week', which is not a declared column; allowed: day, amount, shop",
    ),
    (
        DAYS,
        'x = "day"',
        'x = "day"\n-- colour = "red"',
        "questions/sales_by_day.sql:7: 'colour' is not a field of the file; allowed: ",
    ),
    (
        DAYS,
        'unit = "pieces"',
        'unti = "pieces"',
        "questions/sales_by_day.sql:25: 'unti' is not a field of columns.amount; allowed: axis, bars, ",
    ),
    (DAYS, '-- unit = "pieces"\n', "", "questions/sales_by_day.sql:22: column 'amount' is drawn and has no unit"),
    (
        DAYS,
        'format = "integer"',
        'format = "text"',
        "questions/sales_by_day.sql:7: y names 'amount', whose format is "
        "'text'; allowed: integer, decimal, percent, currency",
    ),
    (
        DAYS,
        'y = "amount"',
        'y = ["amount", "shop"]',
        "questions/sales_by_day.sql:8: series splits one measure, and y names 2",
    ),
    (
        DAYS,
        "{{shop}}",
        "{{store}}",
        "questions/sales_by_day.sql:35: the SQL uses {{store}}, which is not declared as [variables.store]",
    ),
    (
        DAYS,
        " [[AND shop = {{shop}}]]",
        "",
        "questions/sales_by_day.sql:29: variable 'shop' is not used by the SQL; allowed: since",
    ),
    (
        DAYS,
        "-- default = 2024-01-01\n",
        "",
        "questions/sales_by_day.sql:31: variable 'since' is used outside [[...]] and so needs a default",
    ),
    (
        DAYS,
        "default = 2024-01-01",
        'default = "2024-01-01"',
        "questions/sales_by_day.sql:34: default '2024-01-01' is not a date such as 2024-12-31, without quotes",
    ),
    (
        DAYS,
        "[[AND shop = {{shop}}]]",
        "[[AND shop = {{shop}}]",
        "questions/sales_by_day.sql:35: an optional block is "
        "opened with [[ and not closed with ]], or the other way round",
    ),
    (DAYS, "{{shop}}", "{{Shop}}", "questions/sales_by_day.sql:35: '{{Shop}}' is not a variable such as {{period}}"),
    (
        DAYS,
        "sum(amount) AS amount",
        "sum(pieces) AS total",
        "questions/sales_by_day.sql:22: column 'amount' does not occur in the SQL",
    ),
    (
        BEST,
        "value_labels = true",
        'value_labels = "yes"',
        "questions/best_shops.sql:7: value_labels 'yes' is not true or false",
    ),
    (
        BEST,
        "value_labels = true",
        'goal = { value = 3, label = "x" }',
        "questions/best_shops.sql:7: a row chart takes no goal; allowed: series, stack, value_labels",
    ),
    (BEST, 'chart = "row"', 'chart = "scalar"', "questions/best_shops.sql:5: a scalar chart takes no x"),
    (
        "questions/trend.sql",
        '-- more_is = "better"\n',
        "",
        "questions/trend.sql:1: a trend chart needs more_is, so that a "
        "change can be good or bad news; allowed: better, worse",
    ),
    (
        "questions/trend.sql",
        'format = "date"',
        'format = "text"',
        "questions/trend.sql:5: a trend chart compares dates, but x names 'day', which is not a date",
    ),
    (
        "questions/mix.sql",
        '["amount", "share"]',
        '["amount"]',
        "questions/mix.sql:6: a combo chart takes 2 to 9 columns in y, not 1",
    ),
    (
        "questions/total.sql",
        'title = "All sales"',
        'title = "Sales by day"',
        "questions/total.sql: title 'Sales by day' is already that of questions/sales_by_day.sql",
    ),
    (
        SALES,
        'question = "total"',
        'question = "totl"',
        f"dashboards/sales.toml:33: there is no question 'totl'; allowed: {QUESTIONS}",
    ),
    (
        SALES,
        "row = 4\ncol = 0\nwidth = 24",
        "row = 3\ncol = 0\nwidth = 24",
        "dashboards/sales.toml:50: the card covers cells of the card at line 32; move or shrink one of them",
    ),
    (
        SALES,
        "col = 12",
        "col = 13",
        "dashboards/sales.toml:42: columns 13 to 24 leave the grid; allowed: columns 0 to 23",
    ),
    (SALES, "height = 3", "height = 0", "dashboards/sales.toml:37: height 0 leaves nothing to see"),
    (
        SALES,
        'heading = "Sales"',
        'heading = "Sales"\ntext = "x"',
        "dashboards/sales.toml:25: a card is one of question, heading and text, and this one has heading and text",
    ),
    (
        SALES,
        '{ begin = "since" }',
        '{ begin = "until" }',
        "dashboards/sales.toml:48: question 'sales_by_day' has no variable 'until'; allowed: shop, since",
    ),
    (
        SALES,
        '{ begin = "since" }',
        '{ start = "since" }',
        "dashboards/sales.toml:48: there is no filter 'start'; allowed: begin, shop, top",
    ),
    (
        SALES,
        '{ begin = "since" }',
        '{ begin = "shop" }',
        "dashboards/sales.toml:47: filter 'begin' is of type 'date', "
        "variable 'shop' of 'sales_by_day' is not; allowed: text",
    ),
    (SALES, 'type = "number"', "", "dashboards/sales.toml:20: default 5 is not text in quotes"),
    (
        SALES,
        'key = "top"',
        'key = "bottom"',
        "dashboards/sales.toml:17: filter 'bottom' reaches no card: no question has a variable of this name",
    ),
    (SALES, 'key = "begin"', 'key = "shop"', "dashboards/sales.toml:11: filter 'shop' is declared twice"),
    (
        SALES,
        'values_column = "shop"',
        'values_column = "name"',
        "dashboards/sales.toml:8: question 'shops' declares no column 'name'; allowed: shop",
    ),
    (SALES, 'title = "Shops"', 'title = "Overview"', "dashboards/sales.toml:22: two tabs are called 'Overview'"),
    (
        "dashboards/health.toml",
        'default = "north"',
        'default = "east"',
        "dashboards/health.toml:8: default 'east' is not one of the values; allowed: north, south",
    ),
    (
        "site.toml",
        'homepage = "sales"',
        'homepage = "sale"',
        "site.toml:7: there is no dashboard 'sale'; allowed: health, prices, sales",
    ),
]


@pytest.mark.parametrize(("file", "before", "after", "expected"), CASES, ids=range(len(CASES)))
def test_a_contradiction_is_refused_with_file_and_line(
    folder: Path, file: str, before: str, after: str, expected: str
) -> None:
    text = (folder / file).read_text()
    assert before in text
    (folder / file).write_text(text.replace(before, after, 1))
    with pytest.raises(DefinitionError) as caught:
        files.load(folder)
    assert str(caught.value).startswith(expected), str(caught.value)


def test_a_stray_file_is_refused(folder: Path) -> None:
    (folder / "questions" / "Notes.txt").write_text("x")
    with pytest.raises(DefinitionError, match=r"^questions/Notes.txt: is not a file of this folder; allowed: lower_"):
        files.load(folder)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"^site\.toml: cannot be read: No such file"):
        files.load(tmp_path)


@pytest.mark.parametrize("has_folder", [True, False])
@pytest.mark.parametrize("star", star_names())
def test_every_star_has_the_pages_of_its_operations(
    star: str, has_folder: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_folder:
        monkeypatch.setattr(files, "HERE", tmp_path)
    site = files.site_of(star)
    health = next(dashboard for dashboard in site.dashboards if dashboard.key == f"{star}_pipeline_health")
    shown = {card.question: site.question(card.question).sql for card in health.cards}
    assert f"FROM {star}.maintenance" in shown[f"{star}_maintenance"]
    assert [sql for sql in shown.values() if "{star}" in sql] == []
    assert site.freshness == f"{star}_age_of_data"


@pytest.mark.parametrize("star", star_names())
def test_every_page_with_facts_warns_of_incomplete_periods(star: str) -> None:
    site = files.site_of(star)
    facts = {fact.name: {fact.name} for fact in load(star).facts}
    shown = facts | {mart.name: {fact.name for fact in mart.facts} for mart in load(star).marts}
    for tab in (tab for dashboard in site.dashboards for tab in dashboard.tabs):
        queries = {card.question: site.question(card.question).sql for card in tab.cards if card.question}
        read = {fact for sql in queries.values() for name in shown if f"{star}.{name}" in sql for fact in shown[name]}
        warned = [card for card in tab.cards if card.hide_empty]
        named = {fact for card in warned for fact in facts if f"'{fact}'" in queries[card.question]}
        assert read <= named, f"{tab.title} does not warn of {read - named}"


def test_no_mart_and_no_question_opens_every_day_of_the_fees() -> None:
    """The fact of all days grows with each day; the newest answers are a fact of their own."""
    star, site = load("banking"), files.site_of("banking")
    texts = {mart.name: mart.sql for mart in star.marts} | {asked.key: asked.sql for asked in site.questions}
    assert "fact_current_fees" in texts["mart_service_fees"]
    assert {name for name, sql in texts.items() if re.search(r"[{.]fact_fees\b", sql)} == set()


def test_check_reads_the_files_and_talks_to_nobody(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--folder", str(folder)], {}) == 0
    assert capsys.readouterr().out == "7 questions on 3 dashboards are sound\n"
    (folder / SALES).write_text("title = ")
    assert main(["check", "--folder", str(folder)], {}) == 1
    assert capsys.readouterr().err == "error: dashboards/sales.toml:1: is not TOML: Invalid value\n"
