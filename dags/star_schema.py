"""The star schema of Brazil's banks.

Takes in what Banco Central do Brasil published (complaints, fees, institutions), builds the star and publishes it.
Each step is one AWS Glue job run that this DAG starts and polls; the steps and their order come from the declarations
in `estrela.stars.banking`.

* A day without news ends after the extracts: the other steps are skipped, and no table is touched.
* A retry attaches to the Glue run that is still active; it never starts a second one. Stopping a task stops its run.
* Analysts see the new tables only with **publish**, which shows them one after the other once every check has passed.

**Parameters**: `quarters` limits the ranking to these quarters, such as `["2021T4"]`; `full_refresh` takes everything
in again and rebuilds the tables.

**Airflow Variables**: `estrela_lake`, the bucket (required); `estrela_glue_job` (default `estrela`);
`estrela_aws_conn_id` (default `aws_default`); `estrela_alert_topic`, an SNS topic that hears of failures;
`estrela_poll_seconds` (default 5); `estrela_source_host`, a stand-in for the Central Bank's hosts;
`estrela_athena_workgroups` (default `primary`), comma-separated, whose scanned bytes the tables of operations tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.python import PythonOperator, ShortCircuitOperator
from airflow.sdk import DAG, Param

from estrela.model.plan import EXTRACT, PUBLISH, Step, steps

STAR = "banking"
DEADLINE = timedelta(hours=2)
GRACE = timedelta(minutes=5)


def run_step(
    connection: Mapping[str, str], run_key: str, arguments: Mapping[str, str], flex: bool
) -> dict[str, object]:
    """Start the Glue run of a step, or attach to it, and return its figures once it has succeeded."""
    from dataclasses import asdict

    from airflow.sdk.exceptions import AirflowFailException

    from estrela.errors import EstrelaError

    jobs, job = _glue_jobs(connection), connection["job"]
    given = {name: value for name, value in arguments.items() if value}
    try:
        run_id = jobs.start(job, run_key, {"--lake": _lake(connection), **given}, flex=flex)
        print(f"Glue job {job}, run {run_id}, key {run_key}; log: {jobs.log_url(run_id)}")
        return asdict(jobs.finish(job, run_id, DEADLINE.total_seconds(), float(connection["poll_seconds"])))
    except EstrelaError as error:
        if error.retriable:
            raise
        raise AirflowFailException(str(error)) from error


class GlueStep(PythonOperator):
    """A PythonOperator whose Glue run ends with it."""

    def on_kill(self) -> None:
        """Stop the run. A killed callable gets no exception, so only this method can."""
        connection, run_key = self.op_kwargs["connection"], self.op_kwargs["run_key"]
        jobs, job = _glue_jobs(connection), connection["job"]
        run = jobs.find(job, run_key)
        if run:
            print(f"Stopping Glue job {job}, run {run['Id']}")
            jobs.stop(job, run["Id"])


def news(connection: Mapping[str, str], params: Mapping[str, Any]) -> dict[str, str | int]:
    """What raw and code are now, if the published tables were made from something else; else nothing."""
    from estrela.etl.raw.layer import RawLayer
    from estrela.etl.releases.watermark import Watermark, state_of
    from estrela.model.star import load

    s3, lake = _client("s3", connection), _lake(connection)
    state = dict(state_of(RawLayer(s3, lake, f"raw/{STAR}"), [source.name for source in load(STAR).sources]))
    if params["full_refresh"] or state != Watermark(s3, lake, STAR).published():
        return state
    note_work(connection)
    return {}


def remember(connection: Mapping[str, str], ti: Any) -> None:
    """Note what the tables that were just published were made from."""
    from estrela.etl.releases.watermark import Watermark

    Watermark(_client("s3", connection), _lake(connection), STAR).advance(ti.xcom_pull(task_ids="news"))
    note_work(connection)


def note_work(connection: Mapping[str, str]) -> None:
    """Note what Glue and Athena did and what it took, for the dashboard of the pipeline's health."""
    from estrela.etl.telemetry.job_runs import note_job_runs
    from estrela.etl.telemetry.query_days import note_query_days

    s3, glue, lake = _client("s3", connection), _client("glue", connection), _lake(connection)
    note_job_runs(s3, glue, lake, connection["job"])
    note_query_days(s3, glue, _client("athena", connection), lake, connection["workgroups"].split(","))


