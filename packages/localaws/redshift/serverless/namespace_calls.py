"""The operations on namespaces: each takes account, region and request, and returns the response.

https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from localaws.redshift.errors import ConflictError, ValidationError
from localaws.redshift.json_app import Handler
from localaws.redshift.serverless.admin_secrets import MANAGED, PASSWORD, SECRET_ARN, SECRET_KEY, AdminSecrets, check
from localaws.redshift.serverless.documents import document_of, documents_of, key_of, now, page
from localaws.redshift.serverless.store import ServerlessStore

DEFAULT_DATABASE, DEFAULT_USER = "dev", "admin"
_SECRET = frozenset({PASSWORD, MANAGED})
_KEPT = ("adminUsername", SECRET_KEY)
"""Fields that a managed secret follows."""
REFUSED = {"redshiftIdcApplicationArn": "IAM Identity Center"}


class NamespaceCalls:
    """The operations on namespaces: CreateNamespace and others."""

    def __init__(self, store: ServerlessStore, secrets: AdminSecrets) -> None:
        self._store, self._secrets = store, secrets

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers by the name of their operation."""
        return {
            "CreateNamespace": self.create_namespace,
            "GetNamespace": self.get_namespace,
            "UpdateNamespace": self.update_namespace,
            "DeleteNamespace": self.delete_namespace,
            "ListNamespaces": self.list_namespaces,
        }

    def create_namespace(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        _refuse(request)
        managed = bool(request.get(MANAGED))
        check(request, managed=managed)
        name, key = request["namespaceName"], key_of(account, region, request["namespaceName"])
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
            "creationDate": now(),
        }
        document |= {field: value for field, value in request.items() if field not in _SECRET | {"tags"}}
        with self._store.changing() as documents:
            if key in documents["namespaces"]:
                raise ConflictError(f"Namespace {name} already exists.")
            documents["namespaces"][key] = document
            documents["passwords"][key] = request.get(PASSWORD, "")
            if managed:
                documents["passwords"][key] = self._manage(account, region, document)
            documents["tags"][document["namespaceArn"]] = request.get("tags", [])
        return {"namespace": document}

    def get_namespace(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        return {"namespace": document_of(self._store, "namespaces", account, region, request["namespaceName"])}

    def update_namespace(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        _refuse(request)
        key = key_of(account, region, request["namespaceName"])
        before = document_of(self._store, "namespaces", account, region, request["namespaceName"])
        managed = bool(request.get(MANAGED, SECRET_ARN in before))
        check(request, managed=managed)
        with self._store.changing() as documents:
            document = documents["namespaces"][key]
            document |= {field: value for field, value in request.items() if field not in _SECRET}
            if PASSWORD in request:
                documents["passwords"][key] = request[PASSWORD]
            if managed and (SECRET_ARN not in before or any(document.get(name) != before.get(name) for name in _KEPT)):
                documents["passwords"][key] = self._manage(account, region, document)
            elif not managed:
                document.pop(SECRET_ARN, None)
                document.pop(SECRET_KEY, None)
        if document.get(SECRET_ARN) != before.get(SECRET_ARN):
            self._secrets.delete(account, region, before)
        return {"namespace": document}

    def delete_namespace(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        name = request["namespaceName"]
        if "finalSnapshotName" in request:
            raise ValidationError("localaws does not support finalSnapshotName.")
        document = document_of(self._store, "namespaces", account, region, name)
        workgroups = documents_of(self._store, "workgroups", account, region)
        if any(workgroup["namespaceName"] == name for workgroup in workgroups):
            raise ConflictError(f"There is a workgroup associated with namespace {name}. Delete the workgroup first.")
        with self._store.changing() as documents:
            for kind in ("namespaces", "passwords"):
                documents[kind].pop(key_of(account, region, name), None)
            documents["tags"].pop(document["namespaceArn"], None)
        self._secrets.delete(account, region, document)
        return {"namespace": document | {"status": "DELETING"}}

    def list_namespaces(self, account: str, region: str, request: dict[str, Any]) -> Mapping[str, Any]:
        return page("namespaces", documents_of(self._store, "namespaces", account, region), request)

    def _manage(self, account: str, region: str, document: dict[str, Any]) -> str:
        """Create the secret of a namespace, name it in the document, and return the password."""
        document[SECRET_ARN], password = self._secrets.create(account, region, document, document.get(SECRET_KEY))
        return password


def _refuse(request: Mapping[str, Any]) -> None:
    for field, what in REFUSED.items():
        if request.get(field):
            raise ValidationError(f"localaws does not support {field}: there are no {what} here.")
