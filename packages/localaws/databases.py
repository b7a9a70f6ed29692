"""Databases of RDS: settings that moto drops from a request are returned as they were given. No database runs."""

from __future__ import annotations

import random
import string
from typing import Any

from moto.core.responses import ActionResult
from moto.rds import urls
from moto.rds.models import DBCluster
from moto.rds.responses import RDSResponse

# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
_RETENTION_DAYS = 7
# Parameter of a request, attribute of moto's instance that its serializer reads, value if the parameter is missing.
_INSIGHTS = (
    ("PerformanceInsightsKMSKeyId", "performance_insights_kms_key_id", None),
    ("PerformanceInsightsRetentionPeriod", "performance_insights_retention_period", _RETENTION_DAYS),
)
_USER = "user"
_scaling = DBCluster.scaling_configuration_info


class DatabaseOperations(RDSResponse):
    """Instances with Performance Insights and a resource ID; parameters with their source (user or engine)."""

    def create_db_instance(self) -> ActionResult:
        """CreateDBInstance."""
        return self._complete(super().create_db_instance())

    def create_db_instance_read_replica(self) -> ActionResult:
        """CreateDBInstanceReadReplica."""
        return self._complete(super().create_db_instance_read_replica())

    def restore_db_instance_from_db_snapshot(self) -> ActionResult:
        """RestoreDBInstanceFromDBSnapshot."""
        return self._complete(super().restore_db_instance_from_db_snapshot())

    def restore_db_instance_to_point_in_time(self) -> ActionResult:
        """RestoreDBInstanceToPointInTime."""
        return self._complete(super().restore_db_instance_to_point_in_time())

    def modify_db_instance(self) -> ActionResult:
        """ModifyDBInstance."""
        return self._keep_insights(super().modify_db_instance())

    def describe_db_parameters(self) -> ActionResult:
        """DescribeDBParameters: only those that a user has set; the engine's defaults are not known here."""
        return self._set_by_users(super().describe_db_parameters())

    def describe_db_cluster_parameters(self) -> ActionResult:
        """DescribeDBClusterParameters, also only those that a user has set."""
        return self._set_by_users(super().describe_db_cluster_parameters())

    def _complete(self, answer: ActionResult) -> ActionResult:
        instance = _result(answer)["DBInstance"]
        letters = random.choices(string.ascii_uppercase + string.digits, k=26)  # noqa: S311 - it names, it guards nothing
        instance.dbi_resource_id = f"db-{''.join(letters)}"
        instance.performance_insights_enabled = False
        return self._keep_insights(answer)

    def _keep_insights(self, answer: ActionResult) -> ActionResult:
        instance = _result(answer)["DBInstance"]
        enabled = self.params.get("EnablePerformanceInsights")
        if enabled is not None:
            instance.performance_insights_enabled = enabled
        for parameter, attribute, default in _INSIGHTS:
            kept = self.params.get(parameter) or getattr(instance, attribute, None) or default
            setattr(instance, attribute, kept if instance.performance_insights_enabled else None)
        return answer

    def _set_by_users(self, answer: ActionResult) -> ActionResult:
        source = self.params.get("Source", _USER)
        parameters = [dict(parameter) | {"Source": _USER} for parameter in _result(answer)["Parameters"]]
        return ActionResult({"Parameters": parameters if source == _USER else []})


def _result(answer: ActionResult) -> Any:
    return answer.result


def _scaling_of_first_version(cluster: DBCluster) -> dict[str, Any] | None:
    """Return the scaling of Aurora Serverless v1. moto invents one for every other cluster."""
    scaling: dict[str, Any] | None = _scaling.fget(cluster) if cluster.scaling_configuration else None
    return scaling


def install() -> None:
    """Make moto answer with these operations. Call this before its first request to RDS."""
    DBCluster.scaling_configuration_info = property(_scaling_of_first_version)
    urls.url_paths["{0}/$"] = DatabaseOperations.dispatch
