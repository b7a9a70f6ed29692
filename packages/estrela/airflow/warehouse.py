"""Access of a task to the warehouse and its ledger, configured in Airflow Variables that it reads when it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from estrela.airflow.connection import TEMPLATES
from estrela.errors import SettingsError

if TYPE_CHECKING:
    from estrela.warehouse_parts import WarehouseParts

REQUIRED = ("landing", "archive", "warehouse_secret")
OPTIONAL = (
    "pii_secret", "redshift_workgroup", "redshift_cluster", "redshift_database", "redshift_secret_arn", "redshift_role",
)  # fmt: skip
MESSAGES = ("alert_recipients", "alert_sender", "slack_secret")
"""Recipients of messages. Glue runs do not get these Variables, because they send no messages."""
VARIABLES = (*REQUIRED, *OPTIONAL, *MESSAGES)
"""Airflow Variables ``estrela_<name>``, with the same values as the environment variables ``ESTRELA_<NAME>``."""


def _template(name: str) -> str:
    return f"{{{{ var.value.get('estrela_{name}', '') }}}}"


REACHED: Mapping[str, str] = {"aws_conn_id": TEMPLATES["aws_conn_id"], **{name: _template(name) for name in VARIABLES}}
"""Templates of the Variables that :func:`parts_of` reads, for ``op_kwargs``."""


def arguments(feed: str, phase: str) -> dict[str, str]:
    """Return the arguments of a Glue run that performs ``phase`` for ``feed``."""
    return {"--feed": feed, "--phase": phase, **{f"--{name}": _template(name) for name in (*REQUIRED, *OPTIONAL)}}


def parts_of(rendered: Mapping[str, str]) -> WarehouseParts:
    """Return the warehouse configured in the rendered :data:`REACHED`. Raises SettingsError that names the Variable."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    from estrela.warehouse_parts import WarehouseParts

    for name in REQUIRED:
        if not rendered.get(name):
            raise SettingsError(f"Airflow Variable estrela_{name}", "is missing; set it as docs/ledger.md describes")
    environ = {f"ESTRELA_{name.upper()}": rendered[name] for name in VARIABLES if rendered.get(name)}
    return WarehouseParts(environ, AwsBaseHook(aws_conn_id=rendered["aws_conn_id"]).get_session())


def parts_of_variables() -> WarehouseParts:
    """Return the warehouse configured in the Variables themselves, for callbacks, which render no templates."""
    from airflow.sdk import Variable

    values = {name: Variable.get(f"estrela_{name}", default="") for name in VARIABLES}
    return parts_of({"aws_conn_id": Variable.get("estrela_aws_conn_id", default="aws_default"), **values})
