"""The DAG that alerts people when data is too old, even if no other DAG runs."""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable

from estrela.airflow.channels import RECEIVERS
from estrela.airflow.connection import TEMPLATES
from estrela.airflow.feed_dag import DEFAULTS
from estrela.airflow.freshness import check_feeds, check_runs, check_tables
from estrela.airflow.tasks import TaskText, python_task
from estrela.airflow.warehouse import REACHED
from estrela.model.feeds import found_feeds
from estrela.model.star import star_names

DOC = """Tells people, once, what has become too old, and once more when it is fresh again: also when nothing runs.

* **tables_<star>** reads from the lake when each source last answered and what of it the current release shows. Each
  source declares how old its data may become (`freshness`, by default 36 hours: one missed day). A table is as fresh as
  the sources that it is made from.
* **runs** hears that a DAG run has succeeded that had been reported late. The run's own deadline reports it: 12 hours
  after it was queued (from Airflow 3.2 on).
* **feeds** sends the messages of the ledger about files that are late, failed or odd, in case no DAG of a feed runs. It
  is skipped where there is no warehouse.

What people were told is in `ops/incidents/` of the lake. Messages go to the SNS topic, the e-mail addresses and the
Slack channel that the Variables name; a channel that is down gets its messages the next time, and the task
fails only if all are down.

**Airflow Variables**: `estrela_lake`; `estrela_alert_topic`, `estrela_alert_recipients`, `estrela_alert_sender`,
`estrela_slack_secret`; those of the DAGs `feed_<name>` for the task **feeds**.
"""
TABLES = (
    "Asks the lake how old the data of star `{star}` is, and tells people of tables that have become stale, or fresh"
    " again. The task's XCom has the stale tables, with the moment since which each is."
)
RUNS = TaskText(
    "Late runs",
    "Tells people of DAG runs that had been reported late and have succeeded since. The task's XCom has those that are"
    " still late.",
)
FEEDS = TaskText(
    "Late files",
    "Sends what the ledger has to tell about all feeds, once: files that are late, failed or odd, and what is over. The"
    " DAGs of the feeds do the same; this one also does it when none of them runs.",
)


def freshness_dag() -> DAG:
    """Return the hourly DAG ``freshness``. It is created unpaused: while it is paused, nothing reports missing data."""
    with DAG(
        dag_id="freshness",
        description="Tells people when tables, runs or files are late, and when they are back",
        doc_md=DOC,
        # Without a start date the first check runs at the next full hour, not as soon as Airflow is installed.
        schedule=CronTriggerTimetable("0 * * * *", timezone="UTC"),
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=["estrela"],
        default_args=DEFAULTS,
    ) as dag:
        given = {"connection": TEMPLATES, "receivers": RECEIVERS}
        for name in star_names():
            text = TaskText(f"Tables of {name}", TABLES.format(star=name))
            python_task(f"tables_{name}", text, check_tables, {"star": name, **given})
        python_task("runs", RUNS, check_runs, given)
        python_task("feeds", FEEDS, check_feeds, {"feeds": list(found_feeds().feeds), "warehouse": REACHED})
    return dag
