"""The DAG that brings every feed into the warehouse, day by day."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup, TriggerRule

from estrela.airflow.alert import alert
from estrela.airflow.feed_dag import DEFAULTS, START
from estrela.airflow.feed_tasks import fail_files
from estrela.airflow.glue_step import GlueStep
from estrela.airflow.warehouse import arguments
from estrela.model.feed import Feed
from estrela.model.feed_origin import DatabaseTable
from estrela.model.feed_plan import ARCHIVE, EXTRACT, LOAD, RECONCILE, TRANSFORM
from estrela.model.feeds import feeds

DOC = """Takes in every feed that `estrela.feeds` declares, and loads it into the warehouse. One group of tasks per
feed: a source that is down fails its own group, and no other.

* **extract_data** copies what is new at an FTPS share or in a database into the landing bucket, as a stream, and
  registers what a listing of the bucket finds and no event told of.
* **transform_data** drops the heading lines of every new file, converts its types, harmonises its values and splits
  bad rows off, without writing them: a file that cannot be loaded is known before the warehouse is touched.
* **load_data** does the same once more, in the stream that COPY writes, so that rows, rejects, counts and `Done` are
  one transaction. It loads every good file, and sets a bad one to Fail.
* **reconcile_keys** deletes the rows that a database no longer has, as often as the feed declares.
* **archive_files** moves what is settled. Where an extract failed, files of earlier days are loaded and archived.
* **done** fails the DAG run if a task of the group failed.

Each task is a run of `glue/job_template.py`. The Airflow Variables are those of the DAGs `feed_<name>`.
"""


def warehouse_dag() -> DAG:
    """Return the DAG ``warehouse``, daily. Raises DefinitionError if feeds contradict each other."""
    with DAG(
        dag_id="warehouse",
        description="Extracts and loads every feed, each by itself",
        doc_md=DOC,
        schedule="@daily",
        start_date=START,
        catchup=False,
        max_active_runs=1,
        tags=["estrela", "warehouse"],
        default_args=DEFAULTS,
    ) as dag:
        for feed in feeds().values():
            with TaskGroup(group_id=feed.name):
                _add_tasks(feed)
    return dag


def _add_tasks(feed: Feed) -> None:
    extract = GlueStep(task_id="extract_data", arguments=arguments(feed.name, EXTRACT))
    transform = GlueStep(
        task_id="transform_data", arguments=arguments(feed.name, TRANSFORM), trigger_rule=TriggerRule.ALL_DONE
    )
    load = GlueStep(
        task_id="load_data",
        arguments=arguments(feed.name, LOAD),
        # What came on earlier days waits for no source, and good files for no bad one.
        trigger_rule=TriggerRule.ALL_DONE,
        on_failure_callback=[fail_files, alert],
    )
    archive = GlueStep(
        task_id="archive_files", arguments=arguments(feed.name, ARCHIVE), trigger_rule=TriggerRule.ALL_DONE
    )
    extract >> transform >> load >> archive
    tasks = [extract, transform, load, archive]
    if isinstance(feed.origin, DatabaseTable) and feed.origin.reconcile:
        reconcile = GlueStep(task_id="reconcile_keys", arguments=arguments(feed.name, RECONCILE))
        load >> reconcile
        tasks.append(reconcile)
    # The last task of a group decides on the DAG run: it fails with any of them.
    tasks >> EmptyOperator(task_id="done")
