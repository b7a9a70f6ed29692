"""Glue job runs: find by run key, start, wait, stop."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

import estrela.errors
from estrela.errors import EstrelaError, JobDeadlineError, JobError

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

RUN_KEY = "--run_key"
SUCCESS = "SUCCEEDED"
WAITING = frozenset({"STARTING", "RUNNING", "STOPPING", "WAITING"})
"""Every state outside these and SUCCEEDED is a failure, one that Glue has yet to invent included."""
LONGEST_RUN = timedelta(days=8)
"""Glue ends a run after at most 7 days, so an older one cannot be active."""
NOT_STARTED = "NOT STARTED"
LOG_GROUP = "/aws-glue/jobs"


@dataclass(frozen=True)
class JobRun:
    """A run that succeeded: ``seconds`` of execution and the ``dpu_seconds`` that are billed (0 where unknown)."""

    job: str
    run_id: str
    seconds: int
    dpu_seconds: float


@dataclass(frozen=True)
class GlueJobs:
    """Runs of Glue jobs over a boto3 Glue client. Every error is a JobError with Glue's own words."""

    client: GlueClient
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def find(self, job: str, run_key: str) -> str | None:
        """The id of the active run that carries ``run_key``; None if there is none."""
        oldest = datetime.now(UTC) - LONGEST_RUN
        for run in self._newest_first(job):
            if run["StartedOn"] < oldest:
                return None
            # A run that is being stopped will not finish the work.
            is_active = run["JobRunState"] in WAITING - {"STOPPING"}
            if is_active and run.get("Arguments", {}).get(RUN_KEY) == run_key:
                return str(run["Id"])
        return None

    def start(self, job: str, run_key: str, arguments: Mapping[str, str], *, flex: bool = False) -> str:
        """Start a run that carries ``run_key``, or attach to the active one; return its id.

        A ``flex`` run waits for spare capacity and costs about a third less.
        """
        active = self.find(job, run_key)
        if active:
            return active
        try:
            started = self.client.start_job_run(
                JobName=job,
                Arguments={**arguments, RUN_KEY: run_key},
                ExecutionClass="FLEX" if flex else "STANDARD",
            )
            return started["JobRunId"]
        except (ClientError, BotoCoreError) as error:
            raise self._lost(job, "", NOT_STARTED, error) from error

    def wait(self, job: str, run_id: str, deadline: float, poll: float = 5.0) -> JobRun:
        """The run once it succeeded, asked every ``poll`` seconds.

        Raises JobError if it ends otherwise, JobDeadlineError if it is unfinished after ``deadline`` seconds.
        """
        end = self.clock() + deadline
        while True:
            run = self._run(job, run_id)
            state = run["JobRunState"]
            if state == SUCCESS:
                return JobRun(job, run_id, run.get("ExecutionTime", 0), dpu_seconds(run))
            if state not in WAITING:
                raise self._failed(JobError, job, run, run.get("ErrorMessage", ""))
            if self.clock() >= end:
                raise self._failed(JobDeadlineError, job, run, f"not finished after {deadline:g} s")
            self.sleep(min(poll, max(0.0, end - self.clock())))

    def stop(self, job: str, run_id: str) -> None:
        """Ask Glue to stop the run; one that has ended stays as it is. Raises JobError if Glue refuses."""
        try:
            answer = self.client.batch_stop_job_run(JobName=job, JobRunIds=[run_id])
        except (ClientError, BotoCoreError) as error:
            raise self._lost(job, run_id, "NOT STOPPED", error) from error
        for refused in answer.get("Errors", []):
            run = self._run(job, run_id)
            if run["JobRunState"] in WAITING - {"STOPPING"}:
                message = refused.get("ErrorDetail", {}).get("ErrorMessage", "")
                raise self._failed(JobError, job, run, f"Glue did not stop it: {message}")

    def log_url(self, run_id: str, group: str = LOG_GROUP) -> str:
        """Where the run's errors are logged: the CloudWatch console, or the endpoint in use outside AWS."""
        endpoint, region = self.client.meta.endpoint_url, self.client.meta.region_name
        if ".amazonaws." not in endpoint:
            return f"{endpoint} (log group {group}/error, stream {run_id})"
        escaped = quote(quote(f"{group}/error", safe=""), safe="").replace("%", "$")
        return (
            f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
            f"#logsV2:log-groups/log-group/{escaped}/log-events/{run_id}"
        )

    def _newest_first(self, job: str) -> Iterator[Any]:
        try:
            for page in self.client.get_paginator("get_job_runs").paginate(JobName=job):
                yield from page["JobRuns"]
        except (ClientError, BotoCoreError) as error:
            raise self._lost(job, "", "UNKNOWN", error) from error

    def _run(self, job: str, run_id: str) -> Any:
        try:
            return self.client.get_job_run(JobName=job, RunId=run_id)["JobRun"]
        except (ClientError, BotoCoreError) as error:
            raise self._lost(job, run_id, "UNKNOWN", error) from error

    def _failed(self, kind: type[JobError], job: str, run: Mapping[str, Any], message: str) -> JobError:
        log_url = self.log_url(run["Id"], run.get("LogGroupName", LOG_GROUP))
        error = kind(job, run["Id"], run["JobRunState"], message, log_url)
        error.retriable = may_pass(message)
        return error

    def _lost(self, job: str, run_id: str, state: str, cause: ClientError | BotoCoreError) -> JobError:
        """Glue could not be asked: worth a retry unless Glue refuses the request itself."""
        error = JobError(job, run_id or "none", state, str(cause), self.log_url(run_id))
        code = cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""
        error.retriable = code not in REFUSALS
        return error


REFUSALS = frozenset(
    {"EntityNotFoundException", "InvalidInputException", "AccessDeniedException", "ValidationException"}
)


def may_pass(message: str) -> bool:
    """Whether a retry can help a run that failed with ``message``: not if it names an error that says otherwise."""
    for name in re.findall(r"\b(\w+Error)\b", message):
        kind = getattr(estrela.errors, name, None)
        if isinstance(kind, type) and issubclass(kind, EstrelaError):
            return kind.retriable
    return True


def dpu_seconds(run: Mapping[str, Any]) -> float:
    """DPU-seconds of a run: Glue tells them itself only of runs that scale by themselves."""
    return float(run.get("DPUSeconds") or run.get("ExecutionTime", 0) * run.get("MaxCapacity", 0))
