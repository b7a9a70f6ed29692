"""One job run as a record, and the history of all runs in ``HOME/runs/<run id>/run.json``."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import threading
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localaws.errors import HomeStateError
from localaws.home import replace_file

ACTIVE = frozenset({"WAITING", "STARTING", "RUNNING", "STOPPING"})
_KEPT = frozenset({"run.json", "output.log", "error.log", "script"})

# account, region, job name
Key = tuple[str, str, str]


def new_run_id() -> str:
    """``jr_`` and 64 hexadecimal digits."""
    return f"jr_{secrets.token_hex(32)}"


@dataclass
class JobRun:
    """A run; times are seconds since the epoch, ``execution_time`` is in seconds.

    ``settings`` are the settings that the run was started with: Command, Arguments, Timeout (minutes), MaxRetries,
    MaxCapacity, WorkerType, NumberOfWorkers, GlueVersion, ... named as Glue names them.
    """

    job_run_id: str
    job_name: str
    account: str
    region: str
    settings: dict[str, Any]
    attempt: int = 0
    previous_run_id: str = ""
    state: str = "STARTING"
    started_on: float = field(default_factory=time.time)
    last_modified_on: float = field(default_factory=time.time)
    running_since: float | None = None
    completed_on: float | None = None
    error_message: str = ""

    @property
    def active(self) -> bool:
        return self.state in ACTIVE

    @property
    def key(self) -> Key:
        return self.account, self.region, self.job_name

    @property
    def max_concurrent_runs(self) -> int:
        return int(self.settings["ExecutionProperty"].get("MaxConcurrentRuns", 1))

    @property
    def kind(self) -> str:
        return str(self.settings["Command"]["Name"])

    @property
    def arguments(self) -> dict[str, str]:
        return dict(self.settings.get("Arguments", {}))

    @property
    def role(self) -> str:
        """Name of the run's IAM role."""
        return str(self.settings.get("Role", "")).rpartition("/")[2]

    @property
    def log_group(self) -> str:
        """Prefix of the log groups; runs with a security configuration have their own."""
        folder = "/aws-glue/python-jobs" if self.kind == "pythonshell" else "/aws-glue/jobs"
        configuration = self.settings.get("SecurityConfiguration")
        return f"{folder}/{configuration}-role/{self.role}" if configuration else folder

    @property
    def execution_time(self) -> int:
        """Whole seconds of running, without the time to start."""
        if self.running_since is None:
            return 0
        return max(1, round((self.completed_on or time.time()) - self.running_since))

    def next_attempt(self) -> JobRun:
        """The next attempt of the run; as on Glue, its ID is the first run's and ``_attempt_1``, ``_attempt_2``, ..."""
        attempt = self.attempt + 1
        run_id = re.sub(r"_attempt_\d+$", "", self.job_run_id) + f"_attempt_{attempt}"
        return JobRun(
            run_id, self.job_name, self.account, self.region, self.settings, attempt, previous_run_id=self.job_run_id
        )

    def as_dict(self) -> dict[str, Any]:
        """The run as GetJobRun shows it."""
        shown = {name: value for name, value in self.settings.items() if name not in _NOT_SHOWN}
        shown |= {
            "Id": self.job_run_id,
            "Attempt": self.attempt,
            "JobName": self.job_name,
            "StartedOn": _datetime(self.started_on),
            "LastModifiedOn": _datetime(self.last_modified_on),
            "JobRunState": self.state,
            "PredecessorRuns": [],
            "ExecutionTime": self.execution_time,
            "LogGroupName": self.log_group,
        }
        if self.previous_run_id:
            shown["PreviousRunId"] = self.previous_run_id
        if self.completed_on:
            shown["CompletedOn"] = _datetime(self.completed_on)
            shown["DPUSeconds"] = self.execution_time * float(self.settings["MaxCapacity"])
        if self.error_message:
            shown["ErrorMessage"] = self.error_message
        return shown


_NOT_SHOWN = frozenset({"Command", "MaxRetries", "ExecutionProperty", "Role"})


class RunHistory:
    """All runs, in memory and on disk: one folder per run, with a record that is written atomically."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: dict[str, JobRun] = {}
        self._lock = threading.Lock()

    def folder(self, run_id: str) -> Path:
        return self._folder / run_id

    def load(self) -> None:
        """Read the runs of earlier servers; raise HomeStateError for a record that cannot be read."""
        for path in self._folder.glob("*/run.json"):
            try:
                self._runs[path.parent.name] = JobRun(**json.loads(path.read_text()))
            except (ValueError, TypeError) as error:
                raise HomeStateError(path, str(error)) from error

    def unused_folders(self) -> list[Path]:
        """Folders of processes that waited for a run but never got one."""
        return [folder for folder in self._folder.iterdir() if folder.is_dir() and not (folder / "run.json").exists()]

    def add(self, run: JobRun) -> None:
        self._save(run)
        with self._lock:
            self._runs[run.job_run_id] = run

    def find(self, key: Key, run_id: str) -> JobRun | None:
        run = self._runs.get(run_id)
        return run if run and run.key == key else None

    def of_job(self, key: Key) -> list[JobRun]:
        """The runs of a job, newest first."""
        with self._lock:
            runs = [run for run in self._runs.values() if run.key == key]
        return sorted(runs, key=lambda run: run.started_on, reverse=True)

    def active(self) -> list[JobRun]:
        with self._lock:
            return [run for run in self._runs.values() if run.active]

    def change(self, run: JobRun, state: str) -> None:
        run.state = state
        run.last_modified_on = time.time()
        self._save(run)

    def end(self, run: JobRun, state: str, message: str) -> None:
        run.error_message = message
        run.completed_on = time.time()
        self.change(run, state)

    def saved(self, run: JobRun) -> bool:
        """Write the record of ``run``; return whether the disk had space for it."""
        try:
            self._save(run)
        except OSError:
            return False
        return True

    def clean(self, run: JobRun) -> None:
        """Delete the run's working files; keep its logs, script and record."""
        for entry in self.folder(run.job_run_id).iterdir():
            if entry.name in _KEPT:
                continue
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()

    def _save(self, run: JobRun) -> None:
        self.folder(run.job_run_id).mkdir(parents=True, exist_ok=True)
        replace_file(self.folder(run.job_run_id) / "run.json", json.dumps(asdict(run), indent=1).encode())


def _datetime(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
