"""How the tasks of a DAG reach the warehouse and its ledger: Airflow Variables, read when a task runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from estrela.airflow.connection import TEMPLATES
from estrela.errors import SettingsError

if TYPE_CHECKING:
    from estrela.warehouse_parts import WarehouseParts

PLACES: Mapping[str, str] = {
    "landing": "{{ var.value.get('estrela_landing', '') }}",
    "archive": "{{ var.value.get('estrela_archive', '') }}",
    "warehouse_secret": "{{ var.value.get('estrela_warehouse_secret', '') }}",
    "pii_secret": "{{ var.value.get('estrela_pii_secret', '') }}",
}
"""Templates of the Variables ``estrela_<name>``: buckets, and names of secrets."""
REACHED: Mapping[str, str] = {"aws_conn_id": TEMPLATES["aws_conn_id"], **PLACES}
"""What :func:`parts_of` reads, for ``op_kwargs``."""
OPTIONAL = "pii_secret"


def arguments(feed: str, phase: str) -> dict[str, str]:
    """Return the arguments of a Glue run that does ``phase`` for ``feed``."""
    return {"--feed": feed, "--phase": phase, **{f"--{name}": template for name, template in PLACES.items()}}


def parts_of(rendered: Mapping[str, str]) -> WarehouseParts:
    """Return the warehouse that the rendered :data:`REACHED` name. Raises SettingsError, which names the Variable."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    from estrela.warehouse_parts import WarehouseParts

    for name in PLACES:
        if not rendered[name] and name != OPTIONAL:
            raise SettingsError(f"Airflow Variable estrela_{name}", "is missing; docs/ledger.md says what it holds")
    environ = {f"ESTRELA_{name.upper()}": rendered[name] for name in PLACES if rendered[name]}
    return WarehouseParts(environ, AwsBaseHook(aws_conn_id=rendered["aws_conn_id"]).get_session())


def parts_of_variables() -> WarehouseParts:
    """Return the same from the Variables themselves, for callbacks, which render no template."""
    from airflow.sdk import Variable

    values = {name: Variable.get(f"estrela_{name}", default="") for name in PLACES}
    return parts_of({"aws_conn_id": Variable.get("estrela_aws_conn_id", default="aws_default"), **values})
