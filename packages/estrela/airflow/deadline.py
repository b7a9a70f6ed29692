"""The deadline of a DAG run: people hear of a run that has not succeeded in time, although no task of it failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

WITHIN = timedelta(hours=12)
"""Allowed between the moment at which a run is queued and its success."""


def run_deadline() -> dict[str, Any]:
    """Return the argument of a DAG that sets the deadline of its runs.

    It is empty for a version of Airflow before 3.2, which cannot call a function on a worker: there the freshness of
    the tables is all that tells.
    """
    try:
        from airflow.sdk.definitions.callback import SyncCallback
        from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
    except ImportError:
        return {}
    reference = DeadlineReference.DAGRUN_QUEUED_AT
    return {"deadline": DeadlineAlert(reference, interval=WITHIN, callback=SyncCallback(tell_late))}


def tell_late(context: Mapping[str, Any]) -> None:
    """Tell people once that the DAG run of ``context`` is late. Raises DeliveryError if all channels are down."""
    from estrela.airflow.channels import channels_of_variables
    from estrela.airflow.incidents import deliver, incidents_of_variables
    from estrela.etl.telemetry.run_deadline import RUNS, late

    run, now = context["dag_run"], datetime.now(UTC)
    queued_at = datetime.fromisoformat(run["queued_at"])
    incidents = incidents_of_variables(RUNS)
    incidents.change(lambda record: late(record, run["dag_id"], run["dag_run_id"], run["state"], queued_at, now), now)
    deliver(incidents, channels_of_variables(), now)
