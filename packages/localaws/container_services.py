"""ECS: settings that moto drops from a request are returned as they were given, and what was deleted is not listed.

No container runs.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.ecs import urls
from moto.ecs.responses import EC2ContainerServiceResponse

_OF_SERVICE = (
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
)
_OF_DEPLOYMENT = ("capacityProviderStrategy", "serviceConnectConfiguration")
"""Settings of a service that AWS stores in its newest deployment."""


class ContainerOperations(EC2ContainerServiceResponse):
    """ECS services with all settings of their requests; lists of active clusters and families."""

    def create_service(self) -> ActionResult:
        """CreateService."""
        return self._keep(super().create_service())

    def update_service(self) -> ActionResult:
        """UpdateService."""
        return self._keep(super().update_service())

    def list_clusters(self) -> ActionResult:
        """ListClusters: a deleted cluster can be described, but is not listed."""
        clusters = self.ecs_backend.clusters.values()
        return ActionResult({"clusterArns": [cluster.arn for cluster in clusters if cluster.status != "INACTIVE"]})

    def list_task_definition_families(self) -> ActionResult:
        """ListTaskDefinitionFamilies: a family is active while a revision of it is."""
        prefix, wanted = self._get_param("familyPrefix", ""), self._get_param("status", "ACTIVE")
        families = {
            family: "ACTIVE" if any(revision.status == "ACTIVE" for revision in revisions.values()) else "INACTIVE"
            for family, revisions in self.ecs_backend.task_definitions.items()
            if family.startswith(prefix)
        }
        return ActionResult({"families": [name for name, status in families.items() if wanted in (status, "ALL")]})

    def _keep(self, answer: ActionResult) -> ActionResult:
        service: Any = answer.result["service"]
        given = self._get_params()
        for name in _OF_SERVICE:
            if name in given:
                setattr(service, _attribute(name), given[name])
        for deployment in service.deployments[:1]:
            deployment.update({name: given[name] for name in _OF_DEPLOYMENT if name in given})
        return answer


def _attribute(name: str) -> str:
    """Return the attribute name under which moto's serializer looks up a member."""
    return str(camelcase_to_underscores(name.replace("ECS", "Ecs")))


def install() -> None:
    """Make moto answer with these operations. Call this before the first request of the process."""
    urls.url_paths["{0}/$"] = ContainerOperations.dispatch
