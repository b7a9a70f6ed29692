"""The operations on workgroups: each takes account, region and request, and returns the response.

https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from localaws.redshift.errors import ConflictError
from localaws.redshift.json_app import Handler
from localaws.redshift.serverless.documents import document_of, documents_of, key_of, now, page
from localaws.redshift.serverless.store import ServerlessStore

_WORKGROUP_DEFAULTS: dict[str, Any] = {
    "baseCapacity": 128,
    "enhancedVpcRouting": False,
    "publiclyAccessible": False,
    "port": 5439,
    "securityGroupIds": [],
    "subnetIds": [],
    "configParameters": [],
    "ipAddressType": "ipv4",
    "trackName": "current",
}


class WorkgroupCalls:
    """The operations on workgroups: CreateWorkgroup and others."""

    def __init__(self, store: ServerlessStore) -> None:
        self._store = store

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers by the name of their operation."""
        return {
            "CreateWorkgroup": self.create_workgroup,
            "GetWorkgroup": self.get_workgroup,
            "UpdateWorkgroup": self.update_workgroup,
            "DeleteWorkgroup": self.delete_workgroup,
            "ListWorkgroups": self.list_workgroups,
        }

    def create_workgroup(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        name, key = request["workgroupName"], key_of(account, region, request["workgroupName"])
        document_of(self._store, "namespaces", account, region, request["namespaceName"])
        identity = str(uuid.uuid4())
        document = _WORKGROUP_DEFAULTS | {field: value for field, value in request.items() if field != "tags"}
        document |= {
            "workgroupId": identity,
            "workgroupArn": f"arn:aws:redshift-serverless:{region}:{account}:workgroup/{identity}",
            "status": "AVAILABLE",
            "creationDate": now(),
            "endpoint": _endpoint(name, account, region, document["port"]),
        }
        with self._store.changing() as documents:
            if key in documents["workgroups"]:
                raise ConflictError(f"Workgroup {name} already exists.")
            documents["workgroups"][key] = document
            documents["tags"][document["workgroupArn"]] = request.get("tags", [])
        return {"workgroup": document}

    def get_workgroup(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        return {"workgroup": document_of(self._store, "workgroups", account, region, request["workgroupName"])}

    def update_workgroup(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        name = request["workgroupName"]
        document_of(self._store, "workgroups", account, region, name)
        with self._store.changing() as documents:
            document = documents["workgroups"][key_of(account, region, name)]
            document |= request
            document["endpoint"] = _endpoint(name, account, region, document["port"])
            return {"workgroup": document}

    def delete_workgroup(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        document = document_of(self._store, "workgroups", account, region, request["workgroupName"])
        with self._store.changing() as documents:
            documents["workgroups"].pop(key_of(account, region, request["workgroupName"]))
            documents["tags"].pop(document["workgroupArn"], None)
        return {"workgroup": document | {"status": "DELETING"}}

    def list_workgroups(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        return page("workgroups", documents_of(self._store, "workgroups", account, region), request)


def _endpoint(name: str, account: str, region: str, port: int) -> dict[str, Any]:
    address = f"{name}.{account}.{region}.redshift-serverless.amazonaws.com"
    return {"address": address, "port": port, "vpcEndpoints": []}
