"""Task callables of the DAG ``freshness``, which reports data that is too old or fresh again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from estrela.airflow.channels import channels
from estrela.airflow.connection import Connection
from estrela.airflow.feed_tasks import notify
from estrela.airflow.incidents import deliver, incidents_in
from estrela.airflow.tasks import no_retry_if_permanent


@no_retry_if_permanent
def check_tables(star: str, connection: Mapping[str, str], receivers: Mapping[str, str]) -> dict[str, Any]:
    """Report each table of ``star`` once when it has become stale, and once when it is fresh again.

    Returns each stale table with the time since which it is stale, and the messages sent per channel. Raises
    DeliveryError if all channels are down, and AirflowSkipException if the star's declarations cannot be read.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    from estrela.etl.raw.layer import RawLayer
    from estrela.etl.releases.freshness import source_ages
    from estrela.etl.releases.manifests import Manifests
    from estrela.etl.telemetry.freshness import after_check
    from estrela.hooks.json_objects import S3JsonObjects
    from estrela.model.star import load

    try:
        declared = load(star)
    except Exception as error:  # the DAG of the star fails with it once a day, which is enough
        raise AirflowSkipException(f"the declarations of star {star} cannot be read: {error}") from error
    reached, now = Connection.of(connection), datetime.now(UTC)
    s3 = reached.client("s3")
    raw, manifests = RawLayer(s3, reached.lake, f"raw/{star}"), Manifests(S3JsonObjects(s3, reached.lake), star)
    ages = source_ages(declared, raw, manifests)
    incidents = incidents_in(s3, reached.lake, star)
    _, record = incidents.change(lambda known: after_check(known, declared, ages, now), now)
    tables = len(declared.tables) + len(declared.marts)
    print(f"{len(record.since)} of the {tables} tables of {star} are stale.")
    return {"tables": tables, "stale": dict(record.since), "sent": deliver(incidents, channels(receivers), now)}


@no_retry_if_permanent
def check_runs(connection: Mapping[str, str], receivers: Mapping[str, str], ti: Any) -> dict[str, Any]:
    """Report each late DAG run once when it has succeeded.

    Returns the runs that are still late, and the messages sent per channel. Raises DeliveryError if all channels are
    down.
    """
    from estrela.etl.telemetry.run_deadline import RUNS, ended, states_of

    reached, now = Connection.of(connection), datetime.now(UTC)
    incidents = incidents_in(reached.client("s3"), reached.lake, RUNS)
    _, known = incidents.change(lambda record: record, now)
    states = states_of(known, lambda dag, run: _state_of(ti, dag, run))
    _, record = incidents.change(lambda before: ended(before, states, now), now)
    print(f"{len(record.since)} DAG runs are late.")
    return {"late": dict(record.since), "sent": deliver(incidents, channels(receivers), now)}


def check_feeds(feeds: Sequence[str], warehouse: Mapping[str, str]) -> dict[str, int]:
    """Send each message that is due about ``feeds`` once; return the number of messages sent per channel.

    Raises AirflowSkipException if no warehouse is configured, and DeliveryError if a channel is down.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    if not warehouse.get("warehouse_secret"):
        raise AirflowSkipException(
            "no warehouse is configured: the Airflow Variable estrela_warehouse_secret is not set"
        )
    return notify(feeds, warehouse)


def _state_of(ti: Any, dag: str, run: str) -> str:
    """Return the state of a DAG run, or "" if the run no longer exists."""
    from airflow.sdk.exceptions import AirflowRuntimeError

    try:
        state = ti.get_dagrun_state(dag, run)
    except AirflowRuntimeError:
        return ""
    return str(getattr(state, "value", state))
