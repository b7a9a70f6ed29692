"""The alert about a task that has failed for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from estrela.airflow.channels import TOPIC, channels_of_variables


def alert(context: Mapping[str, Any]) -> None:
    """Publish which task failed and why to the SNS topic of the Variable ``estrela_alert_topic``, if it is set."""
    ti = context["ti"]
    text = f"{ti.dag_id}.{ti.task_id} failed in run {ti.run_id}, try {ti.try_number}: {context.get('exception')}"
    print(text)
    for channel in channels_of_variables([TOPIC]):
        channel.send("a task failed", text)
