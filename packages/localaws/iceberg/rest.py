"""The Iceberg REST catalog: https://github.com/apache/iceberg/blob/main/open-api/rest-catalog-open-api.yaml."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pyiceberg.exceptions import NoSuchViewError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from localaws.iceberg.namespaces import Namespaces
from localaws.iceberg.rest_call import Answer, Call
from localaws.iceberg.rest_errors import HANDLED, error_response
from localaws.iceberg.rest_namespaces import NamespaceCalls
from localaws.iceberg.rest_tables import TableCalls
from localaws.iceberg.tables import IcebergTables

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOUNT = "/iceberg"
CATALOGS = "/v1/catalogs/"

Handler = Callable[[Call], Answer]
Routes = dict[tuple[str, str], Handler]


class RestCatalog:
    """The WSGI application over the Iceberg tables of one Glue catalog.

    A path may have the prefix ``catalogs/<name>``, as in AWS Glue's own REST catalog. The name is the account, or the
    warehouse (``s3://bucket/prefix``) that the client requested, in which new tables are then created.
    """

    def __init__(self, tables: IcebergTables) -> None:
        self._catalog = tables.catalog
        self._handlers = self._routes(tables)
        rules = [Rule(path, methods=[method], endpoint=(method, path)) for method, path in self._handlers]
        self._map = Map(rules, merge_slashes=False)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        try:
            status, body = self._answer(request)
        except HTTPException as error:
            status, body = error.code or 404, _not_a_path(request, error.code or 404)
        except HANDLED as error:
            status, body = error_response(error)
        data = b"" if body is None else json.dumps(body).encode()
        return Response(data, status, content_type="application/json")(environ, start_response)

    def _answer(self, request: Request) -> Answer:
        path, warehouse = request.path.removeprefix(MOUNT), None
        if path.startswith(CATALOGS):
            catalog, _, rest = path.removeprefix(CATALOGS).partition("/")
            path, warehouse = f"/v1/{rest}", _warehouse(catalog)
        (method, rule), names = self._map.bind("").match(path, method=request.method)
        # The router matches HEAD to the rule of GET; some paths have their own handler for HEAD.
        handler = self._handlers.get((request.method, rule)) or self._handlers[(method, rule)]
        return handler(Call(request, names, warehouse))

    def _routes(self, tables: IcebergTables) -> Routes:
        namespaces = Namespaces(tables.catalog)
        return {
            ("GET", "/v1/config"): self._config,
            ("POST", "/v1/oauth/tokens"): _token,
            **_namespace_routes(NamespaceCalls(namespaces)),
            **_table_routes(TableCalls(tables, namespaces)),
        }

    def _config(self, call: Call) -> Answer:
        warehouse = call.request.args.get("warehouse", "")
        defaults = {
            "s3.endpoint": call.request.host_url.rstrip("/"),
            "s3.path-style-access": "true",
            "s3.access-key-id": "localaws",
            "s3.secret-access-key": "localaws",
            "s3.region": self._catalog.region,
        }
        name = _encoded(warehouse) if warehouse.startswith("s3") and "://" in warehouse else self._catalog.account
        return 200, {"defaults": defaults, "overrides": {"prefix": f"catalogs/{name}"}, "endpoints": self._offered()}

    def _offered(self) -> list[str]:
        """Return the calls that clients may make. Those on views are left out, because views do not exist here."""
        paths = [
            (method, path)
            for method, path in self._handlers
            if path.startswith(("/v1/namespaces", "/v1/tables", "/v1/transactions"))
        ]
        return [f"{method} {_templated(path)}" for method, path in paths if "views" not in path]


def _namespace_routes(calls: NamespaceCalls) -> Routes:
    every, namespace = "/v1/namespaces", "/v1/namespaces/<namespace>"
    return {
        ("GET", every): calls.list_all,
        ("POST", every): calls.create,
        ("GET", namespace): calls.load,
        ("HEAD", namespace): calls.exists,
        ("DELETE", namespace): calls.drop,
        ("POST", f"{namespace}/properties"): calls.update,
    }


def _table_routes(calls: TableCalls) -> Routes:
    namespace = "/v1/namespaces/<namespace>"
    every, table = f"{namespace}/tables", f"{namespace}/tables/<table>"
    return {
        ("GET", every): calls.list_all,
        ("POST", every): calls.create,
        ("POST", f"{namespace}/register"): calls.register,
        ("GET", table): calls.load,
        ("HEAD", table): calls.exists,
        ("POST", table): calls.commit,
        ("DELETE", table): calls.drop,
        ("POST", f"{table}/metrics"): calls.report_metrics,
        ("POST", "/v1/tables/rename"): calls.rename,
        ("POST", "/v1/transactions/commit"): calls.commit_several,
        ("GET", f"{namespace}/views"): calls.list_views,
        **{(method, f"{namespace}/views/<view>"): _no_view for method in ("GET", "HEAD", "DELETE")},
    }


def _templated(path: str) -> str:
    return path.replace("/v1/", "/v1/{prefix}/").replace("<", "{").replace(">", "}")


def _token(call: Call) -> Answer:
    """Return a token to every client: the server is the developer's own."""
    kind = "urn:ietf:params:oauth:token-type:access_token"
    return 200, {"access_token": "localaws", "token_type": "bearer", "issued_token_type": kind, "expires_in": 86400}


def _no_view(call: Call) -> Answer:
    raise NoSuchViewError(f"View does not exist: {call.namespace}.{call.names['view']}")


def _not_a_path(request: Request, code: int) -> dict[str, object]:
    message = f"{request.method} {request.path[:300]} is not an operation of this catalog"
    return {"error": {"message": message, "type": "UnsupportedOperationException", "code": code}}


def _encoded(warehouse: str) -> str:
    return "w-" + base64.urlsafe_b64encode(warehouse.encode()).decode().rstrip("=")


def _warehouse(catalog: str) -> str | None:
    if not catalog.startswith("w-"):
        return None
    try:
        return base64.urlsafe_b64decode(catalog[2:] + "==").decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(f"catalog {catalog[:100]!r} is not one of GET /v1/config's prefixes") from error
