"""Clusters of Redshift: settings that moto drops from a request are returned as they were given."""

from __future__ import annotations

import uuid
from typing import Any

from moto.core.responses import ActionResult
from moto.redshift import urls
from moto.redshift.exceptions import InvalidParameterCombinationError
from moto.redshift.responses import RedshiftResponse

# Parameter: attribute of moto's cluster that its serializer reads, and the value if the parameter is missing.
_KEPT: dict[str, tuple[str, Any]] = {
    "DefaultIamRoleArn": ("default_iam_role_arn", ""),
    "IpAddressType": ("ip_address_type", "ipv4"),
    "MaintenanceTrackName": ("maintenance_track_name", "current"),
    "SnapshotScheduleIdentifier": ("snapshot_schedule_identifier", None),
}
REFUSED = ("ManageMasterPassword", "ElasticIp", "HsmConfigurationIdentifier", "RedshiftIdcApplicationArn")


class ClusterOperations(RedshiftResponse):
    """Clusters with the settings that the Data API and Terraform read."""

    def create_cluster(self) -> ActionResult:
        """CreateCluster. Raises InvalidParameterCombinationError for settings that are not supported here."""
        self._refuse()
        answer = super().create_cluster()
        cluster = self._cluster()
        for attribute, value in _KEPT.values():
            setattr(cluster, attribute, value)
        cluster.cluster_availability_status = "Available"
        cluster.manual_snapshot_retention_period = -1
        cluster.availability_zone_relocation_status = "disabled"
        cluster.multi_az = "Disabled"
        namespace = f"namespace:{uuid.uuid4()}"
        cluster.cluster_namespace_arn = f"arn:aws:redshift:{self.region}:{self.current_account}:{namespace}"
        self._keep(cluster)
        return answer

    def modify_cluster(self) -> ActionResult:
        """ModifyCluster, with the same error."""
        self._refuse()
        cluster = self._cluster()
        answer = super().modify_cluster()
        self._keep(cluster)
        return answer

    def _cluster(self) -> Any:
        return self.redshift_backend.describe_clusters(self._get_param("ClusterIdentifier"))[0]

    def _keep(self, cluster: Any) -> None:
        for parameter, (attribute, _) in _KEPT.items():
            if self._get_param(parameter) is not None:
                setattr(cluster, attribute, self._get_param(parameter))
        days = self._get_int_param("ManualSnapshotRetentionPeriod")
        if days is not None:
            cluster.manual_snapshot_retention_period = days
        relocation = self._get_bool_param("AvailabilityZoneRelocation")
        if relocation is not None:
            cluster.availability_zone_relocation_status = "enabled" if relocation else "disabled"
        several = self._get_bool_param("MultiAZ")
        if several is not None:
            cluster.multi_az = "Enabled" if several else "Disabled"

    def _refuse(self) -> None:
        for parameter in REFUSED:
            if self._get_param(parameter):
                raise InvalidParameterCombinationError(f"localaws does not support {parameter}")


def install() -> None:
    """Make moto answer with these operations. Call this before its first request to Redshift."""
    urls.url_paths["{0}/$"] = ClusterOperations.dispatch
