"""Start one Glue run per run key, wait for its end, and stop runs that nobody waits for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from estrela.errors import JobDeadlineError, JobError
from estrela.failure import failure_in, readable
from estrela.hooks.aws_fault import is_transient, status_of
from estrela.hooks.glue_logs import AWS, ERROR, LOG_GROUP, OUTPUT, aws_command, log_command
from estrela.hooks.glue_runs import RUN_KEY, STOPPING, SUCCEEDED, Run, dpu_seconds, has_ended, recent_runs, run_key_of

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

UNKNOWN, NOT_STARTED, NOT_STOPPED = "UNKNOWN", "NOT STARTED", "NOT STOPPED"
"""States in a JobError if Glue could not show, start or stop the run."""
BLIND_SECONDS = 600.0
"""Maximum time in seconds without a successful poll before waiting for a run ends."""
STOP_SECONDS = 600.0
"""Maximum time in seconds for a run to stop; Glue usually needs one to three minutes."""
APPEAR_SECONDS = 30.0
"""Maximum time in seconds to look for the run of a StartJobRun that was not answered."""
POLL_SECONDS = 5.0


@dataclass(frozen=True)
class JobRun:
    """A successful run: ``seconds`` of execution and the billed ``dpu_seconds`` (0 if unknown).

    Its output is in a log group below ``log_group``.
    """

    job: str
    run_id: str
    seconds: int
    dpu_seconds: float
    log_group: str = LOG_GROUP


@dataclass(frozen=True)
class GlueJobs:
    """Runs of Glue jobs, through a boto3 Glue client. Every error is a JobError with Glue's own message.

    ``aws_command`` is the AWS CLI command in log links for people; it may need a profile, credentials or an endpoint
    that the client does not need. "" means ``aws``, plus the client's endpoint if it is not AWS's own.
    """

    client: GlueClient
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    aws_command: str = ""

    def __post_init__(self) -> None:
        # If botocore repeated a StartJobRun after a timeout, a second run would start: the API has no client token.
        events = self.client.meta.events
        events.register_first("needs-retry.glue.StartJobRun", _raise_failed_start, unique_id="estrela-start-once")

    def find(self, job: str, run_key: str) -> Run | None:
        """Return the active run with the key; a run that is stopping only if no other is active."""
        try:
            runs = [run for run in recent_runs(self.client, job) if run_key_of(run) == run_key and not has_ended(run)]
        except (ClientError, BotoCoreError) as error:
            raise self._request_error(job, "", UNKNOWN, error) from error
        return min(runs, key=lambda run: run["JobRunState"] == STOPPING, default=None)

    def start(self, job: str, run_key: str, arguments: Mapping[str, str], *, flex: bool = False) -> str:
        """Return the id of the active run with ``run_key``; start a run if none is active.

        If a run with the key is stopping, wait for its end first, so that two runs with one key are never active
        together. A ``flex`` run waits for spare capacity and costs about a third less.
        """
        active = self.find(job, run_key)
        if active and active["JobRunState"] == STOPPING:
            self._require_end(job, active["Id"])
        elif active:
            return str(active["Id"])
        try:
            started = self.client.start_job_run(
                JobName=job,
                Arguments={**arguments, RUN_KEY: run_key},
                ExecutionClass="FLEX" if flex else "STANDARD",
            )
        except (ClientError, BotoCoreError) as error:
            return self._find_started_run(job, run_key, error)
        return started["JobRunId"]

    def finish(self, job: str, run_id: str, deadline: float, poll: float = POLL_SECONDS) -> JobRun:
        """Return the run after it has succeeded; stop it if nobody would wait for it any more.

        Raises JobError if it ends unsuccessfully or Glue refuses to show it, JobDeadlineError if it has not ended after
        ``deadline`` seconds. In the last two cases the run is stopped. Failed polls are repeated for
        :data:`BLIND_SECONDS`; after that the run continues, and a retry attaches to it.
        """
        try:
            return self._await_success(job, run_id, deadline, poll)
        except JobError as error:
            if isinstance(error, JobDeadlineError) or (error.state == UNKNOWN and not error.retriable):
                self._stop_after(error)
            raise

    def stop(self, job: str, run_id: str) -> None:
        """Ask Glue to stop the run; an ended run is left unchanged. Raises JobError if Glue refuses."""
        try:
            answer = self.client.batch_stop_job_run(JobName=job, JobRunIds=[run_id])
        except (ClientError, BotoCoreError) as error:
            raise self._request_error(job, run_id, NOT_STOPPED, error) from error
        for refused in answer.get("Errors", []):
            run = self._run(job, run_id)
            if not has_ended(run) and run["JobRunState"] != STOPPING:
                message = refused.get("ErrorDetail", {}).get("ErrorMessage", "")
                raise self._failed(JobError, job, run, f"Glue did not stop it: {message}")

    def log_url(self, run_id: str, group: str = LOG_GROUP) -> str:
        """Return a link to the run's error log: a URL of the CloudWatch console, or a command that prints it."""
        endpoint, region = self.client.meta.endpoint_url, self.client.meta.region_name
        if AWS not in endpoint:
            return self._log_command(f"{group}/{ERROR}", run_id)
        escaped = quote(quote(f"{group}/{ERROR}", safe=""), safe="").replace("%", "$")
        return (
            f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
            f"#logsV2:log-groups/log-group/{escaped}/log-events/{run_id}"
        )

    def log_command(self, run_id: str, group: str = LOG_GROUP) -> str:
        """Return a shell command that prints the run's log, for the reader's machine."""
        return self._log_command(f"{group}/{OUTPUT}", run_id)

    def _log_command(self, group: str, run_id: str) -> str:
        meta = self.client.meta
        return log_command(meta.region_name, group, run_id, self.aws_command or aws_command(meta.endpoint_url))

    def log_group(self, job: str, run_id: str) -> str:
        """Return the prefix of the run's log groups for output and errors; Glue's default if Glue does not answer."""
        try:
            return log_group_of(self._run(job, run_id))
        except JobError:
            return LOG_GROUP

    def _find_started_run(self, job: str, run_key: str, error: ClientError | BotoCoreError) -> str:
        """Return the id of the run that Glue started without answering; raise JobError if no such run appears."""
        lost = self._request_error(job, "", NOT_STARTED, error)
        end = self.clock() + APPEAR_SECONDS
        while lost.retriable and not _is_refusal(error):
            run = self.find(job, run_key)
            if run:
                return str(run["Id"])
            if self.clock() >= end:
                break
            self.sleep(POLL_SECONDS)
        raise lost from error

    def _await_success(self, job: str, run_id: str, deadline: float, poll: float) -> JobRun:
        run: Run = {"Id": run_id, "JobRunState": UNKNOWN}
        for run in self._polls(job, run_id, deadline, poll):
            if run["JobRunState"] == SUCCEEDED:
                return JobRun(job, run_id, run.get("ExecutionTime", 0), dpu_seconds(run), log_group_of(run))
            if has_ended(run):
                raise self._failed(JobError, job, run, run.get("ErrorMessage", ""))
        raise self._failed(JobDeadlineError, job, run, f"not finished after {deadline:g} s")

    def _polls(self, job: str, run_id: str, seconds: float, poll: float) -> Iterator[Run]:
        """Yield the run from each successful poll until ``seconds`` have passed."""
        seen = self.clock()
        end = seen + seconds
        while True:
            try:
                run = self._run(job, run_id)
            except JobError as error:
                if not error.retriable or self.clock() - seen >= BLIND_SECONDS:
                    raise
            else:
                seen = self.clock()
                yield run
            left = end - self.clock()
            if left <= 0:
                return
            self.sleep(min(poll, left))

    def _require_end(self, job: str, run_id: str) -> None:
        run: Run = {"Id": run_id, "JobRunState": STOPPING}
        for run in self._polls(job, run_id, STOP_SECONDS, POLL_SECONDS):
            if has_ended(run):
                return
        raise self._failed(JobError, job, run, f"has not ended {STOP_SECONDS:g} s after Glue was asked to stop it")

    def _stop_after(self, error: JobError) -> None:
        """Stop the run of ``error`` and wait for its end. If that fails, raise a JobError with both reasons."""
        try:
            self.stop(error.job, error.run_id)
            if isinstance(error, JobDeadlineError):
                self._require_end(error.job, error.run_id)
        except JobError as refused:
            message = f"{error.message}; the run may still be active, stop it yourself: {refused.message}"
            both = JobError(error.job, error.run_id, error.state, message, error.log_url)
            both.retriable = error.retriable
            raise both from error

    def _run(self, job: str, run_id: str) -> Run:
        try:
            return self.client.get_job_run(JobName=job, RunId=run_id)["JobRun"]
        except (ClientError, BotoCoreError) as error:
            raise self._request_error(job, run_id, UNKNOWN, error) from error

    def _failed(self, kind: type[JobError], job: str, run: Run, message: str) -> JobError:
        """Return the error of a failed run, retriable unless the step itself reported otherwise."""
        failure = failure_in(message)
        log_url = self.log_url(run["Id"], log_group_of(run))
        error = kind(job, run["Id"], run["JobRunState"], readable(message), log_url)
        error.retriable = failure is None or failure.retriable
        return error

    def _request_error(self, job: str, run_id: str, state: str, cause: ClientError | BotoCoreError) -> JobError:
        """Return the error of a request that Glue did not perform."""
        error = JobError(job, run_id or "none", state, str(cause), self.log_url(run_id))
        error.retriable = is_transient(cause)
        return error


def log_group_of(run: Run) -> str:
    """Return the prefix of the log groups with a run's output and errors."""
    return str(run.get("LogGroupName") or LOG_GROUP).rstrip("/")


def _is_refusal(error: ClientError | BotoCoreError) -> bool:
    """Return whether Glue certainly did not start the run, because it answered with a 4xx status."""
    return isinstance(error, ClientError) and status_of(error) < 500


def _raise_failed_start(
    response: tuple[Any, Any] | None = None, caught_exception: Exception | None = None, **_: object
) -> None:
    """Raise the failure of a StartJobRun instead of letting botocore send it again."""
    if caught_exception:
        raise caught_exception
    failed = ClientError(response[1], "StartJobRun") if response and "Error" in response[1] else None
    if failed and status_of(failed) >= 500:
        raise failed
