"""Records of incidents in the lake, and delivery of their messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from estrela.airflow.connection import client, variable
from estrela.errors import SettingsError

if TYPE_CHECKING:
    from estrela.etl.telemetry.incidents import Channel, Incidents


def incidents_of_variables(name: str) -> Incidents:
    """Return the record ``name`` in the lake that the Variables name, for callbacks, which render no templates."""
    lake = variable("lake")
    if not lake:
        raise SettingsError("Airflow Variable estrela_lake", "is missing; set it to the name of the lake's bucket")
    return incidents_in(client("s3", variable("aws_conn_id", "aws_default")), lake, name)


def incidents_in(s3: object, lake: str, name: str) -> Incidents:
    """Return the record ``name`` in the bucket ``lake``, accessed by the boto3 S3 client ``s3``."""
    from estrela.etl.telemetry.incidents import Incidents
    from estrela.hooks.json_objects import S3JsonObjects

    return Incidents(S3JsonObjects(s3, lake), name)  # type: ignore[arg-type]


def deliver(incidents: Incidents, channels: Iterable[Channel], now: datetime) -> dict[str, int]:
    """Print and send the unsent messages; return the number of messages sent per channel.

    A channel that is down gets its messages the next time. Raises DeliveryError only if all channels are down: if one
    broken channel failed the task, people whose channel works would get an alert every hour.
    """
    _, record = incidents.change(lambda known: known, now)
    for message in record.unsent:
        print(f"{message.subject}\n{message.body}")
    delivery = incidents.deliver(channels, now)
    if record.unsent:
        print(f"Messages sent: {dict(delivery.sent) or 'none, because no channel is configured'}")
    for failure in delivery.failures:
        print(f"Not sent, next attempt at the next run: {failure}")
    if delivery.failures and len(delivery.failures) == len(delivery.sent):
        raise delivery.failures[0]
    return dict(delivery.sent)
