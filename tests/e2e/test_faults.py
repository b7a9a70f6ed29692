"""Killed anywhere, or run twice at once, the platform ends with the same tables. Real Glue runs on real Spark."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from deployed_platform import DeployedPlatform, Rows, deployed_platform

pytestmark = [pytest.mark.slow, pytest.mark.long]
LAST_SOURCE, LAST_TABLE = "banking_trusted.current_fees", "banking_refined.fact_fees"


def killed(platform: DeployedPlatform, phase: str, seen: Callable[[], bool]) -> None:
    """Start a step, kill its processes as soon as ``seen`` returns true, and check that Glue reports it."""
    run_id = platform.start(phase, "banking", "day")
    platform.kill_when(run_id, seen)
    assert platform.wait(run_id).startswith("FAILED")


def committed(platform: DeployedPlatform, name: str) -> bool:
    """Return whether the run has a snapshot on its branch of the table."""
    return any(branch != "main" for branch in platform.refs(name))


def test_killed_before_and_after_each_commit_and_between_two_publishes(home: Path, expected: Rows) -> None:
    with deployed_platform(home) as platform:
        killed(platform, "transform", lambda: any("/data/" in key for key in platform.keys("warehouse/")))
        killed(platform, "transform", lambda: committed(platform, LAST_SOURCE))
        assert platform.run("transform", "banking", "day") == "SUCCEEDED"
        killed(platform, "star", lambda: any("dim_" in key and "/data/" in key for key in platform.keys("warehouse/")))
        killed(platform, "star", lambda: committed(platform, LAST_TABLE))
        assert platform.run("star", "banking", "day") == "SUCCEEDED"
        assert platform.tables() == {}
        killed(platform, "publish", lambda: "main" in platform.refs("banking_trusted.complaints"))
        between = platform.tables()
        assert between.keys() < expected.keys()
        assert between.items() <= expected.items()
        assert platform.shown() == {}
        assert platform.run("publish", "banking", "day") == "SUCCEEDED"
        assert platform.branches() == set()
        assert platform.tables() == expected
        shown = platform.shown()
        committed_tables = {name.rpartition(".")[2]: rows for name, rows in expected.items() if "_trusted" not in name}
        assert {name: rows for name, rows in shown.items() if name in committed_tables} == committed_tables
        assert shown["release"][0].startswith('"1"')


def test_two_runs_at_once_do_not_harm_each_other(home: Path, expected: Rows) -> None:
    with deployed_platform(home) as platform, ThreadPoolExecutor(2) as pool:
        for phase in ("transform", "star", "publish"):
            ends = list(pool.map(lambda run, phase=phase: platform.run(phase, "banking", run), ("one", "other")))
            assert ends == ["SUCCEEDED", "SUCCEEDED"]
        assert platform.branches() == set()
        assert platform.tables() == expected
