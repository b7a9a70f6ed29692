"""Start one Glue run per run key, wait for its end, and leave none behind that nobody attends to."""

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
"""States of a JobError whose run Glue did not show, start or stop."""
BLIND_SECONDS = 600.0
"""Time for which the state of a run may be unknown, because polls fail, before the wait for it ends."""
STOP_SECONDS = 600.0
"""Time that a run may take to stop; Glue usually needs one to three minutes."""
APPEAR_SECONDS = 30.0
"""Time to look for a run whose StartJobRun was not answered."""
POLL_SECONDS = 5.0


@dataclass(frozen=True)
class JobRun:
    """A run that succeeded: ``seconds`` of execution and the ``dpu_seconds`` that are billed (0 where unknown).

    What it printed is in a log group below ``log_group``.
    """

    job: str
    run_id: str
    seconds: int
    dpu_seconds: float
    log_group: str = LOG_GROUP


@dataclass(frozen=True)
class GlueJobs:
    """Runs of Glue jobs over a boto3 Glue client. Every error is a JobError with Glue's own message.

    ``aws_command`` is how people who read logs call AWS's command line: with a profile, credentials or an address that
    the client does not need. "" is ``aws``, with the client's address where that is not AWS's own.
    """

    client: GlueClient
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    aws_command: str = ""

    def __post_init__(self) -> None:
        # A StartJobRun that botocore sends again after a timeout starts a second run: the API has no client token.
        events = self.client.meta.events
        events.register_first("needs-retry.glue.StartJobRun", _raise_failed_start, unique_id="estrela-start-once")

    def find(self, job: str, run_key: str) -> Run | None:
        """Return the active run with the key; one that is being stopped only where there is no other."""
        try:
            runs = [run for run in recent_runs(self.client, job) if run_key_of(run) == run_key and not has_ended(run)]
        except (ClientError, BotoCoreError) as error:
            raise self._unanswered(job, "", UNKNOWN, error) from error
        return min(runs, key=lambda run: run["JobRunState"] == STOPPING, default=None)

    def start(self, job: str, run_key: str, arguments: Mapping[str, str], *, flex: bool = False) -> str:
        """Return the id of the active run that carries ``run_key``, started now unless there is one.

        A run with the key that is being stopped is waited for, so that no two runs of one key are ever active. A
        ``flex`` run waits for spare capacity and costs about a third less.
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
            return self._started_unanswered(job, run_key, error)
        return started["JobRunId"]

    def finish(self, job: str, run_id: str, deadline: float, poll: float = POLL_SECONDS) -> JobRun:
        """Return the run once it has succeeded; stop it where nobody would attend to it any more.

        Raises JobError if it ends otherwise or Glue refuses to show it, JobDeadlineError if it has not ended after
        ``deadline`` seconds. Both of the latter stop it. Polls that fail are repeated for :data:`BLIND_SECONDS`; the
        run goes on after that, and a retry attaches to it.
        """
        try:
            return self._await_success(job, run_id, deadline, poll)
        except JobError as error:
            if isinstance(error, JobDeadlineError) or (error.state == UNKNOWN and not error.retriable):
                self._stop_after(error)
            raise

    def stop(self, job: str, run_id: str) -> None:
        """Ask Glue to stop the run; one that has ended stays as it is. Raises JobError if Glue refuses."""
        try:
            answer = self.client.batch_stop_job_run(JobName=job, JobRunIds=[run_id])
        except (ClientError, BotoCoreError) as error:
            raise self._unanswered(job, run_id, NOT_STOPPED, error) from error
        for refused in answer.get("Errors", []):
            run = self._run(job, run_id)
            if not has_ended(run) and run["JobRunState"] != STOPPING:
                message = refused.get("ErrorDetail", {}).get("ErrorMessage", "")
                raise self._failed(JobError, job, run, f"Glue did not stop it: {message}")

    def log_url(self, run_id: str, group: str = LOG_GROUP) -> str:
        """Return where the run's errors are logged: the CloudWatch console, or a command that prints them."""
        endpoint, region = self.client.meta.endpoint_url, self.client.meta.region_name
        if AWS not in endpoint:
            return self._log_command(f"{group}/{ERROR}", run_id)
        escaped = quote(quote(f"{group}/{ERROR}", safe=""), safe="").replace("%", "$")
        return (
            f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
            f"#logsV2:log-groups/log-group/{escaped}/log-events/{run_id}"
        )

    def log_command(self, run_id: str, group: str = LOG_GROUP) -> str:
        """Return a shell command that prints what the run writes; it works where the reader is."""
        return self._log_command(f"{group}/{OUTPUT}", run_id)

    def _log_command(self, group: str, run_id: str) -> str:
        meta = self.client.meta
        return log_command(meta.region_name, group, run_id, self.aws_command or aws_command(meta.endpoint_url))

    def log_group(self, job: str, run_id: str) -> str:
        """Return the log group below which the run's output and errors are; Glue's usual one if it does not answer."""
        try:
            return log_group_of(self._run(job, run_id))
        except JobError:
            return LOG_GROUP

    def _started_unanswered(self, job: str, run_key: str, error: ClientError | BotoCoreError) -> str:
        """Return the run that Glue started although it did not say so; raise JobError where there is none."""
        lost = self._unanswered(job, "", NOT_STARTED, error)
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
        """Yield what each answered poll shows until ``seconds`` are over."""
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
        raise self._failed(JobError, job, run, f"has not ended {STOP_SECONDS:g} s after it was told to stop")

    def _stop_after(self, error: JobError) -> None:
        """Stop the run of ``error`` and wait for its end. Raises a JobError with both reasons if it goes on."""
        try:
            self.stop(error.job, error.run_id)
            if isinstance(error, JobDeadlineError):
                self._require_end(error.job, error.run_id)
        except JobError as refused:
            message = f"{error.message}; the run may still be active, stop it by hand: {refused.message}"
            both = JobError(error.job, error.run_id, error.state, message, error.log_url)
            both.retriable = error.retriable
            raise both from error

    def _run(self, job: str, run_id: str) -> Run:
        try:
            return self.client.get_job_run(JobName=job, RunId=run_id)["JobRun"]
        except (ClientError, BotoCoreError) as error:
            raise self._unanswered(job, run_id, UNKNOWN, error) from error

    def _failed(self, kind: type[JobError], job: str, run: Run, message: str) -> JobError:
        """Return the error of a run that Glue showed, retriable unless the step itself stated otherwise."""
        failure = failure_in(message)
        log_url = self.log_url(run["Id"], log_group_of(run))
        error = kind(job, run["Id"], run["JobRunState"], readable(message), log_url)
        error.retriable = failure is None or failure.retriable
        return error

    def _unanswered(self, job: str, run_id: str, state: str, cause: ClientError | BotoCoreError) -> JobError:
        """Return the error of a request that Glue did not carry out."""
        error = JobError(job, run_id or "none", state, str(cause), self.log_url(run_id))
        error.retriable = is_transient(cause)
        return error


def log_group_of(run: Run) -> str:
    """Return the name of the log group below which a run's output and errors are."""
    return str(run.get("LogGroupName") or LOG_GROUP).rstrip("/")


def _is_refusal(error: ClientError | BotoCoreError) -> bool:
    """Return whether Glue certainly did not start the run: it answered with a 4xx status."""
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
