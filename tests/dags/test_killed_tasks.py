"""Tasks that are killed, under Airflow's own supervisor: what happens to their Glue runs."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from waiting import eventually

HERE = Path(__file__).parent
DAG_FILE = HERE.parents[1] / "dags" / "stars.py"
TASK = "extract_complaints"
pytestmark = pytest.mark.slow


class Supervised:
    """A supervisor and its task. Their output goes to a file, because a pipe could lose some of it."""

    def __init__(self, platform: Any, folder: Path, name: str = "first") -> None:
        self.heartbeats_fail, self.log = folder / f"{name}-heartbeats-fail", folder / f"{name}.log"
        env = {
            **platform.env,
            "HEARTBEATS_FAIL": str(self.heartbeats_fail),
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "1",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        }
        command = [sys.executable, str(HERE / "supervised.py"), str(DAG_FILE), "star_banking", TASK, "day-1"]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(command, env=env, stdout=output, stderr=output)

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def kill_task(self, number: signal.Signals) -> None:
        """Send a signal to the process of the task."""
        (task,) = psutil.Process(self.process.pid).children()
        task.send_signal(number)

    def end(self) -> None:
        for child in psutil.Process(self.process.pid).children(recursive=True) if self.process.poll() is None else ():
            child.kill()
        self.process.kill()
        self.process.wait()


@pytest.fixture
def slow(platform: Any) -> Any:
    return replace(platform, variables={"source_host": "http://slow"})


def attended(task: Supervised, platform: Any) -> str:
    """Return the ID of the only Glue run, once a kill of the task would find it."""
    (run,) = eventually(lambda: platform.runs() if ". To read its log: " in task.output else [], seconds=900)
    return str(run["Id"])


def state(platform: Any) -> list[str]:
    return [run["JobRunState"] for run in platform.runs()]


def test_lost_heartbeats_leave_the_run_to_the_retry(slow: Any, tmp_path: Path) -> None:
    first = Supervised(slow, tmp_path)
    try:
        run_id = attended(first, slow)
        first.heartbeats_fail.touch()
        assert first.process.wait(900) == 0
        assert "Too many failed heartbeats; terminating process" in first.output
        assert state(slow) == ["RUNNING"]
        retry = Supervised(slow, tmp_path, "retry")
        try:
            eventually(
                lambda: f"run {run_id}, key star_banking/day-1/{TASK}. To read its log: " in retry.output, seconds=900
            )
            slow.aws.client("glue").batch_stop_job_run(JobName=slow.job, JobRunIds=[run_id])
            eventually(lambda: f"run {run_id}, is STOPPED" in retry.output, seconds=900)
        finally:
            retry.end()
        assert state(slow) == ["STOPPED"]
    finally:
        first.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_task_leaves_its_run(slow: Any, tmp_path: Path, number: signal.Signals) -> None:
    task = Supervised(slow, tmp_path)
    try:
        attended(task, slow)
        task.kill_task(number)
        if number == signal.SIGKILL:
            assert task.process.wait(900) == 0
        time.sleep(2)
        assert state(slow) == ["RUNNING"]
    finally:
        task.end()


def test_where_it_is_wanted_a_killed_task_stops_its_run_before_the_kill(slow: Any, tmp_path: Path) -> None:
    stopping = replace(slow, variables={**slow.variables, "kill_stops_run": "true"})
    task = Supervised(stopping, tmp_path)
    try:
        run_id = attended(task, stopping)
        task.heartbeats_fail.touch()
        assert task.process.wait(900) == 0
        assert f"Asked Glue to stop run {run_id} of job {slow.job}" in task.output
        eventually(lambda: state(stopping) == ["STOPPED"], seconds=900)
    finally:
        task.end()
