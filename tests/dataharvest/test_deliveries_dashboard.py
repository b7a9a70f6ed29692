"""The dashboard "Deliveries": every question runs on DataHarvest's own PostgreSQL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from harvest_world import CLIENT, SAMPLE, World
from psycopg.rows import dict_row

from metabase.cli import main
from metabase.files import HERE, load
from metabase.model import Site


@pytest.fixture(scope="module")
def site() -> Site:
    return load(HERE / "deliveries")


def ask(world: World, site: Site) -> dict[str, list[dict[str, Any]]]:
    answers = {}
    with world.functions.database.transaction() as connection, connection.cursor(row_factory=dict_row) as cursor:
        for question in site.questions:
            rows = cursor.execute(question.query({})).fetchall()  # type: ignore[call-overload]
            assert cursor.description is not None
            names = [column.name for column in cursor.description]
            assert [column.name for column in question.columns if column.name not in names] == [], question.key
            answers[question.key] = rows
    return answers


def test_every_question_is_answered_before_anything_is_delivered(world: World, site: Site) -> None:
    answers = ask(world, site)
    assert len(answers) == 7
    assert answers["deliveries_waiting"] == [{"dates": 0}]
    assert answers["deliveries_by_client"] == []


def test_the_answers_are_those_of_what_was_delivered(
    world: World, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.deliver({**SAMPLE, "transactions": SAMPLE["transactions"] + "\n3,12345678,t3,much,TAX"})
    world.take(world.upload("accounts", SAMPLE["accounts"].replace("15000.00", "15001.00")))
    world.settle()
    world.take(*world.upload_all({"clients": SAMPLE["clients"], "accounts": SAMPLE["accounts"]}, day="20220228"))
    world.take(*world.upload_all(SAMPLE, "OTHER"))
    answers = ask(world, site)
    listed = [
        (row["external_client"], row["business_date"], row["version"], row["state"], row["rows_loaded"],
         row["rows_rejected"], row["messages"])
        for row in answers["deliveries_by_client"]
    ]  # fmt: skip
    assert listed == [
        (CLIENT, "2022-02-28", 1, "waits for portfolios, transactions", 4, 0, 0),
        (CLIENT, "2022-02-26", 2, "sent", 8, 1, 1),
        ("OTHER", "2022-02-26", 1, "in progress", 8, 0, 0),
    ]
    assert answers["deliveries_waiting"] == [{"dates": 2}]
    assert [row["minutes"] for row in answers["deliveries_by_client"]][::2] == [None, None]
    assert answers["deliveries_by_client"][1]["minutes"] >= 0
    assert [row["business_date"] for row in answers["time_to_message"]] == ["2022-02-26"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", answers["age_of_messages"][0]["sent"])
    assert answers["rejects"] == [{
        "reason": "transactions amount is not a number with at most 18 digits before and 9 after the point",
        "rows_rejected": 1,
    }]  # fmt: skip
    assert [(row["type"], row["messages"]) for row in answers["messages_by_type"]] == [
        ("client_message", 2), ("error_message", 1), ("portfolio_message", 3),
    ]  # fmt: skip
    (corrected,) = answers["corrections"]
    assert (corrected["external_client"], corrected["versions"], corrected["corrected"]) == (CLIENT, 2, 1)
    page = tmp_path / "page.html"
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    assert main(["preview", "--folder", str(HERE / "deliveries"), "--out", str(page)]) == 0
    text = page.read_text()
    assert [title for title in ("Deliveries", "OTHER", "waits for portfolios") if title not in text] == []
    monkeypatch.delenv("DATAHARVEST_DATABASE_SECRET")
    assert main(["preview", "--folder", str(HERE / "deliveries"), "--out", str(page)]) == 1
    assert capsys.readouterr().err == "error: DATAHARVEST_DATABASE_SECRET: is not set\n"
