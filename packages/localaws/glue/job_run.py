"""One job run as a record, and the history of all runs in ``HOME/runs/<run id>/run.json``."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localaws.home import replace_file

ACTIVE = frozenset({"WAITING", "STARTING", "RUNNING", "STOPPING"})


def new_run_id() -> str:
    """``jr_`` and 64 hexadecimal digits."""
    return f"jr_{secrets.token_hex(32)}"


@dataclass
class JobRun:
    """A run; times are seconds since the epoch, ``execution_time`` is in seconds.

    ``settings`` is what the run was started with: Command, Arguments, Timeout (minutes), MaxRetries,
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
    def kind(self) -> str:
        return str(self.settings["Command"]["Name"])

    @property
    def arguments(self) -> dict[str, str]:
        return dict(self.settings.get("Arguments", {}))

    @property
    def log_group(self) -> str:
        return "/aws-glue/python-jobs" if self.kind == "pythonshell" else "/aws-glue/jobs"

    @property
    def execution_time(self) -> int:
        """Whole seconds of running, without the start."""
        if self.running_since is None:
            return 0
        return max(1, round((self.completed_on or time.time()) - self.running_since))

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


_NOT_SHOWN = frozenset({"Command", "MaxRetries", "ExecutionProperty"})


class RunHistory:
    """Runs on disk: one folder a run, its record written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder(self, run_id: str) -> Path:
        return self._folder / run_id

    def save(self, run: JobRun) -> None:
        self.folder(run.job_run_id).mkdir(parents=True, exist_ok=True)
        replace_file(self.folder(run.job_run_id) / "run.json", json.dumps(asdict(run), indent=1).encode())

    def load(self) -> list[JobRun]:
        """All runs, oldest first."""
        runs = [JobRun(**json.loads(path.read_text())) for path in self._folder.glob("*/run.json")]
        return sorted(runs, key=lambda run: run.started_on)

    def strays(self) -> list[Path]:
        """Folders of processes that waited for a run and got none."""
        return [folder for folder in self._folder.iterdir() if folder.is_dir() and not (folder / "run.json").exists()]


def _datetime(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
