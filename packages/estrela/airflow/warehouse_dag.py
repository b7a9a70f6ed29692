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

DOC = """Extracts the data of every feed that `estrela.feeds` declares and loads it into the warehouse. Each feed has a
group of tasks: if a source is down, only the group of its feed fails.

* **extract_data** streams new data from an FTPS share or a database into the landing bucket. It lists the bucket and
  registers the files for which no event was received.
* **transform_data** is a trial run that writes nothing: it drops the heading lines of every new file, converts its
  types, harmonises its values and counts bad rows, so that a file that cannot be loaded is found before the warehouse
  changes.
* **load_data** converts the files again while it streams them into COPY. The rows, rejects and counts of a file and its
  state `Done` are committed in one transaction; no converted file is stored in between that could be lost or loaded
  twice. It loads every good file and sets a bad one to `Fail`.
* **reconcile_keys** deletes the rows whose keys the source database no longer has, as often as the feed declares.
* **archive_files** moves files that are loaded or filtered out to the archive bucket.
* **done** fails the DAG run if a task of the group failed.
* **notify** runs after all groups and sends each message about a file or feed once.

If an extract failed, the group still loads and archives the files that arrived earlier. If the declaration of a feed
cannot be read, its group has one task, **declarations**, which fails with the problem.

Each task except **done** and **notify** is a run of `glue/job_template.py`. The Airflow Variables are those of the DAGs
`feed_<name>`.
"""


def warehouse_dag() -> DAG:
    """Return the DAG ``warehouse``, daily."""
    with DAG(
        dag_id="warehouse",
        description="Extracts and loads every feed, independently of the others",
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
