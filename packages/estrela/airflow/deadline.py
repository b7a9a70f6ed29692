"""Deadline of a DAG run: sends a message if a run has not succeeded in time, even if none of its tasks failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

WITHIN = timedelta(hours=12)
"""Time from queueing a run until it must have succeeded."""


def run_deadline() -> dict[str, Any]:
    """Return the ``DAG`` argument that sets the deadline of its runs.

    It is empty before Airflow 3.2, which introduced deadline callbacks that run on a worker. On those versions only the
    check of the tables' freshness reports a late run.
    """
    try:
        from airflow.sdk.definitions.callback import SyncCallback
        from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
    except ImportError:
        return {}
    reference = DeadlineReference.DAGRUN_QUEUED_AT
    return {"deadline": DeadlineAlert(reference, interval=WITHIN, callback=SyncCallback(report_late_run))}


def report_late_run(context: Mapping[str, Any]) -> None:
    """Send one message that the DAG run of ``context`` is late. Raises DeliveryError if all channels are down."""
    from estrela.airflow.channels import channels_of_variables
    from estrela.airflow.incidents import deliver, incidents_of_variables
    from estrela.etl.telemetry.run_deadline import RUNS, late

    run, now = context["dag_run"], datetime.now(UTC)
    queued_at = datetime.fromisoformat(run["queued_at"])
    incidents = incidents_of_variables(RUNS)
    incidents.change(lambda record: late(record, run["dag_id"], run["dag_run_id"], run["state"], queued_at, now), now)
    deliver(incidents, channels_of_variables(), now)
