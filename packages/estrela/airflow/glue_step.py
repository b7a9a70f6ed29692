"""A task that starts the Glue run of a step, or attaches to it, and polls it to its end."""

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
"""A backstop: the run's own deadline comes first, and every wait beside it is bounded."""
RUN_KEY = "{{ dag.dag_id }}/{{ run_id }}/{{ task.task_id }}"


@dataclass(frozen=True)
class Attended:
    """The run that a task attends to; ``jobs`` answers or fails within the 5 s that a killed task has."""

    jobs: GlueJobs
    job: str
    run_id: str

    def stop(self) -> None:
        """Stop the run; say why it could not be."""
        from estrela.errors import JobError

        try:
            self.jobs.stop(self.job, self.run_id)
        except JobError as error:
            print(f"The run was not stopped: {error}")
        else:
            print(f"Told Glue to stop job {self.job}, run {self.run_id}")


class GlueStep(PythonOperator):
    """A PythonOperator that attends to one Glue run, found by its run key or started.

    A killed task leaves its run, and its retry attaches to it, unless the Variable ``estrela_kill_stops_run`` is true:
    Airflow kills a task just the same when three heartbeats in a row are lost.
    """

    attended: Attended | None = None

    def __init__(
        self,
        *,
        arguments: Mapping[str, str],
        limits: Sequence[str] = (),
        flex: bool = False,
        connection: Mapping[str, str] = TEMPLATES,
        **kwargs: Any,
    ) -> None:
        """Attend to a run with ``arguments`` and the params of the DAG run that ``limits`` names, as ``--params``.

        ``connection`` has the templates of :mod:`estrela.airflow.connection`.
        """
        job = {"arguments": dict(arguments), "limits": list(limits), "flex": flex}
        super().__init__(
            python_callable=run_step,
            op_kwargs={"connection": connection, "run_key": RUN_KEY, "job": job},
            execution_timeout=LONGEST_TASK,
            **kwargs,
        )

    def on_kill(self) -> None:
        """Stop the run if that is wanted. Runs in a signal handler, within 5 s of which SIGKILL comes."""
        if self.attended:
            self.attended.stop()


def run_step(
    task: GlueStep,
    connection: Mapping[str, str],
    run_key: str,
    job: Mapping[str, Any],
    params: Mapping[str, Any],
    outlet_events: Any = None,
) -> dict[str, object]:
    """Run one step to its end and return its figures: job, run_id, seconds, dpu_seconds, and those that it logged.

    The figures are also the ``extra`` of the events of the task's assets.

    Raises AirflowFailException, which ends the task's retries, for an error that a retry cannot help.
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
    """Return the arguments that have a value. Raises SettingsError for a param that the star does not take."""
    from estrela.settings import parameters_from

    limits = {name: params[name] for name in job["limits"] if params[name]}
    text = json.dumps(limits) if limits else ""
    if text:
        # Here and not in Glue alone: a run of Glue costs a minute, and its error is further away.
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
    log = jobs.log_command(run_id, jobs.log_group(job, run_id))
    print(f"Glue job {job}, run {run_id}, key {run_key}. To read its log: {log}")
    if reached.kill_stops_run:
        task.attended = Attended(_quick_jobs(reached), job, run_id)
    done = jobs.finish(job, run_id, reached.deadline_seconds, reached.poll_seconds)
    figures = {name: value for name, value in asdict(done).items() if name != "log_group"}
    return {**figures, **_logged(reached, done)}


def _logged(reached: Connection, done: JobRun) -> dict[str, object]:
    """Return the figures that the step logged, and print them; a log that cannot be read does not fail a step."""
    from estrela.hooks.glue_logs import GlueLogs, LogUnreadableError, sentence

    try:
        figures = GlueLogs(reached.client("logs"), done.log_group).figures(done.run_id)
    except LogUnreadableError as error:
        print(f"The step succeeded after {done.seconds} s; its figures are not known here: {error}")
        return {}
    summary = sentence(figures)
    print(f"The step succeeded after {done.seconds} s" + (f": {summary}" if summary else ""))
    return figures


def _quick_jobs(reached: Connection) -> GlueJobs:
    """Return a client for the signal handler, made before it: Airflow gives connections only to the task itself."""
    from botocore.config import Config

    from estrela.hooks.glue_jobs import GlueJobs

    return GlueJobs(
        reached.client("glue", Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}))
    )
