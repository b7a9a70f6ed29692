"""Connections of Glue: moto can neither change nor delete them, and does not show their type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.glue.exceptions import AlreadyExistsException, EntityNotFoundException, InvalidInputException
from moto.glue.models import GlueBackend

_PASSWORD = "PASSWORD"  # noqa: S105 - the name of a property


@dataclass
class Connection:
    """A connection as CreateConnection or UpdateConnection defined it, with Glue's field names."""

    definition: dict[str, Any]
    creation_time: datetime = field(default_factory=lambda: datetime.now(UTC))
    last_updated_time: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def connection_input(self) -> dict[str, Any]:
        """The definition, in the form that moto's GetConnections filters."""
        return self.definition

    def as_dict(self, hide_password: bool = False) -> dict[str, Any]:
        """The connection as GetConnection shows it."""
        properties = dict(self.definition.get("ConnectionProperties") or {})
        if hide_password:
            properties.pop(_PASSWORD, None)
        return {
            **self.definition,
            "ConnectionProperties": properties,
            "CreationTime": self.creation_time,
            "LastUpdatedTime": self.last_updated_time,
            "Status": "READY",
        }


class ConnectionOperations(GlueBackend):
    """The operations of a Glue backend on connections. They are only stored: localaws opens no network connection."""

    def create_connection(self, catalog_id: str, connection_input: dict[str, Any], tags: dict[str, str] | None) -> str:
        """CreateConnection; raise InvalidInputException or AlreadyExistsException."""
        name = _name_in(connection_input, "CreateConnection")
        if name in self.connections:
            raise AlreadyExistsException(f"Connection {name} already exists")
        self.connections[name] = Connection(dict(connection_input))
        self.tag_resource(self._connection_arn(name), tags)
        return "READY"

    def update_connection(self, name: str, connection_input: Mapping[str, Any]) -> None:
        """UpdateConnection: the input replaces the definition; raise EntityNotFoundException."""
        known = self.connections.get(name)
        if known is None:
            raise EntityNotFoundException(f"Connection {name} not found")
        _name_in(connection_input, "UpdateConnection")
        self.connections[name] = Connection({**connection_input, "Name": name}, known.creation_time)

    def delete_connection(self, name: str) -> None:
        """DeleteConnection; raise EntityNotFoundException."""
        if self.connections.pop(name, None) is None:
            raise EntityNotFoundException(f"Connection {name} not found")
        self.tagger.delete_all_tags_for_resource(self._connection_arn(name))

    def _connection_arn(self, name: str) -> str:
        return f"arn:{self.partition}:glue:{self.region_name}:{self.account_id}:connection/{name}"


def _name_in(connection_input: Mapping[str, Any], operation: str) -> str:
    for required in ("Name", "ConnectionType"):
        if not connection_input.get(required):
            raise InvalidInputException(operation, f"{required} should not be empty or null")
    return str(connection_input["Name"])
