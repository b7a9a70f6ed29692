"""The DuckDB of one query: lifetime of its functions, limits, cancellation."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import pytest

from localaws.athena.embedded.database import Database, spill_bound
from localaws.athena.embedded.failures import explain
from localaws.athena.embedded.sessions import Sessions

SORTED = "SELECT * FROM (SELECT hash(range) AS h, repeat('x', 100) || range AS t FROM range(3_000_000)) ORDER BY h"


def test_functions_are_called_after_many_failed_queries(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path)
    for _ in range(20):
        session = sessions.open(0)
        with pytest.raises(duckdb.Error):
            session.execute("SELECT * FROM nothing")
        session.close(reusable=False)
        session = sessions.open(0)
        assert session.execute("SELECT trino_translate('abc', 'a', 'b'), trino_from_base('ff', 16)") == [("bbc", 255)]
        session.close(reusable=False)
    sessions.close()


def test_a_query_that_spills_too_much_fails_in_athenas_words_and_frees_the_disk(tmp_path: Path) -> None:
    database = Database(tmp_path / "spill", memory="60MB", spill=20_000_000)
    with pytest.raises(duckdb.OutOfMemoryException) as caught:
        database.connection.execute(SORTED).fetchall()
    failure = explain(caught.value)
    assert failure is not None
    assert failure.text == (
        "EXCEEDED_LOCAL_MEMORY_LIMIT: Query exhausted resources at this scale factor: it needs more than 1GB of memory "
        "and its share of the disk"
    )
    assert failure.as_athena_error()["ErrorType"] == 0
    assert sum(file.stat().st_size for file in tmp_path.rglob("*")) <= 20_000_000
    database.close()
    assert list(tmp_path.iterdir()) == []


def test_one_query_may_spill_a_tenth_of_the_free_disk_and_at_most_8_gb() -> None:
    assert [spill_bound(free) for free in (0, 10**9, 10**12)] == [0, 10**8, 8 * 10**9]


def test_queries_at_once_have_memory_of_their_own(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path)
    first, second = sessions.open(0), sessions.open(0)
    first.execute("CREATE TEMP TABLE t AS SELECT range AS x FROM range(1_000_000)")
    used = "SELECT sum(memory_usage_bytes) FROM duckdb_memory()"
    assert first.execute(used)[0][0] > 1_000_000
    assert second.execute(used)[0][0] < 1_000_000
    for session in (first, second):
        session.close(reusable=True)
    sessions.close()


def test_a_stop_between_two_statements_reaches_the_next_one_and_no_other_query(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path)
    session = sessions.open(0)
    endless = "SELECT count(*) FROM range(1_000_000_000_000) AS a, range(1_000_000) AS b"
    stop = threading.Timer(0.2, session.cancel)
    connection = session._connection
    stop.start()
    stop.join()
    with pytest.raises(duckdb.InterruptException):
        connection.execute(endless)
    session.close(reusable=True)
    session.cancel()
    following = sessions.open(0)
    assert following.execute("SELECT sum(range) FROM range(10_000_000)") == [(49999995000000,)]
    following.close()
    sessions.close()


def test_a_database_that_used_much_memory_is_not_kept(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path)
    connections = []
    for rows in (10, 3_000_000, 10):
        session = sessions.open(0)
        connections.append(session._connection)
        session.execute(f"SELECT count(*) FROM (SELECT range AS r, count(*) FROM range({rows}) GROUP BY 1)")
        session.close(reusable=True)
    small, large, afterwards = connections
    assert small is large
    assert afterwards is not large
    sessions.close()
