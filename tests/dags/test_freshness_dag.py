"""The DAG that alerts on stale tables and late runs, in a real Airflow, and the deadline of a DAG run."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from estrela.etl.raw.layer import Arrival, RawLayer
from estrela.etl.releases.manifests import Manifests, Pointer
from estrela.etl.releases.release import Release
from estrela.hooks.json_objects import S3JsonObjects
from estrela.model.star import load, star_names

DAGS = Path(__file__).parents[2] / "dags"
HEAVY = {"pyspark", "boto3", "botocore", "psycopg", "pandas", "pyarrow"}
LOOK = """
    import json, sys
    import airflow.providers.standard.operators.python
    sys.path.insert(0, sys.argv[1])
    import freshness
    run = freshness.freshness.partial_subset(sys.argv[2:], include_direct_upstream=False).test()
    print(json.dumps({ti.task_id: ti.state for ti in run.get_task_instances()}))
"""
CALL = """
    import json, sys
    import airflow.providers.standard.operators.python
    from airflow.sdk.exceptions import AirflowSkipException
    from estrela.airflow.freshness import check_tables
    given = [json.loads(word) for word in sys.argv[1:]]
    found = [check_tables("retail", *given) for _ in range(2)]
    try:
        check_tables("broken", *given)
    except AirflowSkipException as skipped:
        print(json.dumps([*found, str(skipped)]))
"""


@pytest.fixture(scope="module")
def parsed(parse: Any) -> dict[str, Any]:
    parsed_file: dict[str, Any] = parse(DAGS / "freshness.py")
    return parsed_file


def test_the_dag_looks_at_every_star_at_late_runs_and_at_feeds(parsed: dict[str, Any]) -> None:
    assert HEAVY.isdisjoint(parsed["imports"])
    dag = parsed["dags"]["freshness"]
    assert (dag["schedule"], dag["settings"]) == ("0 * * * *", [False, 1, ["estrela"]])
    assert dag["starts_paused"] is False, "it tells what a paused DAG does not do"
    assert {task: name for task, (name, _) in dag["texts"].items()} == {
        **{f"tables_{name}": f"Tables of {name}" for name in star_names()},
        "runs": "Late runs",
        "feeds": "Late files",
    }
    assert [task for task, (_, doc) in dag["texts"].items() if len(doc) < 60] == []
    assert {task for task, after in dag["tasks"].items() if after} == set(), "no look waits for another"


def subscribed(platform: Any) -> tuple[Any, Any]:
    """The platform with a topic for alerts, and a function that returns the messages since its last call."""
    sns, sqs = platform.aws.client("sns"), platform.aws.client("sqs")
    topic = sns.create_topic(Name=f"{platform.job}-alerts")["TopicArn"]
    queue = sqs.create_queue(QueueName=f"{platform.job}-alerts")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def news() -> list[str]:
        texts = []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                body = json.loads(message["Body"])
                texts.append(f"{body['Subject']}\n{body['Message']}")
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return texts

    return replace(platform, variables={"alert_topic": topic}), news


def connection(platform: Any) -> str:
    """Return the rendered templates of the tasks, as JSON."""
    given = {"aws_conn_id": "aws_default", "lake": platform.lake, "glue_job": platform.job, "deadline_minutes": "10"}
    more = {"poll_seconds": "1", "kill_stops_run": "false", "athena_workgroups": "primary"}
    return json.dumps(given | more)


def publish(platform: Any, star: str, at: datetime) -> RawLayer:
    """Store an answer of every source of a star with this time, publish them, and return the star's raw layer."""
    s3 = platform.aws.client("s3")
    raw, manifests = RawLayer(s3, platform.lake, f"raw/{star}"), Manifests(S3JsonObjects(s3, platform.lake), star)
    names = load(star).raw_names
    for name in names:
        raw.write(name, [Arrival({}, 0, "https://bank.test", b"1", at)])
        raw.note_answered(name, at)
    versions = {name: raw.version(name) for name in names}
    manifests.create(Release(1, star, "run", "", 0, {}, (), versions))
    manifests.point(Pointer(1, "", latest_id=1), "")
    manifests.advance(versions, {}, 1)
    return raw


