"""``make demo`` as a process: when it is interrupted it ends everything that it started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS, STOP_SECONDS = 900.0, 300.0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project in its own folder, because the demo stores its state there."""
    copy = tmp_path / "estrela"
    for name in ("packages", "glue", "dags", "metabase"):
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", copy)
    return copy


@pytest.fixture
def demo(project: Path) -> Iterator[subprocess.Popen[str]]:
    """The demo as a shell runs it: as the leader of a process group, which a terminal interrupts as a whole."""
    path = os.pathsep.join([str(project / "packages"), str(project)])
    child = subprocess.Popen(
        [sys.executable, "-m", "demo"], cwd=project, env={**os.environ, "PYTHONPATH": path}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        yield child
    finally:
        for process in [*psutil.Process(child.pid).children(recursive=True), child] if child.poll() is None else []:
            process.kill()
        child.wait()


def wait_for_a_task(child: subprocess.Popen[str], home: Path) -> None:
    """Wait until Airflow has started a task that extracts."""
    deadline = time.monotonic() + START_SECONDS
    while not any(home.glob("airflow/logs/dag_id=star_banking/*/task_id=extract_*/*")):
        assert child.poll() is None, child.communicate()[0]
        assert time.monotonic() < deadline, "no task began"
        time.sleep(0.2)


@pytest.mark.long
def test_ctrl_c_leaves_nothing_running(demo: subprocess.Popen[str], project: Path) -> None:
    wait_for_a_task(demo, project / ".demo" / "synthetic")
    started = psutil.Process(demo.pid).children(recursive=True)
    assert len(started) > 4

    os.killpg(demo.pid, signal.SIGINT)
    said = demo.communicate(timeout=STOP_SECONDS)[0]

    assert said.splitlines()[-1] == "stopped; nothing is left running"
    assert demo.returncode == 130
    _, left = psutil.wait_procs(started, timeout=5)
    assert left == []
