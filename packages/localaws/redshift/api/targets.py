"""The database of a request, and verification of its secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.redshift.models import redshift_backends
from moto.secretsmanager.exceptions import SecretsManagerClientError
from moto.secretsmanager.models import secretsmanager_backends

from localaws.redshift.database import Target
from localaws.redshift.errors import ValidationError

_MISSING = "Redshift endpoint doesn't exist in this region."
NAMES = ("ClusterIdentifier", "WorkgroupName", "Database", "DbUser", "SecretArn")


@dataclass(frozen=True)
class Owner:
    """The account and region of a request."""

    account: str
    region: str


@dataclass(frozen=True)
class Warehouse:
    """A cluster, or the namespace of a workgroup: its first database, and its administrator's name and password."""

    name: str
    database: str
    user: str
    password: str


@dataclass(frozen=True)
class Access:
    """A target, and the reason if the database refuses the login; empty if it accepts."""

    target: Target
    refused: str = ""


class Targets:
    """Resolves requests; ``workgroup`` returns the namespace of a workgroup of Redshift Serverless."""

    def __init__(self, workgroup: Callable[[Owner, str], Warehouse | None]) -> None:
        self._workgroup = workgroup

    def find(self, owner: Owner, request: Mapping[str, Any]) -> Access:
        """Resolve a request; raises ValidationError if the warehouse or secret does not exist, or they do not match."""
        cluster, workgroup = request.get("ClusterIdentifier", ""), request.get("WorkgroupName", "")
        if bool(cluster) == bool(workgroup):
            raise ValidationError("Specify either ClusterIdentifier or WorkgroupName.")
        if not request.get("Database"):
            raise ValidationError("Database is required.")
        warehouse = _cluster(owner, cluster) if cluster else self._workgroup(owner, workgroup)
        if warehouse is None:
            raise ValidationError(_MISSING)
        user, refused = str(request.get("DbUser") or "IAM:localaws"), ""
        if request.get("SecretArn"):
            user, refused = _login(owner, request["SecretArn"], cluster, warehouse)
        name = f"{owner.region}/{warehouse.name}"
        return Access(Target(name, request["Database"], user, warehouse.database), refused)


def _cluster(owner: Owner, name: str) -> Warehouse | None:
    cluster = redshift_backends[owner.account][owner.region].clusters.get(name)
    if cluster is None:
        return None
    password = str(getattr(cluster, "master_user_password", "") or "")
    name = f"cluster/{cluster.unique_cluster_id}"
    return Warehouse(name, cluster.db_name or "dev", cluster.master_username or "", password)


def _login(owner: Owner, secret_id: str, cluster: str, warehouse: Warehouse) -> tuple[str, str]:
    """Return the user's name, and the reason if the database refuses the login."""
    region = secret_id.split(":")[3] if secret_id.count(":") >= 6 else owner.region
    try:
        value = secretsmanager_backends[owner.account][region].get_secret_value(secret_id, None, None)
    except SecretsManagerClientError as error:
        raise ValidationError(f"Secret {secret_id}: {error.message}") from None
    try:
        secret = json.loads(value["SecretString"])
        user, password = str(secret["username"]), str(secret["password"])
    except (KeyError, TypeError, ValueError):
        raise ValidationError(f"Secret {secret_id} has no username and password") from None
    if cluster and secret.get("dbClusterIdentifier", cluster) != cluster:
        raise ValidationError(
            f"Secret {secret_id} belongs to cluster {secret['dbClusterIdentifier']}, not to {cluster}"
        )
    matches = user == warehouse.user and password == warehouse.password
    return user, "" if matches else f'FATAL: password authentication failed for user "{user}"'
