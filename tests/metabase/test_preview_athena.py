"""Answers from Athena itself, and the page built from them."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from metabase.files import load
from metabase.model import Site
from metabase.preview.athena import Answer, Athena, QueryError
from metabase.preview.one_release import READINGS
from metabase.preview.render import preview


def broken(site: Site, key: str, sql: str) -> Site:
    """Return the site with different SQL in one question."""
    return replace(
        site,
        questions=tuple(replace(question, sql=sql) if question.key == key else question for question in site.questions),
    )


def test_all_pages_of_a_result_come_with_their_types(small_athena: Athena) -> None:
    columns = "n, CAST(n AS decimal(9,1)) AS d, n > 1 AS b, 'x' AS t, NULL AS z"
    sql = f"SELECT {columns} FROM UNNEST(sequence(1, 2500)) AS s (n)"
    answer = small_athena.ask("many", sql)
    assert answer.columns == ("n", "d", "b", "t", "z")
    assert [row["n"] for row in answer.rows] == list(range(1, 2501))
    assert tuple(answer.rows[0].values()) == (1, Decimal("1.0"), False, "x", None)


def test_the_error_contains_athenas_own_reason(small_athena: Athena) -> None:
    with pytest.raises(QueryError, match=r"^runs: Athena query \S+: ended with FAILED: .*no_such_column") as caught:
        small_athena.ask("runs", "SELECT no_such_column FROM banking.runs")
    assert caught.value.name == "runs"


def test_a_query_is_stopped_after_its_deadline(small_athena: Athena) -> None:
    many = "UNNEST(sequence(1, 10000))"
    slow = f"SELECT count(*) FROM {many} a (x) CROSS JOIN {many} b (y) CROSS JOIN {many} c (z) WHERE x + y <> z"
    with pytest.raises(
        QueryError, match=r"^slow: Athena query \S+: was stopped because it had not finished after 0 s$"
    ):
        replace(small_athena, deadline=0).ask("slow", slow)


def test_the_page_holds_every_dashboard_and_is_one_file(small_athena: Athena, tmp_path: Path) -> None:
    site, out = load(), tmp_path / "new" / "page.html"
    drawn = preview(site, small_athena, out)
    page = out.read_text(encoding="utf-8")
    assert drawn.empty == ()
    assert drawn.cards == sum(1 for dashboard in site.dashboards for card in dashboard.cards if card.question)
    assert [out] == list(out.parent.iterdir())
    dashboards = re.findall(r'<section class="dashboard" id="(\w+)"', page)
    assert dashboards == ["complaints", "fees", "banking_pipeline_health"]
    warned = re.findall(r'<article class="card plot warning" id="(\w+)-', page)
    assert set(warned) == {"complaints", "banking_pipeline_health"}, "all fees are complete"
    assert not re.search(r'(src|href)="(?!#)', page[: page.index('<script type="application/json"')])
    assert "&lt;BETA&gt; &amp; D&#x27;OR" in page
    assert "<BETA>" not in page


def test_a_question_that_fails_leaves_the_old_page(small_athena: Athena, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    out.write_text("before")
    with pytest.raises(QueryError, match=r"^questions/ranking\.sql: Athena query \S+: ended with FAILED"):
        preview(broken(load(), "ranking", "SELECT nothing"), small_athena, out)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["before"]


class Publishing(Athena):
    """Athena beside a run that publishes while the page is asked for: each reading of the release gives the next."""

    releases: list[int]
    asked: list[str]

    def ask(self, name: str, sql: str) -> Answer:
        self.asked.append(name)
        if name != "release":
            return super().ask(name, sql)
        number = self.releases.pop(0) if len(self.releases) > 1 else self.releases[0]
        return Answer(("release_id",), ({"release_id": number},), 0, 0)


def publishing(athena: Athena, *releases: int) -> Publishing:
    database = Publishing(**vars(athena))
    object.__setattr__(database, "releases", list(releases))
    object.__setattr__(database, "asked", [])
    return database


def test_a_page_shows_one_release_whatever_is_published_meanwhile(small_athena: Athena, tmp_path: Path) -> None:
    database = publishing(small_athena, 1, 2, 2)
    preview(load(), database, tmp_path / "page.html", most=0)
    at = [place for place, name in enumerate(database.asked) if name == "release"]
    first, second = database.asked[1 : at[1]], database.asked[at[2] + 1 : at[3]]
    assert (len(at), sorted(first)) == (4, sorted(second)) and first

    moving = publishing(small_athena, *range(2 * READINGS))
    with pytest.raises(QueryError) as refused:
        preview(load(), moving, tmp_path / "moving.html", most=0)
    assert str(refused.value) == ("release: banking had another release after each of 4 readings; draw the page again")
    assert not (tmp_path / "moving.html").exists()


def test_an_empty_question_is_named(small_athena: Athena, tmp_path: Path) -> None:
    site = load()
    sql = "SELECT table_name, check_name, column_name, rows_checked, rows_failed FROM banking.checks WHERE false"
    drawn = preview(broken(site, "banking_checks", sql), small_athena, tmp_path / "page.html")
    assert drawn.empty == ("banking_checks",)
