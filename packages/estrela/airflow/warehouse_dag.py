"""The DAG that loads all feeds into the warehouse every day."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, BaseOperator, TaskGroup, TriggerRule

from estrela.airflow.deadline import run_deadline
from estrela.airflow.feed_dag import DEFAULTS, START, feed_step, load_step, notify_task
from estrela.airflow.feed_texts import DONE, feed_text
from estrela.airflow.unreadable import feed_problem, refusal
from estrela.model.feed import Feed
from estrela.model.feed_origin import DatabaseTable
from estrela.model.feed_plan import ARCHIVE, EXTRACT, RECONCILE, TRANSFORM
from estrela.model.feeds import found_feeds

DOC = """Takes in every feed that `estrela.feeds` declares, and loads it into the warehouse. One group of tasks per
feed: a source that is down fails its own group, and no other.

* **extract_data** copies what is new at an FTPS share or in a database into the landing bucket, as a stream, and
  registers what a listing of the bucket finds and no event told of.
* **transform_data** is a trial, and keeps nothing: it drops the heading lines of every new file, converts its types,
  harmonises its values and counts bad rows, so that a file that cannot be loaded is known before the warehouse is
  touched.
* **load_data** converts again, in the stream that COPY writes, so that rows, rejects, counts and `Done` are one
  transaction: no converted file lies between the two that could be lost or doubled. It loads every good file, and sets
  a bad one to Fail.
* **reconcile_keys** deletes the rows that a database no longer has, as often as the feed declares.
* **archive_files** moves what is settled. Where an extract failed, files of earlier days are loaded and archived.
* **done** fails the DAG run if a task of the group failed.
* **notify**, after all groups, sends each message about a file or feed once.

A feed whose declaration cannot be read is a group with one task, **declarations**, which fails with the problem.

Each task is a run of `glue/job_template.py`. The Airflow Variables are those of the DAGs `feed_<name>`.
"""


def warehouse_dag() -> DAG:
    """Return the DAG ``warehouse``, daily."""
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
        **run_deadline(),
    ) as dag:
        declarations = found_feeds()
        last = []
        for feed in declarations.feeds.values():
            with TaskGroup(group_id=feed.name):
                last.append(_add_tasks(feed))
        for name, problem in declarations.problems.items():
            with TaskGroup(group_id=name):
                refusal(feed_problem(name, problem))
        last >> notify_task(list(declarations.feeds))
    return dag


def _add_tasks(feed: Feed) -> BaseOperator:
    """Add the tasks of a feed, and return the last one."""
    extract = feed_step(feed, EXTRACT, "extract_data")
    # Files from earlier days are loaded even if the source is down, and good files even if others are bad.
    transform = feed_step(feed, TRANSFORM, "transform_data", trigger_rule=TriggerRule.ALL_DONE)
    load = load_step(feed, "load_data", trigger_rule=TriggerRule.ALL_DONE)
    archive = feed_step(feed, ARCHIVE, "archive_files", trigger_rule=TriggerRule.ALL_DONE)
    extract >> transform >> load >> archive
    tasks = [extract, transform, load, archive]
    if isinstance(feed.origin, DatabaseTable) and feed.origin.reconcile:
        reconcile = feed_step(feed, RECONCILE, "reconcile_keys")
        load >> reconcile
        tasks.append(reconcile)
    # Airflow derives the state of the DAG run from the last tasks; this one fails if any task of the group failed.
    done = EmptyOperator(task_id=DONE, **feed_text(feed, DONE).options)
    tasks >> done
    return done
