"""The WSGI application: routes, sign-in, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from fake_metabase import cards, collections, dashboards, databases, permissions, sessions
from fake_metabase.answers import Refusal, answer
from fake_metabase.state import State

PUBLIC = {"/api/health", "/api/session/properties", "/api/session", "/api/setup"}
Handler = Callable[..., Any]
ROUTES: dict[str, Handler] = {
    "GET /api/health": sessions.health,
    "GET /api/session/properties": sessions.properties,
    "POST /api/session": sessions.log_in,
    "POST /api/setup": sessions.set_up,
    "GET /api/user/current": sessions.current_user,
    "GET /api/setting/<key>": sessions.get_setting,
    "PUT /api/setting/<key>": sessions.put_setting,
    "GET /api/database": databases.get_all,
    "POST /api/database": databases.post,
    "GET /api/database/<int:identifier>": databases.get,
    "PUT /api/database/<int:identifier>": databases.put,
    "POST /api/database/<int:identifier>/sync_schema": databases.sync_schema,
    "GET /api/database/<int:identifier>/metadata": databases.metadata,
    "PUT /api/table/<int:identifier>": databases.put_table,
    "PUT /api/field/<int:identifier>": databases.put_field,
    "GET /api/collection": collections.get_all,
    "POST /api/collection": collections.post,
    "GET /api/collection/trash": collections.trash,
    "GET /api/collection/graph": permissions.get_collection_graph,
    "PUT /api/collection/graph": permissions.put_collection_graph,
    "GET /api/collection/<int:identifier>": collections.get,
    "PUT /api/collection/<int:identifier>": collections.put,
    "GET /api/collection/<int:identifier>/items": collections.items,
    "GET /api/search": collections.search,
    "GET /api/permissions/group": permissions.get_groups,
    "POST /api/permissions/group": permissions.post_group,
    "GET /api/permissions/graph": permissions.get_data_graph,
    "PUT /api/permissions/graph": permissions.put_data_graph,
    "POST /api/card": cards.post,
    "GET /api/card/<identifier>": cards.get,
    "PUT /api/card/<int:identifier>": cards.put,
    "POST /api/card/<identifier>/query": cards.query,
    "POST /api/dashboard": dashboards.post,
    "GET /api/dashboard/<identifier>": dashboards.get,
    "PUT /api/dashboard/<int:identifier>": dashboards.put,
    "DELETE /api/dashboard/<int:identifier>": dashboards.delete,
    "POST /api/dashboard/<int:identifier>/copy": dashboards.copy,
    "POST /api/dashboard/<int:identifier>/dashcard/<int:dashcard>/card/<int:card>/query": dashboards.query,
}


class FakeMetabase:
    """The fake. ``watch`` receives every request with its body before it is answered."""

    def __init__(self, state: State, watch: Callable[[Request], None] | None = None) -> None:
        self.state, self._watch = state, watch
        self.map = Map(
            [Rule(path, methods=[method], endpoint=f"{method} {path}") for method, path in map(str.split, ROUTES)],
            strict_slashes=False,
        )

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        return self._answered(request)(environ, start_response)

    def _answered(self, request: Request) -> Response:
        if self._watch:
            self._watch(request)
        try:
            endpoint, arguments = self.map.bind_to_environ(request.environ).match()
            if self.state.initialising > 0:
                self.state.initialising -= 1
                raise Refusal(503, {"status": "initializing", "progress": 0.6})
            if request.path.rstrip("/") not in PUBLIC:
                sessions.check(self.state, request)
            body = json.loads(request.get_data() or b"{}") if request.method in ("POST", "PUT") else {}
            reply = ROUTES[endpoint](self.state, request, body, **arguments)
            if request.method != "GET":
                self.state.data["log"].append(f"{request.method} {request.path}")
                self.state.save()
        except Refusal as refusal:
            return answer(refusal.body, refusal.status)
        except HTTPException as error:
            return answer("API endpoint does not exist.", error.code or 404)
        return reply if isinstance(reply, Response) else answer(reply)
