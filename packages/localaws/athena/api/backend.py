"""The Athena backend that moto serves: its workgroups and saved queries."""

from __future__ import annotations

from datetime import datetime
from types import ModuleType
from typing import Any, ClassVar

from moto.athena.models import AthenaBackend, NamedQuery, PreparedStatement, WorkGroup

from localaws.athena.errors import InvalidRequestError

PRIMARY = "primary"
_UPDATABLE = (
    "EnforceWorkGroupConfiguration",
    "PublishCloudWatchMetricsEnabled",
    "BytesScannedCutoffPerQuery",
    "RequesterPaysEnabled",
    "EngineVersion",
    "AdditionalConfiguration",
    "ExecutionRole",
    "CustomerContentEncryptionConfiguration",
    "EnableMinimumEncryptionConfiguration",
)


class LocalAthenaBackend(AthenaBackend):
    """moto's backend, with workgroups that can be changed and prepared statements that belong to a workgroup."""

    urls: ClassVar[ModuleType]

    @property
    def _url_module(self) -> ModuleType:
        return self.urls

    def work_group(self, name: str) -> WorkGroup:
        """Return a workgroup; raise InvalidRequestError if it does not exist."""
        group = self.work_groups.get(name or PRIMARY)
        if group is None:
            raise InvalidRequestError(f"WorkGroup {name} is not found.")
        return group

    def update_work_group(self, name: str, description: str | None, updates: dict[str, Any], state: str | None) -> None:
        group = self.work_group(name)
        configuration = group.configuration
        configuration.update({key: updates[key] for key in _UPDATABLE if key in updates})
        if managed := updates.get("ManagedQueryResultsConfigurationUpdates"):
            kept = {key: value for key, value in managed.items() if not key.startswith("Remove")}
            configuration["ManagedQueryResultsConfiguration"] = (
                configuration.get("ManagedQueryResultsConfiguration") or {}
            ) | kept
        if updates.get("RemoveBytesScannedCutoffPerQuery"):
            configuration.pop("BytesScannedCutoffPerQuery", None)
        result = configuration.setdefault("ResultConfiguration", {})
        for key, value in (updates.get("ResultConfigurationUpdates") or {}).items():
            if not key.startswith("Remove"):
                result[key] = value
            elif value:
                result.pop(key.removeprefix("Remove"), None)
        group.description = group.description if description is None else description
        group.state = state or group.state

    def drop_work_group(self, name: str, *, recursive: bool) -> None:
        self.work_group(name)
        if name == PRIMARY:
            raise InvalidRequestError("The primary workgroup can not be deleted.")
        statements = self.statements_of(name)
        queries = [query for query in self.named_queries.values() if query.workgroup.name == name]
        if (statements or queries) and not recursive:
            raise InvalidRequestError(f"WorkGroup {name} is not empty")
        for statement in statements:
            del self.prepared_statements[_key(name, statement.statement_name)]
        for query in queries:
            del self.named_queries[query.id]
        self.delete_work_group(name)

    def create_capacity_reservation(self, name: str, target_dpus: int, tags: list[dict[str, str]] | None) -> None:
        """Create a reservation; moto's own method fails if the optional tags are missing."""
        super().create_capacity_reservation(name, target_dpus, tags or [])

    def named_query(self, query_id: str) -> NamedQuery:
        """Return a named query; raise InvalidRequestError if the ID is unknown."""
        query = self.named_queries.get(query_id)
        if query is None:
            raise InvalidRequestError(f"NamedQuery {query_id} was not found")
        return query

    def put_statement(self, workgroup: str, name: str, query: str, description: str | None) -> None:
        """Store a prepared statement under its workgroup and name."""
        self.work_group(workgroup)
        statement = PreparedStatement(name, workgroup, query, description or "")
        statement.last_modified_time = datetime.now()
        self.prepared_statements[_key(workgroup, name)] = statement

    def statement(self, workgroup: str, name: str) -> PreparedStatement | None:
        return self.prepared_statements.get(_key(workgroup, name))

    def delete_statement(self, workgroup: str, name: str) -> bool:
        """Delete a prepared statement; return whether it existed."""
        return self.prepared_statements.pop(_key(workgroup, name), None) is not None

    def statements_of(self, workgroup: str) -> list[PreparedStatement]:
        return [s for s in self.prepared_statements.values() if s.workgroup == workgroup]


def _key(workgroup: str, name: str) -> str:
    return f"{workgroup}/{name}"
