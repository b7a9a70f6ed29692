"""The operations on tags: each takes account, region and request, and returns the response.

https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localaws.redshift.errors import ResourceNotFoundError
from localaws.redshift.json_app import Handler
from localaws.redshift.serverless.store import ServerlessStore


class TagCalls:
    """The operations on tags: TagResource and others."""

    def __init__(self, store: ServerlessStore) -> None:
        self._store = store

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers by the name of their operation."""
        return {
            "TagResource": self.tag_resource,
            "UntagResource": self.untag_resource,
            "ListTagsForResource": self.list_tags_for_resource,
        }

    def tag_resource(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        with self._store.changing() as documents:
            tags = {tag["key"]: tag for tag in _tags(documents["tags"], request["resourceArn"])}
            tags |= {tag["key"]: tag for tag in request["tags"]}
            documents["tags"][request["resourceArn"]] = list(tags.values())
        return {}

    def untag_resource(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        with self._store.changing() as documents:
            tags = _tags(documents["tags"], request["resourceArn"])
            documents["tags"][request["resourceArn"]] = [tag for tag in tags if tag["key"] not in request["tagKeys"]]
        return {}

    def list_tags_for_resource(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        return {"tags": _tags(self._store.read("tags"), request["resourceArn"])}


def _tags(known: dict[str, Any], arn: str) -> list[dict[str, str]]:
    if arn not in known:
        raise ResourceNotFoundError(f"The resource {arn} does not exist.")
    tags: list[dict[str, str]] = known[arn]
    return tags
