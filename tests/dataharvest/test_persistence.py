"""Files as clients write them, compared with the rows in the database."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harvest_world import World
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataharvest.model.kind import TRANSACTIONS
from dataharvest.persistence import persist
from dataharvest.persistence.persist import PERSISTED
from dataharvest.persistence.plain_bytes import NotPlainError, plain_blocks


@pytest.fixture(scope="module")
def shared(new_world: Callable[[], Any]) -> Iterator[World]:
    with new_world() as world:
        yield world


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


@pytest.mark.parametrize(("bad", "keys", "times"), [("", 0, 1), ("2,a2,t2,much,TAX\n", 1, 2)], ids=["valid", "invalid"])
def test_only_a_file_with_an_invalid_row_needs_a_data_key_and_is_read_again(
    shared: World, monkeypatch: pytest.MonkeyPatch, bad: str, keys: int, times: int
) -> None:
    """Transactions have no sensitive column; values in quarantine are encrypted."""
    client, opened = f"key{keys}", list[str]()
    real = persist.open_object
    monkeypatch.setattr(persist, "open_object", lambda s3, of: opened.append(of.key) or real(s3, of))
    assert loaded(shared, HEADER + "1,a1,t1,1.50,DEPOSIT\n" + bad, client) == ROWS[:1]
    assert shared.rows(f"SELECT count(*) FROM dataharvest.data_key WHERE external_client = '{client}'") == [(keys,)]
    assert shared.rows(f"SELECT times_seen FROM dataharvest.newest_object WHERE external_client = '{client}'") == [
        (1,)
    ], "the attempt that was rolled back does not count"
    assert len(opened) == times


@pytest.mark.parametrize("bad", ["", "2,a2,t2,much,TAX\n"], ids=["whole", "row_by_row"])
def test_a_quote_inside_a_field_is_part_of_it_however_the_file_is_read(shared: World, bad: str) -> None:
    """PostgreSQL's COPY would read the first account as a1, and book its money on another account."""
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


ODD_AMOUNTS = (
    "1e3", "1E3", "0x1F", "0o17", "0b11", "1_000", "NaN", "Infinity", "-inf", "1.", ".5", "1,5", "--1", "+-1", "1 2",
    "\u0661", "1" * 19, "0" * 19, "1." + "0" * 10, "",
)  # fmt: skip
AMOUNTS = ("5", "+5", "-0.000000001", " 7 ", "0005", "9" * 18)
REJECTED = """
SELECT line, column_name, value, reason FROM dataharvest.quarantine JOIN dataharvest.delivered_file USING (file_id)
WHERE external_client = '{client}' ORDER BY line
"""
NO_AMOUNT = "is not a number with at most 18 digits before and 9 after the point"


def amounts_file(quote: str, more: int) -> str:
    """Return a file with unusual amounts; ``more`` rows make it so large that its bytes are passed to COPY directly."""
    rows = [f"{quote}{amount}{quote}" for amount in (*ODD_AMOUNTS, *AMOUNTS) if quote or "," not in amount]
    return HEADER + "".join(f"1,a,t{at},{amount},TAX\n" for at, amount in enumerate([*rows, *["1"] * more]))


@pytest.mark.parametrize(("quote", "more"), [("", 0), ('"', 0), ("", 80_000)], ids=["small", "quoted", "large"])
def test_only_plain_decimal_numbers_are_amounts(shared: World, quote: str, more: int) -> None:
    """PostgreSQL would also accept 1e3, 0x1F and 1_000 as numbers, and .5 without its zero."""
    client = f"amounts{len(quote)}_{more}"
    amounts = [row[4] for row in loaded(shared, amounts_file(quote, more), client)]
    assert amounts[: len(AMOUNTS)] == ["5", "5", "-0.000000001", "7", "5", "9" * 18]
    assert len(amounts) == len(AMOUNTS) + more
    odd = [amount for amount in ODD_AMOUNTS if quote or "," not in amount]
    expected = [(at, "amount", amount, NO_AMOUNT) for at, amount in enumerate(odd, start=2)]
    assert shared.rows(REJECTED.format(client=client)) == expected


@pytest.mark.parametrize("odd", [amount for amount in ODD_AMOUNTS if "," not in amount])
def test_one_odd_amount_in_a_large_file_is_seen(shared: World, odd: str) -> None:
    lines = [f"1,a,t{at},1,TAX\n" for at in range(60_000)]
    lines[59_000] = f"1,a,t59000,{odd},TAX\n"
    columns = TRANSACTIONS.columns_of(HEADER.strip().split(","))
    assert columns
    text = "".join(lines).encode()
    with pytest.raises(NotPlainError):
        list(plain_blocks([text[:500_001], text[500_001:].rstrip()], columns))


@pytest.mark.parametrize("cut", range(1, 40))
def test_plain_bytes_pass_however_they_are_cut(cut: int) -> None:
    columns = TRANSACTIONS.columns_of(HEADER.strip().split(","))
    assert columns
    text = "".join(f"1,a,t{at},{amount},TAX\n" for at, amount in enumerate(AMOUNTS)).encode()
    for content in (text, text.rstrip(), text + b"\n", b""):
        blocks = [content[at : at + cut] for at in range(0, len(content), cut)]
        assert b"".join(plain_blocks(blocks, columns)) == content


TEXT = st.text(st.sampled_from("ab1,\"'\\ é\n\r.-e"), min_size=1, max_size=6)
AMOUNT = st.one_of(
    st.decimals(-1000, 1000, places=2).map(str),
    st.sampled_from(["", "x", "1e2", "NaN", " 7 ", "1_0", "0x1", ".5", "1.", "\u00a07"]),
)


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
    """Load rows as a whole and row by row, and compare the results."""
    loads = []
    for row_by_row in (False, True):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n", quoting=quoting)
        for at, (account, reference, amount) in enumerate(rows):
            writer.writerow((at, account, f"{at}{reference}", amount, "TAX"))
        if row_by_row:
            text.write('"quotes make it so",x,x,0,TAX\n')
        client = f"h{shared.upload('transactions', '', 'counter').sequencer}"
        loads.append([row for row in loaded(shared, HEADER + text.getvalue(), client) if row[1] != "quotes make it so"])
    assert loads[0] == loads[1]
