"""Killed anywhere, or run twice at once, the platform ends in the same tables. Real Glue runs on real Spark."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from house import House, Rows, house

pytestmark = [pytest.mark.slow, pytest.mark.long]
LAST_SOURCE, LAST_TABLE = "banking_trusted.current_fees", "banking_refined.fact_fees"


def killed(made: House, phase: str, seen: Callable[[], bool]) -> None:
    """Start a step, kill its processes the moment that ``seen`` holds, and see Glue report it."""
    run_id = made.start(phase, "banking", "day")
    made.kill_when(run_id, seen)
    assert made.wait(run_id).startswith("FAILED")


def committed(made: House, name: str) -> bool:
    """Return whether the run has a snapshot on its branch of the table."""
    return any(branch != "main" for branch in made.refs(name))


def test_killed_before_and_after_each_commit_and_between_two_publishes(home: Path, expected: Rows) -> None:
    with house(home) as made:
        killed(made, "transform", lambda: any("/data/" in key for key in made.keys("warehouse/")))
        killed(made, "transform", lambda: committed(made, LAST_SOURCE))
        assert made.run("transform", "banking", "day") == "SUCCEEDED"
        killed(made, "star", lambda: any("dim_" in key and "/data/" in key for key in made.keys("warehouse/")))
        killed(made, "star", lambda: committed(made, LAST_TABLE))
        assert made.run("star", "banking", "day") == "SUCCEEDED"
        assert made.tables() == {}
        killed(made, "publish", lambda: "main" in made.refs("banking_trusted.complaints"))
        between = made.tables()
        assert between.keys() < expected.keys()
        assert between.items() <= expected.items()
        assert made.shown() == {}
        assert made.run("publish", "banking", "day") == "SUCCEEDED"
        assert made.branches() == set()
        assert made.tables() == expected
        shown = made.shown()
        committed_tables = {name.rpartition(".")[2]: rows for name, rows in expected.items() if "_trusted" not in name}
        assert {name: rows for name, rows in shown.items() if name in committed_tables} == committed_tables
        assert shown["release"][0].startswith('"1"')


def test_two_runs_at_once_do_not_harm_each_other(home: Path, expected: Rows) -> None:
    with house(home) as made, ThreadPoolExecutor(2) as pool:
        for phase in ("transform", "star", "publish"):
            ends = list(pool.map(lambda run, phase=phase: made.run(phase, "banking", run), ("one", "other")))
            assert ends == ["SUCCEEDED", "SUCCEEDED"]
        assert made.branches() == set()
        assert made.tables() == expected