def alert(context: Mapping[str, Any]) -> None:
    """Tell the SNS topic of the Variable ``estrela_alert_topic``, if there is one, which task failed and why."""
    from airflow.sdk import Variable

    ti, topic = context["ti"], Variable.get("estrela_alert_topic", default="")
    text = f"{ti.dag_id}.{ti.task_id} failed in run {ti.run_id}, try {ti.try_number}: {context.get('exception')}"
    print(text)
    if topic:
        connection = {"aws_conn_id": Variable.get("estrela_aws_conn_id", default="aws_default")}
        _client("sns", connection).publish(TopicArn=topic, Subject="Estrela: a task failed", Message=text)


def _client(service: str, connection: Mapping[str, str]) -> Any:
    """A boto3 client by the amazon provider's hook, so that connections, roles and regions work as elsewhere."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    return AwsBaseHook(aws_conn_id=connection["aws_conn_id"], client_type=service).get_conn()


def _glue_jobs(connection: Mapping[str, str]) -> Any:
    from estrela.hooks.glue_jobs import GlueJobs

    return GlueJobs(_client("glue", connection))


def _lake(connection: Mapping[str, str]) -> str:
    from airflow.sdk.exceptions import AirflowFailException

    if not connection["lake"]:
        raise AirflowFailException("Airflow Variable estrela_lake is missing; set it to the name of the lake's bucket")
    return connection["lake"]


CONNECTION = {
    "aws_conn_id": "{{ var.value.get('estrela_aws_conn_id', 'aws_default') }}",
    "job": "{{ var.value.get('estrela_glue_job', 'estrela') }}",
    "lake": "{{ var.value.get('estrela_lake', '') }}",
    "poll_seconds": "{{ var.value.get('estrela_poll_seconds', '5') }}",
    "workgroups": "{{ var.value.get('estrela_athena_workgroups', 'primary') }}",
}
REFRESH = {"--full_refresh": "{{ 'true' if params.full_refresh else '' }}"}
SCOPE = {
    "--params": "{{ {'quarters': params.quarters} | tojson if params.quarters else '' }}",
    "--source_host": "{{ var.value.get('estrela_source_host', '') }}",
}


def glue_step(step: Step) -> GlueStep:
    """The task of one step."""
    arguments = {"--star": STAR, "--entity": step.entity, "--phase": step.phase, **REFRESH}
    return GlueStep(
        task_id=step.name,
        python_callable=run_step,
        op_kwargs={
            "connection": CONNECTION,
            "run_key": "{{ dag.dag_id }}/{{ run_id }}/{{ task.task_id }}",
            "arguments": {**arguments, **SCOPE} if step.phase == EXTRACT else arguments,
            # What runs on every day, news or not, and mostly waits for the network, may wait for capacity too.
            "flex": step.phase == EXTRACT,
        },
    )


with DAG(
    dag_id="star_schema",
    description="Complaints, fees and institutions of Brazil's banks as a star schema",
    doc_md=__doc__,
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["estrela", "glue", STAR],
    params={
        "quarters": Param(
            [],
            type="array",
            items={"type": "string", "pattern": "^[0-9]{4}T[1-4]$"},
            description="Quarters of the ranking to take in, such as 2021T4; empty: all that are published",
        ),
        "full_refresh": Param(False, type="boolean", description="Take everything in again and rebuild the tables"),
    },
    default_args={
        "owner": "data",
        "retries": 3,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=15),
        "execution_timeout": DEADLINE + GRACE,
        "on_failure_callback": alert,
    },
) as dag:
    tasks = {step.name: glue_step(step) for step in steps(STAR)}
    gate = ShortCircuitOperator(task_id="news", python_callable=news, op_kwargs={"connection": CONNECTION})
    note = PythonOperator(task_id="remember", python_callable=remember, op_kwargs={"connection": CONNECTION})
    for step in steps(STAR):
        tasks[step.name].set_upstream([tasks[name] for name in (*step.after, *step.once_done)])
        if step.phase == EXTRACT:
            tasks[step.name] >> gate
        elif all(name.startswith(EXTRACT) for name in (*step.after, *step.once_done)):
            gate >> tasks[step.name]
    tasks[PUBLISH] >> note
