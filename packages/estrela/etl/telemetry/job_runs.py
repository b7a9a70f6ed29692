"""Finished Glue runs with their cost."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from estrela.etl.lake_table import OPS, LakeTable
from estrela.etl.run_key import run_of
from estrela.etl.telemetry.ops_log import OpsLog, Row
from estrela.failure import readable
from estrela.hooks.glue_runs import Run, dpu_seconds, has_ended, recent_runs, run_key_of
from estrela.model.column import Column

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

LONGEST_MESSAGE = 500
MOST_RUNS = 5000
"""Maximum number of runs read, newest first, so that a record takes at most a few dozen requests for a busy job."""
JOB_RUNS = LakeTable(
    OPS,
    "job_runs",
    "Glue runs that have ended: one per step of a run, and one more per retry",
    (
        Column("run_key", "string", "Key of the run that the step belongs to"),
        Column("step", "string", "Step, such as extract_fees"),
        Column("glue_run_id", "string", "Id of the Glue run"),
        Column("started_at", "timestamp", "When the run started, UTC"),
        Column("seconds", "bigint", "Seconds of execution, without the start of the machines"),
        Column("dpu_seconds", "double", "Seconds times DPUs held; Glue bills at least 60 s per run"),
        Column("state", "string", "How it ended: SUCCEEDED, FAILED, STOPPED, TIMEOUT, ERROR or EXPIRED"),
        Column("message", "string", "Why it did not succeed, in Glue's words, at most 500 characters"),
    ),
)


def job_runs_log(s3: S3Client, glue: GlueClient, bucket: str) -> OpsLog:
    """Return the log of runs."""
    return OpsLog(s3, glue, bucket, JOB_RUNS, key=("glue_run_id",), time="started_at")


def note_job_runs(s3: S3Client, glue: GlueClient, bucket: str, job: str) -> int:
    """Record the finished runs of ``job``; return the number of new or changed rows. Raises ClientError."""
    return job_runs_log(s3, glue, bucket).merge(ended_runs(glue, job))


def ended_runs(client: GlueClient, job: str, now: datetime | None = None) -> list[Row]:
    """Return rows of :data:`JOB_RUNS` for the finished runs of ``job`` with a run key, from the last eight days.

    Eight days suffice to record every run after it has finished, because Glue stops a run after seven days.
    """
    runs = islice(recent_runs(client, job, now), MOST_RUNS)
    return [row_of(run) for run in runs if has_ended(run) and run_key_of(run)]


def row_of(run: Run) -> Row:
    """Convert a run, in the format of Glue's GetJobRuns, to a row of :data:`JOB_RUNS`."""
    key = run_key_of(run)
    return {
        "run_key": run_of(key),
        "step": key.rpartition("/")[2],
        "glue_run_id": run["Id"],
        "started_at": f"{run['StartedOn'].astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        "seconds": run.get("ExecutionTime", 0),
        "dpu_seconds": dpu_seconds(run),
        "state": run["JobRunState"],
        "message": readable(run.get("ErrorMessage", ""))[:LONGEST_MESSAGE],
    }
