"""The REST catalog's calls on namespaces."""

from __future__ import annotations

from localaws.iceberg.namespaces import Namespaces
from localaws.iceberg.rest_call import LEVELS, Answer, Call, one_level, page


class NamespaceCalls:
    """Handlers of the specification's operations on namespaces, one method each."""

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces

    def list_all(self, call: Call) -> Answer:
        parent = call.request.args.get("parent")
        if parent:
            self._namespaces.properties(one_level(parent.split(LEVELS)))
        names, token = page([] if parent else self._namespaces.names(), call.request.args)
        return 200, {"namespaces": [[name] for name in names], "next-page-token": token}

    def create(self, call: Call) -> Answer:
        levels = call.body["namespace"]
        if not isinstance(levels, list) or len(levels) != 1:
            raise ValueError(f"namespace {str(levels)[:200]} has to have exactly one level: it is a Glue database")
        self._namespaces.create(levels[0], call.body.get("properties") or {})
        return 200, {"namespace": [levels[0].lower()], "properties": self._namespaces.properties(levels[0])}

    def load(self, call: Call) -> Answer:
        properties = self._namespaces.properties(call.namespace)
        return 200, {"namespace": [call.namespace.lower()], "properties": properties}

    def exists(self, call: Call) -> Answer:
        self._namespaces.properties(call.namespace)
        return 204, None

    def drop(self, call: Call) -> Answer:
        self._namespaces.drop(call.namespace)
        return 204, None

    def update(self, call: Call) -> Answer:
        removals, updates = call.body.get("removals") or [], call.body.get("updates") or {}
        return 200, self._namespaces.update(call.namespace, removals, updates)
