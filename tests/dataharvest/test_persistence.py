"""Files as clients write them, rows as the database holds them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harvest_world import World
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataharvest.persistence.persist import PERSISTED


@pytest.fixture(scope="module")
def shared(new_world: Callable[[], Any]) -> Iterator[World]:
    with new_world() as made:
        yield made


HEADER = "record_id,account_number,transaction_reference,amount,keyword\n"
LOADED = """
SELECT line, record_id, account_number, transaction_reference, amount::text, keyword FROM dataharvest.transaction_row r
JOIN dataharvest.delivered_file f USING (file_id) WHERE f.external_client = '{client}' ORDER BY line
"""


def loaded(world: World, content: str | bytes, client: str) -> list[tuple[Any, ...]]:
    assert world.functions.persistence.take(world.upload("transactions", content, client)) == PERSISTED
    return world.rows(LOADED.format(client=client))


ROWS = [(2, "1", "a1", "t1", "1.50", "DEPOSIT"), (3, "2", "a2", "t2", "-2", "TAX")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain", HEADER + "1,a1,t1,1.50,DEPOSIT\n2,a2,t2,-2,TAX"),
        ("newline", HEADER + "1,a1,t1,1.50,DEPOSIT\n2,a2,t2,-2,TAX\n"),
        ("crlf", (HEADER + "1,a1,t1,1.50,DEPOSIT\n2,a2,t2,-2,TAX\n").replace("\n", "\r\n")),
        ("bom", "\ufeff" + HEADER + "1,a1,t1,1.50,DEPOSIT\n2,a2,t2,-2,TAX"),
        ("quoted", HEADER + '"1","a1","t1","1.50","DEPOSIT"\n2,a2,t2,-2,TAX'),
        ("order", "keyword,amount,record_id,transaction_reference,accout_number\nDEPOSIT,1.50,1,t1,a1\nTAX,-2,2,t2,a2"),
    ],
)
def test_the_ways_of_writing_a_file_give_the_same_rows(shared: World, name: str, content: str) -> None:
    assert loaded(shared, content, name) == ROWS


@pytest.mark.parametrize("bad", ["", "2,a2,t2,much,TAX\n"], ids=["whole", "row_by_row"])
def test_a_quote_inside_a_field_is_part_of_it_however_the_file_is_read(shared: World, bad: str) -> None:
    """PostgreSQL's COPY would read the first account as a1, whose money is another's."""
    content = HEADER + '1,a"1",t1,1.50,DEPOSIT\n' + bad
    assert loaded(shared, content, f"inner{len(bad)}") == [(2, "1", 'a"1"', "t1", "1.50", "DEPOSIT")]


def test_text_has_up_to_200_characters_of_any_length(shared: World) -> None:
    names = ("é" * 200, "é" * 201, "e" * 201)
    content = HEADER + "".join(f"{at},{name},t,1,TAX\n" for at, name in enumerate(names))
    assert [row[2] for row in loaded(shared, content, "long")] == [names[0]]
    rejected = """
        SELECT line, column_name, reason FROM dataharvest.quarantine JOIN dataharvest.delivered_file USING (file_id)
        WHERE external_client = 'long' ORDER BY line
    """
    assert shared.rows(rejected) == [
        (line, "account_number", "is empty or longer than 200 characters") for line in (3, 4)
    ]


TEXT = st.text(st.sampled_from("ab1,\"'\\ é\n\r.-e"), min_size=1, max_size=6)
AMOUNT = st.one_of(st.decimals(-1000, 1000, places=2).map(str), st.sampled_from(["", "x", "1e2", "NaN", " 7 ", "1_0"]))


FILES = given(
    rows=st.lists(st.tuples(TEXT, TEXT, AMOUNT), max_size=6),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
ONE_WORLD = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FILES
@settings(ONE_WORLD, max_examples=8)
def test_a_file_gives_the_same_rows_whether_or_not_it_is_read_row_by_row(
    shared: World, rows: list[tuple[str, str, str]], quoting: Any
) -> None:
    compare(shared, rows, quoting)


@pytest.mark.long
@FILES
@settings(ONE_WORLD, max_examples=300)
def test_many_files_give_the_same_rows_whether_or_not_they_are_read_row_by_row(
    shared: World, rows: list[tuple[str, str, str]], quoting: Any
) -> None:
    compare(shared, rows, quoting)


def compare(shared: World, rows: list[tuple[str, str, str]], quoting: Any) -> None:
    """Load rows as a whole and row by row."""
    found = []
    for row_by_row in (False, True):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n", quoting=quoting)
        for at, (account, reference, amount) in enumerate(rows):
            writer.writerow((at, account, f"{at}{reference}", amount, "TAX"))
        if row_by_row:
            text.write('"quotes make it so",x,x,0,TAX\n')
        client = f"h{shared.upload('transactions', '', 'counter').sequencer}"
        found.append([row for row in loaded(shared, HEADER + text.getvalue(), client) if row[1] != "quotes make it so"])
    assert found[0] == found[1]
