"""Runs of a Glue job: their states, run keys and figures, and the only loop over GetJobRuns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

Run = Mapping[str, Any]
"""A run as Glue's GetJobRun and GetJobRuns return it."""
RUN_KEY = "--run_key"
"""Job argument that identifies one attempt of one step; a retry attaches to the active run with the same value."""
SUCCEEDED, STOPPING = "SUCCEEDED", "STOPPING"
ENDED = frozenset({SUCCEEDED, "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"})
"""Terminal states. A run in any other state may still write, including states that Glue may add later."""
LONGEST_RUN = timedelta(days=8)
"""Glue ends a run after at most 7 days: an older one cannot be active, and older files belong to no active run."""


def recent_runs(client: GlueClient, job: str, now: datetime | None = None) -> Iterator[Run]:
    """Yield the runs of ``job`` that started within :data:`LONGEST_RUN`, newest first. Raises ClientError."""
    oldest = (now or datetime.now(UTC)) - LONGEST_RUN
    for page in client.get_paginator("get_job_runs").paginate(JobName=job):
        for run in page["JobRuns"]:
            if run["StartedOn"] < oldest:
                return
            yield run


def active_run_keys(client: GlueClient, job: str) -> set[str]:
    """Return the run keys of the runs of ``job`` that have not ended. Raises ClientError."""
    active = {run_key_of(run) for run in recent_runs(client, job) if not has_ended(run)}
    return active - {""}


def has_ended(run: Run) -> bool:
    """Return whether Glue has finished with the run, successfully or not."""
    return run["JobRunState"] in ENDED


def run_key_of(run: Run) -> str:
    """Return the run key; "" for a run that was started manually without one."""
    return str(run.get("Arguments", {}).get(RUN_KEY, ""))


def dpu_seconds(run: Run) -> float:
    """Return the DPU-seconds of a run. Glue states them only for auto-scaled runs; others use their capacity all the
    time.
    """
    return float(run.get("DPUSeconds") or run.get("ExecutionTime", 0) * run.get("MaxCapacity", 0))
