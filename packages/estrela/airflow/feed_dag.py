"""The DAG of a feed, derived from its declaration only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG, BaseOperator, TriggerRule

from estrela.airflow.alert import alert
from estrela.airflow.connection import FEED_TEMPLATES
from estrela.airflow.feed_tasks import choose_files, create_table, fail_files, has_file, log_files, notify
from estrela.airflow.feed_texts import CHOOSE, CREATE, DONE, LOG, NOTIFY, TEXTS, WAIT, feed_text, table_asset
from estrela.airflow.glue_step import GlueStep
from estrela.airflow.tasks import python_task
from estrela.airflow.warehouse import REACHED, arguments
from estrela.model.feed import Feed
from estrela.model.feed_plan import ARCHIVE, LOAD, feed_dag_id

DOC = """{doc}

Loads the files of feed `{name}` into `{target}`; the declaration is in `estrela.feeds`.

* **wait_for_file** polls the ledger and frees its worker between two polls. If no file arrives within an hour, the run
  is skipped and the next run waits.
* **choose_files** releases the files that dead runs had claimed, and filters out files that the order `{order}` does
  not load.
* **create_table** creates the target if it is missing.
* **load** is one Glue run. It claims and loads the files one after the other: rows, counts and the state `Done` are
  committed in one transaction per file. If the task fails and is not retried, its file in work is set to `Fail`.
* **log** prints the row counts or the error of every file, **archive** moves the loaded and filtered-out files to the
  archive bucket, and **done** fails the run if one of the tasks failed.
* **notify** sends each message about the feed once: files that failed, are late, are empty or have an unusual number of
  rows, rejected rows, and problems that are solved. It also runs if no file arrived.

`estrela ledger explain FILE` shows the history of a file.

**Airflow Variables**: `estrela_landing` and `estrela_archive`, buckets; `estrela_warehouse_secret`, the secret with the
database's credentials; `estrela_pii_secret`, the secret with the key of hashed values; `estrela_redshift_workgroup` or
`estrela_redshift_cluster`, `estrela_redshift_database`, `estrela_redshift_secret_arn` and `estrela_redshift_role` for
feeds in Redshift; `estrela_alert_recipients`, `estrela_alert_sender` and `estrela_slack_secret` for messages; and those
of the stars: `estrela_lake`, `estrela_glue_job`, `estrela_aws_conn_id`, `estrela_alert_topic`,
`estrela_deadline_minutes`, `estrela_poll_seconds`, `estrela_kill_stops_run`. `estrela_feed_glue_job` is the Glue job of
the feeds, if it is not the same as that of the stars.
"""
LOOK_SECONDS = 30.0
GIVE_UP = timedelta(hours=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
DEFAULTS: dict[str, Any] = {
    "owner": "data",
    "retries": 3,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
    "on_failure_callback": alert,
}
"""Default arguments of the tasks in all DAGs of the warehouse."""


def feed_dag(feed: Feed) -> DAG:
    """Return the DAG ``feed_<name>``: one run at a time; when a run ends, the next one starts and waits for a file."""
    with DAG(
        dag_id=feed_dag_id(feed.name),
        description=feed.doc,
        doc_md=DOC.format(doc=feed.doc, name=feed.name, target=feed.target, order=feed.order),
        schedule="@continuous",
        start_date=START,
        catchup=False,
        max_active_runs=1,
        tags=["estrela", "warehouse", feed.name],
        default_args=DEFAULTS,
    ) as dag:
        _add_tasks(feed)
    return dag


def _add_tasks(feed: Feed) -> None:
    given = {"feed": feed.name, "warehouse": REACHED}
    wait = PythonSensor(
        task_id=WAIT,
        **feed_text(feed, WAIT).options,
        python_callable=has_file,
        op_kwargs=given,
        mode="reschedule",
        poke_interval=LOOK_SECONDS,
        timeout=GIVE_UP.total_seconds(),
        soft_fail=True,
    )
    run, after_some = given | {"run_id": "{{ run_id }}"}, TriggerRule.ALL_DONE_MIN_ONE_SUCCESS
    choose = python_task(CHOOSE, feed_text(feed, CHOOSE), choose_files, run)
    create = python_task(CREATE, feed_text(feed, CREATE), create_table, given)
    load = load_step(feed, LOAD)
    log = python_task(LOG, feed_text(feed, LOG), log_files, run, trigger_rule=after_some)
    archive = feed_step(feed, ARCHIVE, ARCHIVE, trigger_rule=after_some)
    done = EmptyOperator(task_id=DONE, **feed_text(feed, DONE).options)
    wait >> choose >> create >> load
    # Log and archive the files loaded before a failure. If neither create nor load succeeded, there is nothing to log.
    [create, load] >> log
    [load, log] >> archive
    [load, log, archive] >> done >> notify_task([feed.name])


def notify_task(feeds: Sequence[str]) -> BaseOperator:
    """Return the task that sends messages about ``feeds`` even if the tasks before it failed."""
    notes = python_task(NOTIFY, TEXTS[NOTIFY], notify, {"feeds": list(feeds), "warehouse": REACHED})
    # A teardown does not decide the state of the DAG run on its own: earlier failures still fail the run.
    notes.as_teardown(on_failure_fail_dagrun=True)
    return notes


def feed_step(feed: Feed, phase: str, task_id: str, **options: Any) -> GlueStep:
    """Return the task that runs ``phase`` for ``feed`` in Glue."""
    given = feed_text(feed, phase).options | options
    return GlueStep(task_id=task_id, arguments=arguments(feed.name, phase), connection=FEED_TEMPLATES, **given)


def load_step(feed: Feed, task_id: str, **options: Any) -> GlueStep:
    """Return the task that loads the files of ``feed``. If its last try fails, no file is left In Progress."""
    return feed_step(
        feed, LOAD, task_id, outlets=[table_asset(feed)], on_failure_callback=[fail_files, alert], **options
    )
