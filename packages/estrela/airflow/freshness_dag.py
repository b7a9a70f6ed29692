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

DOC = """Reports each table, run or file once when it is late and once when it has recovered, even if no other DAG runs.

* **tables_<star>** reads from the lake when each source last answered, and how much of that data the current release
  shows. Each source declares how old its data may become (`freshness`, by default 36 hours: one missed day). A table is
  stale if one of its sources is.
* **runs** reports that a late DAG run has succeeded. The deadline of the run itself reports that it is late: 12 hours
  after it was queued (from Airflow 3.2 on).
* **feeds** sends the messages of the ledger about files that are late, that failed or that have an unusual number of
  rows, in case no DAG of a feed runs. It is skipped if no warehouse is configured.

The lake records under `ops/incidents/` what was reported. Messages go to the SNS topic, the e-mail addresses and the
Slack channel that the Variables name. If a channel is down, its messages are sent at the next run; the task fails only
if all channels are down.

**Airflow Variables**: `estrela_lake`; `estrela_alert_topic`, `estrela_alert_recipients`, `estrela_alert_sender`,
`estrela_slack_secret`; those of the DAGs `feed_<name>` for the task **feeds**.
"""
TABLES = (
    "Reads from the lake how old the data of star `{star}` is, and reports tables that became stale or are fresh again."
    " The task's XCom has the stale tables, each with the time since when it is stale."
)
RUNS = TaskText(
    "Late runs",
    "Reports that DAG runs which had been reported late have succeeded. The task's XCom has the runs that are still"
    " late.",
)
FEEDS = TaskText(
    "Late files",
    "Sends each new message of the ledger about any feed once: files that are late, that failed or that have an"
    " unusual number of rows, and problems that are solved. The DAGs of the feeds do the same; this task does it even"
    " if none of them runs.",
)


def freshness_dag() -> DAG:
    """Return the hourly DAG ``freshness``. It is created unpaused: while it is paused, nothing reports missing data."""
    with DAG(
        dag_id="freshness",
        description="Reports tables, runs and files that are late, and that they have recovered",
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
