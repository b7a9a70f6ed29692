"""Composes Redshift: the Data API and Redshift Serverless of one server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from localaws.home import Home
from localaws.redshift.api.calls import Calls
from localaws.redshift.api.service import Service
from localaws.redshift.api.targets import Owner, Targets, Warehouse
from localaws.redshift.database import Databases
from localaws.redshift.json_app import json_application
from localaws.redshift.serverless.admin_secrets import AdminSecrets
from localaws.redshift.serverless.calls import handlers_of
from localaws.redshift.serverless.store import ServerlessStore
from localaws.s3.store import ObjectStore

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Redshift:
    """``data_api`` and ``serverless`` answer requests; PostgreSQL starts with the first statement.

    ``address`` is the URL of the user's own PostgreSQL; ``owner`` is the account, and the region of a request whose
    signature names none; ``save`` stores the state of a service of moto.
    """

    def __init__(
        self, home: Home, store: ObjectStore, address: str, owner: tuple[str, str], save: Callable[[str], None]
    ) -> None:
        self._serverless = ServerlessStore(home.redshift / "serverless.json")
        databases = Databases(home.redshift / "postgres", address)
        self._service = Service(home.redshift, databases, store, Targets(self._warehouse))
        self.data_api: WSGIApplication = json_application("redshift-data", Calls(self._service).handlers(), owner)
        handlers = handlers_of(self._serverless, AdminSecrets(save))
        self.serverless: WSGIApplication = json_application("redshift-serverless", handlers, owner)

    def stop(self) -> None:
        self._service.stop()

    def _warehouse(self, owner: Owner, workgroup: str) -> Warehouse | None:
        """Return the namespace of a workgroup, given by name or ARN."""
        prefix = f"{owner.account}/{owner.region}/"
        for key, document in self._serverless.read("workgroups").items():
            if key == f"{prefix}{workgroup}" or document["workgroupArn"] == workgroup:
                namespace_key = f"{prefix}{document['namespaceName']}"
                namespace = self._serverless.read("namespaces").get(namespace_key)
                if namespace:
                    password = self._serverless.read("passwords").get(namespace_key, "")
                    name = f"namespace/{namespace['namespaceId']}"
                    return Warehouse(name, namespace["dbName"], namespace["adminUsername"], password)
        return None
