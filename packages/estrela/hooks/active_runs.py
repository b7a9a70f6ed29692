"""Which runs of a Glue job are at work now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

RUN_KEY = "--run_key"
ENDED = frozenset({"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"})
"""A run in any other state, one that Glue has yet to invent included, may still write."""
NEWEST = 200
"""Runs looked at: Glue lists the newest first, and a job has far fewer at once."""


def active_run_keys(client: GlueClient, job: str) -> set[str]:
    """The run keys of the runs of ``job`` that have not ended."""
    pages = client.get_paginator("get_job_runs").paginate(JobName=job, PaginationConfig={"MaxItems": NEWEST})
    runs = [run for page in pages for run in page["JobRuns"]]
    active = [run.get("Arguments", {}).get(RUN_KEY, "") for run in runs if run["JobRunState"] not in ENDED]
    return {key for key in active if key}
