"""Chunks of a file: the places where it is cut, and that the rows equal those of the whole file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from itertools import chain
from random import Random
from typing import Any

import pytest
from harvest_world import DAY, World
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from large_work import Bus, LargeWork

from dataharvest.model.chunk import Chunk, ChunkTask, Plan
from dataharvest.model.delivery import DeliveredObject
from dataharvest.model.kind import TRANSACTIONS
from dataharvest.persistence.boundaries import chunks_of
from dataharvest.persistence.chunks import CHUNK_PERSISTED, FORGOTTEN
from dataharvest.persistence.persist import PERSISTED, REFUSED, REPLACED, TO_SPLIT
from dataharvest.persistence.splitter import SPLIT
from dataharvest.persistence.stream import read_header
from dataharvest.resources import CHUNKS, SPLITTER

HEADER = "record_id,account_number,transaction_reference,amount,keyword\n"


@pytest.fixture(scope="module")
def shared(new_world: Callable[..., Any]) -> Iterator[World]:
    with new_world(DATAHARVEST_CHUNK_BYTES="30") as world:
        yield world


def records(content: bytes) -> list[list[str]]:
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", errors="surrogateescape", newline="")
    return list(csv.reader(text))


BODIES = given(body=st.text(st.sampled_from('ab,"\n\r é'), max_size=60), size=st.integers(1, 30))


@BODIES
@settings(max_examples=40, deadline=None)
def test_chunks_hold_the_records_of_the_file(body: str, size: int) -> None:
    cut(body, size)


@pytest.mark.long
@BODIES
@settings(max_examples=1000, deadline=None)
def test_chunks_hold_the_records_of_many_files(body: str, size: int) -> None:
    cut(body, size)


def cut(body: str, size: int) -> None:
    content = (HEADER + body).encode()
    chunks = chunks_of(read_header(TRANSACTIONS, io.BytesIO(content)), size)
    assert [chunks[0].start, *(chunk.end for chunk in chunks)] == [
        len(HEADER), *(chunk.start for chunk in chunks[1:]), len(content),
    ]  # fmt: skip
    parts = [records(content[chunk.start : chunk.end]) for chunk in chunks]
    assert list(chain(*parts)) == records(content)[1:]
    assert [chunk.lines for chunk in chunks] == [1 + sum(map(len, parts[:at])) for at in range(len(parts))]
    assert all(chunk.end - chunk.start >= size for chunk in chunks[:-1])


def test_a_large_file_is_cut_near_the_size_whether_or_not_csv_reads_it() -> None:
    lines = "".join(f"{at},a,t{at},1,TAX\n" for at in range(200_000))
    for content in (HEADER + lines, HEADER + lines + '1,"a",x,1,TAX\n', HEADER + '1,"a",x,1,TAX\n' + lines):
        chunks = chunks_of(read_header(TRANSACTIONS, io.BytesIO(content.encode())), 700_000)
        sizes = [chunk.end - chunk.start for chunk in chunks]
        assert len(chunks) > 3
        assert min(sizes[:-1]) >= 700_000
        assert max(sizes) < 700_000 + (1 << 20)


ROW = st.tuples(
    st.sampled_from(["a1", "a2", ' "', "a\n1", 'a"1"']),
    st.sampled_from(["t1", "t2", "t3"]),
    st.sampled_from(["1.50", "-2", "much", ""]),
)
LOADED = """
SELECT line, record_id, account_number, transaction_reference, amount::text, keyword FROM dataharvest.transaction_row r
JOIN dataharvest.delivered_file f USING (file_id) WHERE f.external_client = '{client}' ORDER BY line
"""
REJECTED = """
SELECT line, column_name, value, reason FROM dataharvest.quarantine q
JOIN dataharvest.delivered_file f USING (file_id) WHERE f.external_client = '{client}' ORDER BY line
"""
COUNTED = """
SELECT rows_loaded, rows_rejected, is_complete FROM dataharvest.delivered_file WHERE external_client = '{client}'
"""


def taken(world: World, client: str) -> list[Any]:
    return [world.rows(query.format(client=client)) for query in (LOADED, REJECTED, COUNTED)]


def ask_for_chunks(work: LargeWork, event: DeliveredObject) -> list[ChunkTask]:
    assert work.run(SPLITTER, event) == SPLIT
    return [asked for name, asked in work.asked() if name == CHUNKS]


FILES = given(
    rows=st.lists(ROW, max_size=12), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), seed=st.integers()
)
ONE_WORLD = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FILES
@settings(ONE_WORLD, max_examples=6)
def test_chunks_in_any_order_give_the_rows_of_the_whole_file(
    shared: World, rows: list[tuple[str, str, str]], quoting: Any, seed: int
) -> None:
    load_in_chunks(shared, rows, quoting, seed)


@pytest.mark.long
@FILES
@settings(ONE_WORLD, max_examples=200)
def test_chunks_of_many_files_give_the_rows_of_the_whole_file(
    shared: World, rows: list[tuple[str, str, str]], quoting: Any, seed: int
) -> None:
    load_in_chunks(shared, rows, quoting, seed)


def load_in_chunks(shared: World, rows: list[tuple[str, str, str]], quoting: Any, seed: int) -> None:
    """Load a file in chunks: of repeated keys the first in the file is kept, whichever chunk is loaded first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", quoting=quoting)
    for at, (account, reference, amount) in enumerate(rows):
        writer.writerow((at, account, reference, amount, "TAX"))
    whole = shared.upload("transactions", HEADER + text.getvalue(), f"w{shared.upload('clients', '', 'n').sequencer}")
    client = f"c{whole.sequencer}"
    shared.take(whole)
    event = shared.upload("transactions", HEADER + text.getvalue(), client)
    work = LargeWork(shared.functions, Bus())
    tasks = ask_for_chunks(work, event)
    Random(seed).shuffle(tasks)
    answers = [work.run(CHUNKS, task) for task in tasks]
    assert answers == [CHUNK_PERSISTED] * (len(tasks) - 1) + [PERSISTED]
    assert taken(shared, client) == taken(shared, whole.key.split("/")[1])
    assert [work.run(CHUNKS, task) for task in tasks] == [PERSISTED] * len(tasks)
    assert work.run(SPLITTER, event) == PERSISTED
    assert taken(shared, client) == taken(shared, whole.key.split("/")[1])


