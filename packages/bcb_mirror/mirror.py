"""The application: routes requests to answers, and applies faults."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from bcb_mirror import control, olinda, ranking
from bcb_mirror.errors import MirrorError
from bcb_mirror.faults import FaultBook
from bcb_mirror.misbehaviour import Exchange, error_page, faulty_response
from bcb_mirror.publication import Publication
from bcb_mirror.quarters import Quarter
from bcb_mirror.request_log import RequestLog
from bcb_mirror.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

RANKING_PATH = "/rdrweb/rest/ext/ranking"
OLINDA_PATH = "/olinda/servico"
# The Central Bank's site offers the list as a download without a stable URL, so this path is the mirror's own.
SEGMENTATION_PATH = "/content/estabilidadefinanceira/EnquadramentoInicia_v2.tsv"
HTTP_REQUEST = "bcb_mirror.request"

_ROUTES = Map(
    [
        Rule(RANKING_PATH, endpoint="catalogue", methods=["GET"]),
        Rule(f"{RANKING_PATH}/arquivo", endpoint="file", methods=["GET"]),
        Rule(f"{OLINDA_PATH}/<service>/versao/v1/odata/<path:call>", endpoint="olinda", methods=["GET"]),
        Rule(SEGMENTATION_PATH, endpoint="segmentation", methods=["GET"]),
    ],
    merge_slashes=False,
)


class Mirror:
    """The services over a world, with state that a test can change while they run.

    ``publication`` is the state of the ranking, ``paging`` the paging of the OData services, ``faults`` the simulated
    faults, ``requests`` the log of requests. The register (IF.data) answers 500, as reported of the real one, unless
    ``register`` is set.
    """

    def __init__(
        self, world: World, until: Quarter | None = None, withheld: Iterable[Quarter] = (), register: bool = False
    ) -> None:
        self.world, self.register = world, register
        self.publication = Publication(world, until, withheld)
        self.paging = olinda.Paging()
        self.faults = FaultBook()
        self.requests = RequestLog()
        self._controls = control.Controls(self.publication, self.faults, self.requests)
        self.stopping = Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as a WSGI application under cheroot, which puts its request into the environment."""
        request = Request(environ)
        if request.path.startswith(control.PREFIX):
            return control.answer(self._controls, request)(environ, start_response)
        query = unquote_plus(request.query_string.decode("latin-1"))
        target = f"{request.path}?{query}" if query else request.path
        fault = self.faults.take(target)
        self.requests.add(request.method, target, fault.kind if fault else None)
        if not fault:
            return self.respond(request)(environ, start_response)
        exchange = Exchange(lambda: self.respond(request), self._pause, environ[HTTP_REQUEST])
        return faulty_response(fault, exchange)(environ, start_response)

    def respond(self, request: Request) -> Response:
        """Return the correct answer to a request of one of the services."""
        try:
            endpoint, values = _ROUTES.bind_to_environ(request.environ).match()
            return self._answers(endpoint, request, values)
        except HTTPException as error:
            return error_page(error.code or 500)
        except MirrorError as error:
            return Response(json.dumps({"mirror": str(error)}), 500, content_type="application/json")

    def _answers(self, endpoint: str, request: Request, values: Mapping[str, Any]) -> Response:
        if endpoint == "catalogue":
            return ranking.catalogue(self.publication)
        if endpoint == "file":
            return ranking.file(self.publication, request.args)
        if endpoint == "segmentation":
            return self._segmentation()
        if values["service"] == olinda.REGISTER and not self.register:
            return error_page(500)
        return olinda.answer(self.world, values["service"], values["call"], request.args, self.paging, request.base_url)

    def _segmentation(self) -> Response:
        content = self.world.segmentation()
        return error_page(404) if content is None else Response(content, content_type="text/tab-separated-values")

    def _pause(self, seconds: float) -> None:
        self.stopping.wait(seconds)
