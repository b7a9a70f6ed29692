"""Operations on workgroups."""

from __future__ import annotations

import json
import time
from typing import Any

from localaws.athena.api.saved_query_calls import SavedQueryResponses
from localaws.athena.errors import InvalidRequestError


class WorkGroupResponses(SavedQueryResponses):
    """Operations on workgroups."""

    def create_work_group(self) -> str:
        name = self._get_param("Name")
        configuration = self._get_param("Configuration") or {}
        tags = self._get_param("Tags") or []
        group = self.local.create_work_group(name, configuration, self._get_param("Description") or "", tags)
        if not group:
            raise InvalidRequestError(f"WorkGroup {name} already exists")
        group.created = time.time()
        return "{}"

    def get_work_group(self) -> str:
        group = self.local.work_group(self._get_param("WorkGroup"))
        return json.dumps({"WorkGroup": _work_group(group) | {"Configuration": group.configuration}})

    def list_work_groups(self) -> str:
        groups = [
            _work_group(group) | {"EngineVersion": group.configuration["EngineVersion"]}
            for group in self.local.work_groups.values()
        ]
        return self._page("WorkGroups", groups, 50)

    def update_work_group(self) -> str:
        self.local.update_work_group(
            self._get_param("WorkGroup"),
            self._get_param("Description"),
            self._get_param("ConfigurationUpdates") or {},
            self._get_param("State"),
        )
        return "{}"

    def delete_work_group(self) -> str:
        self.local.drop_work_group(
            self._get_param("WorkGroup"), recursive=bool(self._get_param("RecursiveDeleteOption"))
        )
        return "{}"

    def list_engine_versions(self) -> str:
        version = "Athena engine version 3"
        versions = [{"SelectedEngineVersion": name, "EffectiveEngineVersion": version} for name in ("AUTO", version)]
        return self._page("EngineVersions", versions, 10)


def _work_group(group: Any) -> dict[str, Any]:
    return {
        "Name": group.name,
        "State": group.state,
        "Description": group.description or "",
        "CreationTime": getattr(group, "created", 0.0),
    }