LATE = """
    import json, sys, types
    from datetime import datetime, timedelta, timezone
    import structlog
    import airflow.providers.standard.operators.python
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
    from airflow.models.dagbag import DBDagBag
    from airflow.models.dagrun import DagRun
    from airflow.models.deadline import Deadline
    from airflow.sdk.exceptions import ErrorType
    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.execution_time.callback_supervisor import execute_callback
    from airflow.sdk.execution_time.comms import ErrorResponse
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType
    from sqlalchemy import select
    now = datetime.now(timezone.utc)
    with create_session() as session:
        manager = DagBundlesManager()
        manager.sync_bundles_to_db(session=session)
        session.commit()
        [bundle] = manager.get_all_dag_bundles()
        found = BundleDagBag(dag_folder=sys.argv[1], bundle_path=bundle.path, bundle_name=bundle.name)
        sync_bag_to_db(found, bundle.name, None)
    with create_session() as session:
        dag = DBDagBag().get_latest_version_of_dag("star_retail", session=session)
        run = dag.create_dagrun(
            run_id=sys.argv[2], logical_date=now, data_interval=(now, now), run_after=now, run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.TEST, state=DagRunState.QUEUED, session=session,
        )
        session.flush()
        [deadline] = session.scalars(select(Deadline).where(Deadline.dagrun_id == run.id)).all()
        allowed = (deadline.deadline_time - run.queued_at).total_seconds() / 3600
        run.queued_at, run.state = now - timedelta(hours=12, minutes=5), DagRunState.RUNNING
        session.flush()
        deadline.handle_miss(session)
        called = deadline.callback.data
    # Airflow's API answers no question of such a callback.
    task_runner.SUPERVISOR_COMMS = types.SimpleNamespace(
        send=lambda msg: ErrorResponse(error=ErrorType.PERMISSION_DENIED, detail={})
    )
    log = structlog.get_logger()
    done = [execute_callback(called["path"], called["kwargs"], "stars.py", None, log) for _ in range(2)]
    print(json.dumps([allowed, done, str(now - timedelta(hours=12, minutes=5))]))
"""
SUCCEEDED = """
    import json, sys
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from sqlalchemy import select
    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.run_id == sys.argv[1])).one()
        run.state = DagRunState.SUCCESS
        print(json.dumps(run.state))
"""


@pytest.mark.slow
def test_people_hear_once_of_a_late_run_and_of_stale_tables_and_once_that_they_recovered(
    platform: Any, answer_of: Any
) -> None:
    alerting, news = subscribed(platform)
    run, now = f"late_{platform.job}", datetime.now(UTC)
    allowed, done, queued_at = answer_of(alerting.python(LATE, str(DAGS / "stars.py"), run))
    assert (allowed, done) == (12.0, [[True, None]] * 2)
    assert news() == [
        f"Estrela: star_retail: a run is late\nThe run {run} of star_retail has not succeeded 12 hours after it was"
        f" queued at {queued_at[:16]} UTC; its state is running.\nNext: see which task is running or has failed:"
        f" airflow tasks states-for-dag-run star_retail {run}"
    ]

    assert answer_of(alerting.python(SUCCEEDED, run)) == "success"
    at = now - timedelta(hours=40, minutes=10)
    due = at + timedelta(hours=36)
    raw = publish(alerting, "retail", now)
    raw.note_answered("customers", at)
    states = answer_of(alerting.python(LOOK, str(DAGS), "tables_retail", "runs", "feeds"))
    assert states == {"tables_retail": "success", "runs": "success", "feeds": "skipped"}, "there is no warehouse"
    recovered, stale = sorted(news(), key=lambda said: "stale" in said)
    subject, body, after = recovered.splitlines()
    assert (subject, after) == ("Estrela: star_retail: recovered: the late run has succeeded", "Next: nothing.")
    assert re.fullmatch(
        f"The run {run} of star_retail has succeeded, [0-9]+ minutes? after it was reported late.", body
    )
    assert stale == (
        "Estrela: retail: 4 tables are stale\n"
        "dim_customer, fact_order_lines, mart_product_sales, mart_sales_by_month: stale since"
        f" {due:%Y-%m-%d %H:%M} UTC. The source customers has not answered all requests since"
        f" {at:%Y-%m-%d %H:%M} UTC; 36 hours are allowed.\n"
        "Next: see what failed: airflow dags list-runs star_retail; then run it: airflow dags unpause star_retail &&"
        " airflow dags trigger star_retail"
    )

    raw.note_answered("customers", now)
    receivers = {"aws_conn_id": "aws_default", "alert_topic": alerting.variables["alert_topic"]}
    *returned, skipped = answer_of(alerting.python(CALL, connection(alerting), json.dumps(receivers)))
    unread = f"Star: no star is called 'broken'; allowed: {', '.join(star_names())}"
    assert skipped == f"the declarations of star broken cannot be read: {unread}"
    assert returned == [{"tables": 6, "stale": {}, "sent": {"SNS": sent}} for sent in (1, 0)]
    assert [said.splitlines()[:2] for said in news()] == [
        ["Estrela: retail: recovered: 4 tables are fresh", "dim_customer is fresh again; it was stale for 4 hours."]
    ]
