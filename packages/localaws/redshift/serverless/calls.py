"""The operations on namespaces and workgroups.

https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from localaws.redshift.errors import ConflictError, ResourceNotFoundError, ValidationError
from localaws.redshift.json_app import Handler
from localaws.redshift.serverless.store import ServerlessStore

DEFAULT_DATABASE, DEFAULT_USER = "dev", "admin"
_SECRET = frozenset({"adminUserPassword"})
REFUSED = {
    "manageAdminPassword": "managed administrator passwords",
    "adminPasswordSecretKmsKeyId": "managed administrator passwords",
    "redshiftIdcApplicationArn": "IAM Identity Center",
}
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


class ServerlessCalls:
    """Each operation takes account, region and request, and returns the response."""

    def __init__(self, store: ServerlessStore) -> None:
        self._store = store

    def handlers(self) -> dict[str, Handler]:
        """By name of the operation."""
        return {
            "CreateNamespace": self.create_namespace,
            "GetNamespace": self.get_namespace,
            "UpdateNamespace": self.update_namespace,
            "DeleteNamespace": self.delete_namespace,
            "ListNamespaces": self.list_namespaces,
            "CreateWorkgroup": self.create_workgroup,
            "GetWorkgroup": self.get_workgroup,
            "UpdateWorkgroup": self.update_workgroup,
            "DeleteWorkgroup": self.delete_workgroup,
            "ListWorkgroups": self.list_workgroups,
            "TagResource": self.tag_resource,
            "UntagResource": self.untag_resource,
            "ListTagsForResource": self.list_tags_for_resource,
        }

    def create_namespace(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        _refuse(request)
        name, key = request["namespaceName"], _key(account, region, request["namespaceName"])
        identity = str(uuid.uuid4())
        document = {
            "namespaceName": name,
            "namespaceId": identity,
            "namespaceArn": f"arn:aws:redshift-serverless:{region}:{account}:namespace/{identity}",
            "dbName": DEFAULT_DATABASE,
            "adminUsername": DEFAULT_USER,
            "iamRoles": [],
            "logExports": [],
            "kmsKeyId": "AWS_OWNED_KMS_KEY",
            "status": "AVAILABLE",
            "creationDate": time.time(),
        }
        document |= {field: value for field, value in request.items() if field not in _SECRET | {"tags"}}
        with self._store.changing() as documents:
            if key in documents["namespaces"]:
                raise ConflictError(f"Namespace {name} already exists.")
            documents["namespaces"][key] = document
            documents["passwords"][key] = request.get("adminUserPassword", "")
            documents["tags"][document["namespaceArn"]] = request.get("tags", [])
        return {"namespace": document}

    def get_namespace(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        return {"namespace": self._found("namespaces", account, region, request["namespaceName"])}

    def update_namespace(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        _refuse(request)
        key = _key(account, region, request["namespaceName"])
        self._found("namespaces", account, region, request["namespaceName"])
        with self._store.changing() as documents:
            changed = {field: value for field, value in request.items() if field not in _SECRET}
            documents["namespaces"][key] |= changed
            if "adminUserPassword" in request:
                documents["passwords"][key] = request["adminUserPassword"]
            return {"namespace": documents["namespaces"][key]}

    def delete_namespace(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        name = request["namespaceName"]
        if "finalSnapshotName" in request:
            raise ValidationError("localaws does not support finalSnapshotName.")
        document = self._found("namespaces", account, region, name)
        workgroups = self._of("workgroups", account, region)
        if any(workgroup["namespaceName"] == name for workgroup in workgroups):
            raise ConflictError(f"There is a workgroup associated with namespace {name}. Delete the workgroup first.")
        with self._store.changing() as documents:
            for kind in ("namespaces", "passwords"):
                documents[kind].pop(_key(account, region, name), None)
            documents["tags"].pop(document["namespaceArn"], None)
        return {"namespace": document | {"status": "DELETING"}}

    def list_namespaces(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        return _page("namespaces", self._of("namespaces", account, region), request)

    def create_workgroup(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        name, key = request["workgroupName"], _key(account, region, request["workgroupName"])
        self._found("namespaces", account, region, request["namespaceName"])
        identity = str(uuid.uuid4())
        document = _WORKGROUP_DEFAULTS | {field: value for field, value in request.items() if field != "tags"}
        document |= {
            "workgroupId": identity,
            "workgroupArn": f"arn:aws:redshift-serverless:{region}:{account}:workgroup/{identity}",
            "status": "AVAILABLE",
            "creationDate": time.time(),
            "endpoint": _endpoint(name, account, region, document["port"]),
        }
        with self._store.changing() as documents:
            if key in documents["workgroups"]:
                raise ConflictError(f"Workgroup {name} already exists.")
            documents["workgroups"][key] = document
            documents["tags"][document["workgroupArn"]] = request.get("tags", [])
        return {"workgroup": document}

    def get_workgroup(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        return {"workgroup": self._found("workgroups", account, region, request["workgroupName"])}

    def update_workgroup(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        name = request["workgroupName"]
        self._found("workgroups", account, region, name)
        with self._store.changing() as documents:
            document = documents["workgroups"][_key(account, region, name)]
            document |= request
            document["endpoint"] = _endpoint(name, account, region, document["port"])
            return {"workgroup": document}

    def delete_workgroup(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        document = self._found("workgroups", account, region, request["workgroupName"])
        with self._store.changing() as documents:
            documents["workgroups"].pop(_key(account, region, request["workgroupName"]))
            documents["tags"].pop(document["workgroupArn"], None)
        return {"workgroup": document | {"status": "DELETING"}}

    def list_workgroups(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        return _page("workgroups", self._of("workgroups", account, region), request)

    def tag_resource(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        with self._store.changing() as documents:
            tags = {tag["key"]: tag for tag in self._tags(documents["tags"], request["resourceArn"])}
            tags |= {tag["key"]: tag for tag in request["tags"]}
            documents["tags"][request["resourceArn"]] = list(tags.values())
        return {}

    def untag_resource(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        with self._store.changing() as documents:
            tags = self._tags(documents["tags"], request["resourceArn"])
            documents["tags"][request["resourceArn"]] = [tag for tag in tags if tag["key"] not in request["tagKeys"]]
        return {}

    def list_tags_for_resource(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        return {"tags": self._tags(self._store.read("tags"), request["resourceArn"])}

    @staticmethod
    def _tags(known: dict[str, Any], arn: str) -> list[dict[str, str]]:
        if arn not in known:
            raise ResourceNotFoundError(f"The resource {arn} does not exist.")
        tags: list[dict[str, str]] = known[arn]
        return tags

    def _of(self, kind: str, account: str, region: str) -> list[dict[str, Any]]:
        prefix = _key(account, region, "")
        return [document for key, document in self._store.read(kind).items() if key.startswith(prefix)]

    def _found(self, kind: str, account: str, region: str, name: str) -> dict[str, Any]:
        document: dict[str, Any] | None = self._store.read(kind).get(_key(account, region, name))
        if document is None:
            raise ResourceNotFoundError(f"{kind[:-1].title()} {name} does not exist.")
        return document


def _refuse(request: Mapping[str, Any]) -> None:
    for field, what in REFUSED.items():
        if request.get(field):
            raise ValidationError(f"localaws does not support {field}: there are no {what} here.")


def _key(account: str, region: str, name: str) -> str:
    return f"{account}/{region}/{name}"


def _endpoint(name: str, account: str, region: str, port: int) -> dict[str, Any]:
    address = f"{name}.{account}.{region}.redshift-serverless.amazonaws.com"
    return {"address": address, "port": port, "vpcEndpoints": []}


def _page(name: str, found: list[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    start = int(request.get("nextToken") or 0)
    end = start + int(request.get("maxResults") or 100)
    return {name: found[start:end]} | ({"nextToken": str(end)} if end < len(found) else {})
