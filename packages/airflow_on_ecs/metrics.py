"""``python -m airflow_on_ecs.metrics``: publish metrics from Airflow's database to CloudWatch twice a minute.

The length of Celery's queue does not include running tasks; the database has both.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import psycopg

from airflow_on_ecs.database import database_url

if TYPE_CHECKING:
    from collections.abc import Sequence

PERIOD_SECONDS = 30.0
QUERIES: Mapping[str, str] = {
    "ActiveTasks": "SELECT count(*) FROM task_instance WHERE state IN ('queued', 'running')",
    "SchedulerHeartbeatAge": (
        "SELECT coalesce(extract(epoch FROM now() - max(latest_heartbeat)), 86400) FROM job"
        " WHERE job_type = 'SchedulerJob'"
    ),
    "FailedRuns": "SELECT count(*) FROM dag_run WHERE state = 'failed' AND end_date > now() - interval '1 hour'",
}
"""SQL query per metric, which returns one number. A scheduler without any heartbeat counts as one day old."""


def measure(connection: psycopg.Connection[Any]) -> dict[str, float]:
    """Return the value of each metric."""
    return {name: float(_number(connection, sql)) for name, sql in QUERIES.items()}


def _number(connection: psycopg.Connection[Any], sql: str) -> Any:
    row = connection.execute(sql.encode()).fetchone()
    return row[0] if row else 0


def publish(cloudwatch: Any, namespace: str, environment: str, values: Mapping[str, float]) -> None:
    """Publish the values with the dimension ``Environment``."""
    dimensions = [{"Name": "Environment", "Value": environment}]
    data: Sequence[Mapping[str, object]] = [
        {"MetricName": name, "Value": value, "Dimensions": dimensions} for name, value in values.items()
    ]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)


def run(env: Mapping[str, str], cloudwatch: Any, sleep: Callable[[float], None]) -> None:
    """Measure and publish until an error occurs; ECS then restarts the container."""
    with psycopg.connect(database_url(env, "postgresql"), connect_timeout=10, autocommit=True) as connection:
        while True:
            publish(cloudwatch, env["METRICS_NAMESPACE"], env["METRICS_ENVIRONMENT"], measure(connection))
            sleep(PERIOD_SECONDS)


if __name__ == "__main__":
    import boto3

    run(os.environ, boto3.client("cloudwatch"), time.sleep)
