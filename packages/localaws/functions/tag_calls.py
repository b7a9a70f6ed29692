"""Tags of functions and event source mappings."""

from __future__ import annotations

from typing import Any

from localaws.functions.atomic import atomic
from localaws.functions.errors import LambdaError, invalid, not_found
from localaws.functions.names import split
from localaws.functions.records import FUNCTION, Records
from localaws.functions.wire import Call

MOST_TAGS = 50


class TagCalls:
    """ListTags, TagResource, UntagResource."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def list_tags(self, call: Call) -> dict[str, Any]:
        """ListTags."""
        return {"Tags": self._tags(call["Resource"])}

    @atomic
    def tag_resource(self, call: Call) -> dict[str, Any]:
        """TagResource."""
        if not call["Tags"]:
            raise invalid("An error occurred and the request cannot be processed.")
        tags = {**self._tags(call["Resource"]), **call["Tags"]}
        if len(tags) > MOST_TAGS:
            raise invalid("Number of tags exceeds resource tag limit.")
        self._put_tags(call["Resource"], tags)
        return {}

    @atomic
    def untag_resource(self, call: Call) -> dict[str, Any]:
        """UntagResource."""
        if not call["TagKeys"]:
            constraint = "failed to satisfy constraint: Member must not be null"
            raise LambdaError(
                "ValidationException", f"1 validation error detected: Value null at 'tagKeys' {constraint}"
            )
        tags = self._tags(call["Resource"])
        self._put_tags(call["Resource"], {name: tags[name] for name in tags if name not in call["TagKeys"]})
        return {}

    def _owner(self, arn: str) -> tuple[str, str]:
        """Return kind and owner of the document that contains the tags of a resource."""
        if ":event-source-mapping:" in arn:
            return "mapping", arn.rpartition(":")[2]
        ref = split(arn)
        if ref.qualifier:
            text = "Tags on function aliases and versions are not supported. Please specify a function ARN."
            raise invalid(text)
        return FUNCTION, ref.arn

    def _tags(self, arn: str) -> dict[str, str]:
        document = self._records.documents.get(*self._owner(arn))
        if document is None:
            what = "Event source mapping" if ":event-source-mapping:" in arn else "Function"
            raise not_found(f"{what} not found: {arn}")
        return dict(document.get("tags") or {})

    def _put_tags(self, arn: str, tags: dict[str, str]) -> None:
        kind, owner = self._owner(arn)
        with self._records.documents.transaction():
            self._records.documents.put(
                kind, owner, "", {**(self._records.documents.get(kind, owner) or {}), "tags": tags}
            )
