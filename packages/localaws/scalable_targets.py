"""Tags of Application Auto Scaling, which moto lacks: they are returned as they were set."""

from __future__ import annotations

import json

from moto.applicationautoscaling import urls
from moto.applicationautoscaling.models import FakeScalableTarget
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.exceptions import JsonRESTError

_TAGS, _ARN = "Tags", "ResourceARN"


class TargetOperations(ApplicationAutoScalingResponse):
    """Scalable targets with tags."""

    def register_scalable_target(self) -> str:
        """RegisterScalableTarget, with its tags."""
        super().register_scalable_target()
        target = self._target(self._get_param("ResourceId"), self._get_param("ScalableDimension"))
        _tags(target).update(self._get_param(_TAGS) or {})
        return json.dumps({"ScalableTargetARN": target.arn})

    def list_tags_for_resource(self) -> str:
        """ListTagsForResource."""
        return json.dumps({_TAGS: _tags(self._named())})

    def tag_resource(self) -> str:
        """TagResource."""
        _tags(self._named()).update(self._get_param(_TAGS))
        return "{}"

    def untag_resource(self) -> str:
        """UntagResource."""
        for key in self._get_param("TagKeys"):
            _tags(self._named()).pop(key, None)
        return "{}"

    def _named(self) -> FakeScalableTarget:
        wanted = self._get_param(_ARN)
        for target in self._targets():
            if target.arn == wanted:
                return target
        raise JsonRESTError("ResourceNotFoundException", f"The specified resource {wanted} doesn't exist.")

    def _target(self, resource: str, dimension: str) -> FakeScalableTarget:
        return next(
            target
            for target in self._targets()
            if (target.resource_id, target.scalable_dimension) == (resource, dimension)
        )

    def _targets(self) -> list[FakeScalableTarget]:
        by_namespace = self.applicationautoscaling_backend.targets
        return [target for targets in by_namespace.values() for target in targets.values()]


def _tags(target: FakeScalableTarget) -> dict[str, str]:
    tags: dict[str, str] = vars(target).setdefault("tags", {})
    return tags


def install() -> None:
    """Make moto answer with these operations. Call this before the first request of the process."""
    urls.url_paths["{0}/$"] = TargetOperations.dispatch
