"""A task that starts the Glue run of a step, or attaches to it, and polls it until it ends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.python import PythonOperator

from estrela.airflow.connection import LONGEST_DEADLINE_MINUTES, TEMPLATES, Connection

if TYPE_CHECKING:
    from estrela.hooks.glue_jobs import GlueJobs, JobRun

LONGEST_TASK = timedelta(minutes=LONGEST_DEADLINE_MINUTES + 60)
"""Airflow's limit for the task, as a backstop. The run's own deadline is shorter, and all other waits are bounded."""
RUN_KEY = "{{ dag.dag_id }}/{{ run_id }}/{{ task.task_id }}"


@dataclass(frozen=True)
class TaskRun:
    """The Glue run of a task. Calls of ``jobs`` return or fail within the 5 s that Airflow leaves a killed task."""

    jobs: GlueJobs
    job: str
    run_id: str

    def stop(self) -> None:
        """Stop the run, or print why it could not be stopped."""
        from estrela.errors import JobError

        try:
            self.jobs.stop(self.job, self.run_id)
        except JobError as error:
            print(f"Glue run {self.run_id} of job {self.job} was not stopped: {error}")
        else:
            print(f"Asked Glue to stop run {self.run_id} of job {self.job}")


class GlueStep(PythonOperator):
    """A PythonOperator that starts a Glue run, or attaches to the run with its run key, and polls it.

    When the task is killed, its run goes on and the retry attaches to it, because Airflow also kills a task that lost
    three heartbeats in a row. The Variable ``estrela_kill_stops_run`` changes that: a killed task then stops its run.
    """

    task_run: TaskRun | None = None

    def __init__(
        self,
        *,
        arguments: Mapping[str, str],
        limits: Sequence[str] = (),
        flex: bool = False,
        connection: Mapping[str, str] = TEMPLATES,
        **kwargs: Any,
    ) -> None:
        """Set up a run with ``arguments``; ``--params`` carries the DAG run's params that ``limits`` names.

        ``connection`` is a set of templates from :mod:`estrela.airflow.connection`.
        """
        job = {"arguments": dict(arguments), "limits": list(limits), "flex": flex}
        super().__init__(
            python_callable=run_step,
            op_kwargs={"connection": connection, "run_key": RUN_KEY, "job": job},
            execution_timeout=LONGEST_TASK,
            **kwargs,
        )

    def on_kill(self) -> None:
        """Stop the run if ``estrela_kill_stops_run`` is true. Runs in a signal handler; SIGKILL follows after 5 s."""
        if self.task_run:
            self.task_run.stop()


def run_step(
    task: GlueStep,
    connection: Mapping[str, str],
    run_key: str,
    job: Mapping[str, Any],
    params: Mapping[str, Any],
    outlet_events: Any = None,
) -> dict[str, object]:
    """Run one step until it ends; return job, run_id, seconds, dpu_seconds and the figures that the step logged.

    The same figures become the ``extra`` of the task's asset events.

    Raises AirflowFailException, which prevents retries, for an error that a retry cannot fix.
    """
    from airflow.sdk.exceptions import AirflowFailException

    from estrela.errors import EstrelaError

    try:
        reached = Connection.of(connection)
        arguments = {"--lake": reached.lake, **_given(job, params)}
        figures = _finished(task, reached, run_key, arguments, job["flex"])
    except EstrelaError as error:
        if error.retriable:
            raise
        raise AirflowFailException(str(error)) from error
    for asset in task.outlets:
        outlet_events[asset].extra = figures
    return figures


def _given(job: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, str]:
    """Return the arguments that have a value. Raises SettingsError for a param that the star does not accept."""
    from estrela.settings import parameters_from

    limits = {name: params[name] for name in job["limits"] if params[name]}
    text = json.dumps(limits) if limits else ""
    if text:
        # Validated here as well as in Glue: a Glue run takes a minute, and its error is harder to find.
        parameters_from(job["arguments"]["--star"], text)
    arguments = {**job["arguments"], "--params": text}
    return {name: value for name, value in arguments.items() if value}


def _finished(
    task: GlueStep, reached: Connection, run_key: str, arguments: Mapping[str, str], flex: bool
) -> dict[str, object]:
    from dataclasses import asdict

    from estrela.hooks.glue_jobs import GlueJobs

    jobs, job = GlueJobs(reached.client("glue"), aws_command=reached.aws_command), reached.glue_job
    run_id = jobs.start(job, run_key, arguments, flex=flex)
    if reached.kill_stops_run:
        # Before anything else: a task that is killed earlier leaves its run.
        task.task_run = TaskRun(jobs_with_short_timeouts(reached), job, run_id)
    log = jobs.log_command(run_id, jobs.log_group(job, run_id))
    print(f"Glue job {job}, run {run_id}, key {run_key}. To read its log: {log}")
    done = jobs.finish(job, run_id, reached.deadline_seconds, reached.poll_seconds)
    figures = {name: value for name, value in asdict(done).items() if name != "log_group"}
    return {**figures, **_logged(reached, done)}


def _logged(reached: Connection, done: JobRun) -> dict[str, object]:
    """Print and return the figures that the step logged. A log that cannot be read does not fail the step."""
    from estrela.hooks.glue_logs import GlueLogs, LogUnreadableError, sentence

    try:
        figures = GlueLogs(reached.client("logs"), done.log_group).figures(done.run_id)
    except LogUnreadableError as error:
        print(f"The step succeeded after {done.seconds} s, but its figures could not be read: {error}")
        return {}
    summary = sentence(figures)
    print(f"The step succeeded after {done.seconds} s" + (f": {summary}" if summary else ""))
    return figures


def jobs_with_short_timeouts(reached: Connection) -> GlueJobs:
    """Return a Glue client with short timeouts for :meth:`GlueStep.on_kill`.

    It is created before the signal, because Airflow provides connections only to the running task.
    """
    from botocore.config import Config

    from estrela.hooks.glue_jobs import GlueJobs

    return GlueJobs(
        reached.client("glue", Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}))
    )
