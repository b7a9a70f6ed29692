"""However a run ends, no process that it started survives it."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from localaws.running import running

# A child in the same process group, and an orphaned grandchild in its own session.
FAMILY = """
    import json, os, pathlib, subprocess, sys, time
    child = subprocess.Popen(["sleep", "600"])
    code = "import subprocess; print(subprocess.Popen(['sleep', '600'], start_new_session=True, stdout=2).pid)"
    orphan = int(subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True).stdout)
    target = pathlib.Path(sys.argv[sys.argv.index("--pids") + 1])
    target.with_suffix(".part").write_text(json.dumps([os.getpid(), os.getppid(), child.pid, orphan]))
    target.with_suffix(".part").rename(target)
    if "--end" not in sys.argv:
        time.sleep(600)
"""


def start_family(jobs: Any, name: str, folder: Path, **arguments: str) -> tuple[str, list[int]]:
    """Start a run of FAMILY; return its ID, and the process IDs of worker, supervisor, child and grandchild."""
    file = folder / f"{name}.pids"
    run_id = jobs.start(name, {"--pids": str(file), **{f"--{key}": value for key, value in arguments.items()}})
    jobs.eventually(file.exists)
    return run_id, json.loads(file.read_text())


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_stopped_run_leaves_no_process(jobs: Any, tmp_path: Path) -> None:
    name = jobs.create(FAMILY)
    run_id, pids = start_family(jobs, name, tmp_path)
    assert all(map(lives, pids))
    answer = jobs.glue.batch_stop_job_run(JobName=name, JobRunIds=[run_id])
    assert answer["SuccessfulSubmissions"] == [{"JobName": name, "JobRunId": run_id}]
    run = jobs.wait(name, run_id)
    assert run["JobRunState"] == "STOPPED"
    assert not any(map(lives, pids))


def test_a_finished_run_leaves_no_process(jobs: Any, tmp_path: Path) -> None:
    name = jobs.create(FAMILY)
    run_id, pids = start_family(jobs, name, tmp_path, end="now")
    assert jobs.wait(name, run_id)["JobRunState"] == "SUCCEEDED"
    assert not any(map(lives, pids))


def test_a_run_whose_supervisor_is_killed_fails_and_leaves_no_process(jobs: Any, tmp_path: Path) -> None:
    name = jobs.create(FAMILY)
    run_id, pids = start_family(jobs, name, tmp_path)
    os.kill(pids[1], signal.SIGKILL)
    run = jobs.wait(name, run_id)
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "Command failed with exit code 137 (killed by signal 9)"
    assert not any(map(lives, pids))


def test_a_run_over_its_timeout_ends_with_all_its_processes(
    jobs_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALAWS_GLUE_MINUTE", "1")
    with running() as server:
        jobs = jobs_of(server)
        name = jobs.create(FAMILY, Timeout=2)
        run_id, pids = start_family(jobs, name, tmp_path)
        run = jobs.wait(name, run_id)
    assert (run["JobRunState"], run["Timeout"]) == ("TIMEOUT", 2)
    assert run["ExecutionTime"] >= 2
    assert not any(map(lives, pids))


def test_a_server_that_stops_ends_its_runs(jobs_of: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home) as server:
        jobs = jobs_of(server)
        name = jobs.create(FAMILY)
        run_id, pids = start_family(jobs, name, tmp_path)
    assert not any(map(lives, pids))
    with running(home) as server:
        run = jobs_of(server).show(name, run_id)
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "the localaws server stopped while the run was active"
