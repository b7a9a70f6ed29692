"""Access of a task to AWS and the lake, configured in Airflow Variables that are read when the task runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from estrela.errors import SettingsError

LONGEST_DEADLINE_MINUTES = 7 * 24 * 60
"""Glue stops every run after 7 days."""
LONGEST_POLL_SECONDS = 600
SWITCH = {"true": True, "false": False}
TEMPLATES: Mapping[str, str] = {
    "aws_conn_id": "{{ var.value.get('estrela_aws_conn_id', 'aws_default') }}",
    "glue_job": "{{ var.value.get('estrela_glue_job', 'estrela') }}",
    "feed_glue_job": "{{ var.value.get('estrela_feed_glue_job', '') }}",
    "lake": "{{ var.value.get('estrela_lake', '') }}",
    "deadline_minutes": "{{ var.value.get('estrela_deadline_minutes', '120') }}",
    "poll_seconds": "{{ var.value.get('estrela_poll_seconds', '5') }}",
    "kill_stops_run": "{{ var.value.get('estrela_kill_stops_run', 'false') }}",
    "aws_command": "{{ var.value.get('estrela_aws_command', '') }}",
    "athena_workgroups": "{{ var.value.get('estrela_athena_workgroups', 'primary') }}",
}
"""Templates of the Variables ``estrela_<name>``, for ``op_kwargs``; the keys omit the prefix."""
FEED_TEMPLATES: Mapping[str, str] = {
    **TEMPLATES,
    "glue_job": "{{ var.value.get('estrela_feed_glue_job', '') or var.value.get('estrela_glue_job', 'estrela') }}",
}
"""Templates for steps of feeds, which may have a Glue job of their own that can reach databases."""


@dataclass(frozen=True)
class Connection:
    """The AWS connection, the Glue job and the lake that the Variables name.

    A Glue run must end within ``deadline_seconds`` and is polled every ``poll_seconds``. If ``kill_stops_run`` is true,
    a killed task stops its run. The cost of queries in ``athena_workgroups`` is recorded. ``aws_command`` is the AWS
    CLI command shown to people who read logs; "" means ``aws`` with the endpoint of the connection. ``feed_glue_job``
    is the Glue job of the feeds, if it differs from ``glue_job``.
    """

    aws_conn_id: str
    glue_job: str
    lake: str
    deadline_seconds: float
    poll_seconds: float
    kill_stops_run: bool
    athena_workgroups: tuple[str, ...]
    aws_command: str = ""
    feed_glue_job: str = ""

    @classmethod
    def of(cls, rendered: Mapping[str, str]) -> Connection:
        """Parse the rendered :data:`TEMPLATES`. Raises SettingsError, which names the wrong Variable."""
        if not rendered["lake"]:
            raise SettingsError("Airflow Variable estrela_lake", "is missing; set it to the name of the lake's bucket")
        return cls(
            rendered["aws_conn_id"],
            rendered["glue_job"],
            rendered["lake"],
            60 * _number("estrela_deadline_minutes", rendered["deadline_minutes"], LONGEST_DEADLINE_MINUTES),
            _number("estrela_poll_seconds", rendered["poll_seconds"], LONGEST_POLL_SECONDS),
            _switch("estrela_kill_stops_run", rendered["kill_stops_run"]),
            tuple(name.strip() for name in rendered["athena_workgroups"].split(",") if name.strip()),
            rendered.get("aws_command", ""),
            rendered.get("feed_glue_job", ""),
        )

    def client(self, service: str, config: Any = None) -> Any:
        """Return a boto3 client from Airflow's AWS connection; ``config`` is a botocore Config."""
        return client(service, self.aws_conn_id, config)


def variable(name: str, default: str = "") -> str:
    """Return the Variable ``estrela_<name>``; usable in the callback of a deadline too.

    In such a callback Airflow gives access only to Variables from environment variables and from a secrets backend. For
    any other Variable the callback gets ``default``.
    """
    from airflow.sdk import Variable

    try:
        return str(Variable.get(f"estrela_{name}", default=default))
    except PermissionError:
        return default


def client(service: str, aws_conn_id: str, config: Any = None) -> Any:
    """Return a boto3 client from the Amazon provider's hook, which handles connections, roles and regions as usual."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    return AwsBaseHook(aws_conn_id=aws_conn_id, client_type=service, config=config).get_conn()


def _number(name: str, text: str, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= most:
        raise SettingsError(f"Airflow Variable {name}", f"{text!r} is not a number above 0, at most {most:g}")
    return number


def _switch(name: str, text: str) -> bool:
    if text.lower() not in SWITCH:
        raise SettingsError(f"Airflow Variable {name}", f"{text!r} is not true or false")
    return SWITCH[text.lower()]
