"""Channels for the messages of DAGs: an SNS topic, e-mail and Slack, configured in Airflow Variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from estrela.airflow.connection import TEMPLATES, client, variable
from estrela.airflow.warehouse import MESSAGES, REACHED

if TYPE_CHECKING:
    from estrela.etl.telemetry.incidents import Channel

TOPIC = "alert_topic"
RECEIVERS: Mapping[str, str] = {
    "aws_conn_id": TEMPLATES["aws_conn_id"],
    TOPIC: "{{ var.value.get('estrela_alert_topic', '') }}",
    **{name: REACHED[name] for name in MESSAGES},
}
"""Templates of the Variables that :func:`channels` reads, for ``op_kwargs``."""


def channels(rendered: Mapping[str, str]) -> list[Channel]:
    """Return the channels configured in the rendered :data:`RECEIVERS`, possibly none. Raises SettingsError."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    from estrela.hooks.topic import Topic
    from estrela.warehouse_places import WarehousePlaces

    environ = {f"ESTRELA_{name.upper()}": rendered[name] for name in MESSAGES if rendered.get(name)}
    configured: list[Channel] = []
    if rendered.get(TOPIC):
        configured.append(Topic(client("sns", rendered["aws_conn_id"]), rendered[TOPIC]))
    if environ:
        session = AwsBaseHook(aws_conn_id=rendered["aws_conn_id"]).get_session()
        configured += WarehousePlaces(environ, session).channels()
    return configured


def channels_of_variables(names: Iterable[str] = (TOPIC, *MESSAGES)) -> list[Channel]:
    """Return the channels configured in the Variables ``names``, for callbacks, which render no templates."""
    values = {name: variable(name) for name in names}
    return channels({"aws_conn_id": variable("aws_conn_id", "aws_default"), **values})
