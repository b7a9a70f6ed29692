"""Many concurrent queries, a third of which fail or are stopped: the server answers each correctly and keeps running.

``make soak`` runs 2,000 of them; the normal tests run a few.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from localaws.running import Running, running

QUERIES = int(os.environ.get("ESTRELA_SOAK_QUERIES", "48"))
ROUNDS = int(os.environ.get("ESTRELA_SOAK_ROUNDS", "2"))
AT_ONCE = 8
ALLOWED, ALLOWED_GROWTH = 800_000_000, 100_000_000
CROSS = (
    "FROM UNNEST(sequence(1, 10000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y) "
    "CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z)"
)

ANSWERED: list[tuple[str, list[list[str | None]]]] = [
    ("SELECT translate('abc', 'a', 'b')", [["bbc"]]),
    ("SELECT lower('É'), upper('éa'), reverse('éa')", [["é", "ÉA", "aé"]]),
    ("SELECT json_extract_scalar('{\"a\":1}', '$.a'), from_base('ff', 16)", [["1", "255"]]),
    ("SELECT url_encode(n), crc32(to_utf8('abc')) FROM items WHERE id = 7", [["n+7", "891568578"]]),
    ("SELECT count(*), sum(id) FROM items", [["1000", "499500"]]),
    ("SELECT count(*) FROM ice AS a JOIN items AS b ON a.id = b.id", [["1000"]]),
    ("SELECT count(*), max(x) FROM UNNEST(sequence(1, 10000)) AS t(x)", [["10000", "10000"]]),
    ('SELECT count(DISTINCT "$path") FROM ice', [["1"]]),
    ("SHOW TABLES LIKE 'ice'", [["ice"]]),
]
FAILED = [
    ("SELECT 1 / (id - id) FROM items", "DIVISION_BY_ZERO: "),
    ("SELECT * FROM no_such_table", "TABLE_NOT_FOUND: "),
    ("SELECT from_base('zz', 10)", "INVALID_FUNCTION_ARGUMENT: "),
    ("SELECT nothing FROM items", "COLUMN_NOT_FOUND: "),
    ("SELECT CAST(n AS integer) FROM items", "INVALID_CAST_ARGUMENT: "),
    ("SELECT url_decode('%zz')", "NOT_SUPPORTED: "),
    (
        "SELECT cardinality(array_agg(CAST(x AS varchar) || '................')) " + CROSS,
        "EXCEEDED_LOCAL_MEMORY_LIMIT: ",
    ),
]
STOPPED = [
    f"SELECT count(*) {CROSS} WHERE sqrt(x * y) < 0",
    f"SELECT count(*) {CROSS} WHERE translate(CAST(x * y AS varchar), '1', '2') = ''",
    f"SELECT y, max(x) {CROSS} GROUP BY y ORDER BY y",
]


class Client:
    """Runs queries on one server and reports how each ended."""

    def __init__(self, server: Running) -> None:
        self._athena = server.client("athena")

    def start(self, sql: str) -> str:
        started = self._athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": "soak"},
            ResultConfiguration={"OutputLocation": "s3://soak-bucket/results/"},
        )
        return str(started["QueryExecutionId"])

    def status(self, execution_id: str, *states: str) -> dict[str, Any]:
        """Wait until the state is one of ``states`` and return the status."""
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            status = self._athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]["Status"]
            if status["State"] in states:
                return dict(status)
            time.sleep(0.02)
        raise TimeoutError(f"query {execution_id} did not reach {states}")

    def ended(self, execution_id: str) -> dict[str, Any]:
        return self.status(execution_id, "SUCCEEDED", "FAILED", "CANCELLED")

    def rows(self, execution_id: str) -> list[list[str | None]]:
        rows = self._athena.get_query_results(QueryExecutionId=execution_id)["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows]

    def stop(self, execution_id: str) -> None:
        self.status(execution_id, "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED")
        self._athena.stop_query_execution(QueryExecutionId=execution_id)

    def wrong(self, number: int) -> str | None:
        """Run query ``number``; return a description of a wrong result, or None."""
        if number % 6 == 0:
            sql, reason = FAILED[number // 6 % len(FAILED)]
            status = self.ended(self.start(sql))
            as_expected = status["State"] == "FAILED" and status["StateChangeReason"].startswith(reason)
            return None if as_expected else f"{sql}: {status}"
        if number % 6 == 3:
            sql = STOPPED[number // 6 % len(STOPPED)]
            execution_id = self.start(sql)
            self.stop(execution_id)
            status = self.ended(execution_id)
            return None if status["State"] == "CANCELLED" else f"{sql}: {status}"
        if number % 10 == 1:
            return self._written(number)
        sql, rows = ANSWERED[number % len(ANSWERED)]
        execution_id = self.start(sql)
        status = self.ended(execution_id)
        answer = self.rows(execution_id) if status["State"] == "SUCCEEDED" else status
        return None if answer in (rows, [*answer[:1], *rows]) else f"{sql}: {answer}"

    def _written(self, number: int) -> str | None:
        table = f"made_{number}"
        for sql in (f"CREATE TABLE {table} AS SELECT id, lower(n) AS n FROM items", f"DROP TABLE {table}"):
            status = self.ended(self.start(sql))
            if status["State"] != "SUCCEEDED":
                return f"{sql}: {status}"
        return None


@contextmanager
def loaded(home: Path) -> Iterator[Running]:
    """A server with the tables ``items`` and ``ice``, created once per home."""
    with running(home) as server:
        if not (home / "s3" / "soak-bucket").exists():
            server.client("s3").create_bucket(Bucket="soak-bucket")
            server.client("glue").create_database(DatabaseInput={"Name": "soak"})
            client = Client(server)
            source = "SELECT x - 1 AS id, 'n ' || CAST(x - 1 AS varchar) AS n FROM UNNEST(sequence(1, 1000)) AS t(x)"
            ice = "WITH (table_type = 'ICEBERG', is_external = false, location = 's3://soak-bucket/ice/')"
            for sql in (f"CREATE TABLE items AS {source}", f"CREATE TABLE ice {ice} AS {source}"):
                assert client.ended(client.start(sql))["State"] == "SUCCEEDED"
        yield server


def rounds() -> list[range]:
    edges = [QUERIES * i // ROUNDS for i in range(ROUNDS + 1)]
    return [range(start, end) for start, end in pairwise(edges)]


def memory_at_rest(process: psutil.Process, allowed: int) -> int:
    """Return the resident bytes once they are at most ``allowed``, or after 30 s: memory is freed after a query."""
    deadline = time.monotonic() + 30
    while (used := int(process.memory_info().rss)) > allowed and time.monotonic() < deadline:
        time.sleep(0.1)
    return used


@pytest.mark.slow
def test_every_query_ends_as_it_should_and_the_server_stays_up(tmp_path: Path) -> None:
    for numbers in rounds():
        with loaded(tmp_path) as server, ThreadPoolExecutor(AT_ONCE) as pool:
            client, process = Client(server), psutil.Process(server.pid)
            warm = numbers[: len(numbers) // 2]
            wrong = [w for w in pool.map(client.wrong, warm) if w]
            before = memory_at_rest(process, ALLOWED)
            wrong += [w for w in pool.map(client.wrong, numbers[len(warm) :]) if w]
            after = memory_at_rest(process, before + ALLOWED_GROWTH)
            assert not wrong, wrong[:5]
            print(f"queries {numbers}: {before / 1e6:.0f} MB after half of them, {after / 1e6:.0f} MB after all")
            assert after <= before + ALLOWED_GROWTH <= ALLOWED + ALLOWED_GROWTH
        assert "Segmentation fault" not in (tmp_path / "server.log").read_text(errors="replace")