CONTENT = HEADER + "".join(f"{at},a,t{at},1,TAX\n" for at in range(8))


def test_a_repeated_event_asks_for_the_missing_chunks_of_the_first_plan(shared: World) -> None:
    work = LargeWork(shared.functions, Bus())
    event = shared.upload("transactions", CONTENT, "again")
    tasks = ask_for_chunks(work, event)
    assert len(tasks) == 3
    work.run(CHUNKS, tasks[1])
    other = LargeWork(shared.functions, Bus())
    other.large.__dict__["splitter"] = work.large.splitter.__class__(
        **{**vars(work.large.splitter), "chunk_bytes": 1}  # another setting makes no other plan
    )
    assert ask_for_chunks(other, event) == [tasks[0], tasks[2]]
    assert [progress.done for progress in work.large.progress.unfinished()["again", DAY]] == [1]


def test_an_older_file_whose_last_chunk_comes_late_does_not_replace_a_newer_one(shared: World) -> None:
    work = LargeWork(shared.functions, Bus())
    older = shared.upload("transactions", CONTENT, "late")
    *first, last = ask_for_chunks(work, older)
    for task in first:
        work.run(CHUNKS, task)
    newer = shared.upload("transactions", CONTENT.replace("TAX", "DEPOSIT"), "late")
    for task in ask_for_chunks(work, newer):
        work.run(CHUNKS, task)
    assert work.run(CHUNKS, last) == REPLACED
    assert work.run(SPLITTER, older) == REPLACED
    current = """
        SELECT f.etag, d.version FROM dataharvest.delivery d JOIN dataharvest.delivered_file f
        ON f.file_id = d.transaction_file WHERE d.external_client = 'late'
    """
    assert shared.rows(current) == [(newer.etag, 1)]


def test_the_same_content_uploaded_again_completes_what_was_begun(shared: World) -> None:
    work = LargeWork(shared.functions, Bus())
    tasks = ask_for_chunks(work, shared.upload("transactions", CONTENT, "twice"))
    work.run(CHUNKS, tasks[0])
    again = shared.upload("transactions", CONTENT, "twice")
    assert shared.functions.persistence.take(again) == TO_SPLIT  # below the limit, but chunks of it are missing
    assert [name for name, _ in work.asked()] == [SPLITTER]
    rest = ask_for_chunks(work, again)
    assert [work.run(CHUNKS, task) for task in rest] == [CHUNK_PERSISTED, PERSISTED]


def test_a_large_file_that_cannot_be_read_is_refused_as_a_whole(shared: World) -> None:
    work = LargeWork(shared.functions, Bus())
    for client, content, reason in (
        ("wide", HEADER + '1,"' + "a" * 200_000, "it is not valid CSV after line 1: field larger than field "
         "limit (131072)"),
        ("plain", HEADER + "1,a,t,1,TAX\n1," + "a" * 200_000, "it is not valid CSV after line 2: field larger than "
         "field limit (131072)"),
        ("header", "a,b\n", "its first line must name the columns record_id,account_number,transaction_reference,"
         "amount,keyword"),
    ):  # fmt: skip
        event = shared.upload("transactions", content, client)
        assert [work.run(SPLITTER, event) for _ in range(2)] == [REFUSED] * 2
        (sent,) = shared.received()
        assert sent.body["message"] == f"transactions: the file {event.key} is refused: {reason}"


def test_a_chunk_of_a_file_that_is_not_known_is_left_alone(shared: World) -> None:
    event = shared.upload("transactions", CONTENT, "unknown")
    task = ChunkTask(event, tuple(column.name for column in TRANSACTIONS.columns), Chunk(62, 100, 1), 2)
    assert LargeWork(shared.functions, Bus()).run(CHUNKS, task) == FORGOTTEN


def test_plans_and_tasks_are_read_as_written() -> None:
    plan = Plan(("a", "b"), (Chunk(3, 5, 1), Chunk(5, 9, 2)))
    assert Plan.from_json(plan.to_json()) == plan
    task = ChunkTask(DeliveredObject("b", "k", "e", "1", 9, "v"), plan.columns, plan.chunks[1], 2)
    assert ChunkTask.from_json(task.to_json()) == task
