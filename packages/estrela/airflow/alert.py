"""What happens when a task has failed for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from estrela.airflow.connection import client


def alert(context: Mapping[str, Any]) -> None:
    """Publish which task failed and why to the SNS topic of the Variable ``estrela_alert_topic``, if it is set."""
    from airflow.sdk import Variable

    ti, topic = context["ti"], Variable.get("estrela_alert_topic", default="")
    text = f"{ti.dag_id}.{ti.task_id} failed in run {ti.run_id}, try {ti.try_number}: {context.get('exception')}"
    print(text)
    if topic:
        sns = client("sns", Variable.get("estrela_aws_conn_id", default="aws_default"))
        sns.publish(TopicArn=topic, Subject="Estrela: a task failed", Message=text)
