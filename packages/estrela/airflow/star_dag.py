"""The DAG of a star, derived from its declarations only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.sdk import DAG, BaseOperator, Param, TriggerRule

from estrela.airflow.alert import alert
from estrela.airflow.connection import TEMPLATES
from estrela.airflow.deadline import run_deadline
from estrela.airflow.glue_step import GlueStep
from estrela.airflow.news import news
from estrela.airflow.step_texts import EXTRACTED, NEWS, TELEMETRY, release_asset, step_text
from estrela.airflow.tasks import python_task
from estrela.airflow.telemetry import LONGEST, note_work
from estrela.model.plan import EXTRACT, PUBLISH, Step, dag_id, steps_of
from estrela.model.star import Star, load

DOC = """{doc}

Each step is one AWS Glue job run that this DAG starts and polls; the steps and their order come from the declarations
in `estrela.stars.{name}`.

* If an extract fails, the later steps still run with the data that earlier runs received. **extracted** then fails the
  DAG run, so that the failure is seen.
* If nothing is new after the extracts, the later steps are skipped and no table changes.
* A retry attaches to the Glue run that is still active; it never starts a second one. If a task is killed, its Glue run
  continues, and the retry attaches to it.
* **telemetry** records the work and cost of Glue and Athena; if it cannot, nothing else fails.
* A run that has not succeeded within 12 hours is reported late. The DAG `freshness` reports tables that become too old.

**Airflow Variables**: `estrela_lake`, the bucket (required); `estrela_glue_job` (default `estrela`);
`estrela_aws_conn_id` (default `aws_default`); `estrela_alert_topic`, an SNS topic for messages about failures;
`estrela_deadline_minutes` (default 120), after which a Glue run is stopped; `estrela_poll_seconds` (default 5);
`estrela_aws_command`, the AWS CLI command shown to people who read logs, such as `aws --profile reader` (default `aws`
with the endpoint of the connection); `estrela_kill_stops_run` (default `false`): `true` stops the Glue run of a killed
task, even if Airflow killed it because heartbeats were lost; `estrela_source_host`, a stand-in that is called instead
of the hosts of all sources; `estrela_athena_workgroups` (default `primary`), comma-separated, whose scanned bytes are
recorded; `estrela_feed_glue_job`, the Glue job of the feeds, whose runs are recorded too.
"""
FULL_REFRESH = "full_refresh"
REFRESH = {"--full_refresh": "{{ 'true' if params.full_refresh else '' }}"}
SOURCE_HOST = {"--source_host": "{{ var.value.get('estrela_source_host', '') }}"}


def star_dag(name: str) -> DAG:
    """Return the daily DAG ``star_<name>``. Raises DefinitionError if the star's declarations contradict each other."""
    star = load(name)
    with DAG(
        dag_id=dag_id(name),
        description=star.doc.partition("\n")[0],
        doc_md=DOC.format(doc=star.doc, name=name),
        schedule="@daily",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        tags=["estrela", "glue", name],
        params=_params(star),
        default_args={
            "owner": "data",
            "retries": 3,
            "retry_delay": timedelta(seconds=30),
            "retry_exponential_backoff": 2.0,
            "max_retry_delay": timedelta(minutes=15),
            "execution_timeout": LONGEST,
            "on_failure_callback": alert,
        },
        **run_deadline(),
    ) as dag:
        _add_tasks(star)
    return dag


def _params(star: Star) -> dict[str, Param]:
    limits = {
        parameter.name: Param(
            [],
            type="array",
            # No pattern: Airflow's form would show the regular expression. The task rejects a wrong value and names it.
            items={"type": "string"},
            description=f"{parameter.doc}. One value per line, such as {parameter.example}",
        )
        for parameter in star.run_parameters
    }
    return limits | {FULL_REFRESH: Param(False, type="boolean", description="Extract everything again and rebuild")}


def _add_tasks(star: Star) -> None:
    plan = steps_of(star)
    tasks: dict[str, BaseOperator] = {step.name: _glue_step(star, step) for step in plan}
    extracts = [tasks[step.name] for step in plan if step.phase == EXTRACT]
    gate = ShortCircuitOperator(
        task_id="news",
        **NEWS.options,
        python_callable=news,
        op_kwargs={"star": star.name, "connection": TEMPLATES},
        trigger_rule=TriggerRule.ALL_DONE,
        ignore_downstream_trigger_rules=False,
    )
    given = {"connection": TEMPLATES}
    telemetry = python_task("telemetry", TELEMETRY, note_work, given, retries=0, on_failure_callback=None)
    telemetry.as_teardown()
    for step in plan:
        tasks[step.name].set_upstream([tasks[name] for name in step.after])
        if step.phase == EXTRACT:
            tasks[step.name].set_upstream([tasks[name] for name in step.once_done])
        elif step.once_done:
            tasks[step.name].set_upstream(gate)
    extracts >> gate
    extracts >> EmptyOperator(task_id="extracted", **EXTRACTED.options)
    tasks[PUBLISH] >> telemetry
    extracts >> telemetry


def _glue_step(star: Star, step: Step) -> GlueStep:
    arguments = {"--star": star.name, "--entity": step.entity, "--phase": step.phase, **REFRESH}
    is_extract = step.phase == EXTRACT
    return GlueStep(
        task_id=step.name,
        **step_text(star, step).options,
        outlets=[release_asset(star.name)] if step.phase == PUBLISH else (),
        arguments={**arguments, **SOURCE_HOST} if is_extract else arguments,
        limits=[parameter.name for parameter in star.run_parameters] if is_extract else (),
        # Extracts run every day and mostly wait for the network, so they can also wait for spare capacity (Glue Flex).
        flex=is_extract,
        trigger_rule=TriggerRule.ALL_DONE if step.once_done and is_extract else TriggerRule.ALL_SUCCESS,
    )
