"""Alert about a task that has failed and will not be retried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from estrela.airflow.channels import TOPIC, channels_of_variables


def alert(context: Mapping[str, Any]) -> None:
    """Send the failed task and its error to the SNS topic of the Variable ``estrela_alert_topic``, if that is set."""
    ti = context["ti"]
    text = f"{ti.dag_id}.{ti.task_id} failed in run {ti.run_id}, try {ti.try_number}: {context.get('exception')}"
    print(text)
    for channel in channels_of_variables([TOPIC]):
        channel.send("a task failed", text)
