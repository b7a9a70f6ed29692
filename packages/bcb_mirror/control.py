"""The control requests under ``/_mirror``: faults, the request log, and the publication of the ranking."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from bcb_mirror.errors import MirrorError
from bcb_mirror.faults import FaultBook, fault_of
from bcb_mirror.publication import Publication
from bcb_mirror.quarters import quarter_of
from bcb_mirror.request_log import RequestLog

PREFIX = "/_mirror/"


@dataclass(frozen=True)
class Controls:
    """State of a mirror that can be read and changed while it serves."""

    publication: Publication
    faults: FaultBook
    requests: RequestLog


def answer(controls: Controls, request: Request) -> Response:
    """Answer a control request: 200 with JSON, 400 with ``{"error": text}``, 404 with the available requests."""
    key = f"{request.method} /{request.path.removeprefix(PREFIX)}"
    action = _ACTIONS.get(key)
    if not action:
        return _json(404, {"error": f"there is no {key}; there are {', '.join(_ACTIONS)}"})
    try:
        return _json(200, action(controls, _body(request)))
    except MirrorError as error:
        return _json(400, {"error": str(error)})


def _body(request: Request) -> Any:
    if request.method != "POST" or not (data := request.get_data()):
        return {}
    try:
        return json.loads(data)
    except ValueError as error:
        raise MirrorError(f"the body is not JSON: {error}") from error


def _add_fault(controls: Controls, body: Any) -> object:
    controls.faults.add(fault_of(body))
    return controls.faults.listed()


def _clear_faults(controls: Controls, _: Any) -> object:
    controls.faults.clear()
    return []


def _clear_requests(controls: Controls, _: Any) -> object:
    controls.requests.clear()
    return controls.requests.listed()


def _quarters(controls: Controls) -> object:
    return {"quarters": [str(quarter) for quarter in controls.publication.quarters()]}


def _publish_next(controls: Controls, _: Any) -> object:
    controls.publication.publish_next()
    return _quarters(controls)


def _correct(controls: Controls, body: Any) -> object:
    seed = body.get("seed", 0) if isinstance(body, dict) else 0
    if not isinstance(seed, int):
        raise MirrorError(f"seed is {seed!r}, and must be a whole number")
    controls.publication.correct(quarter_of(_text(body, "quarter")), seed)
    return _quarters(controls)


def _damage(controls: Controls, body: Any) -> object:
    controls.publication.damage(quarter_of(_text(body, "quarter")), _text(body, "kind"))
    return _quarters(controls)


def _withhold(controls: Controls, body: Any) -> object:
    controls.publication.withhold(quarter_of(_text(body, "quarter")))
    return _quarters(controls)


def _restore(controls: Controls, body: Any) -> object:
    controls.publication.restore(quarter_of(_text(body, "quarter")))
    return _quarters(controls)


def _text(body: Any, name: str) -> str:
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, str):
        raise MirrorError(f"the body must be a JSON object with the text {name!r}")
    return value


def _json(status: int, content: object) -> Response:
    return Response(json.dumps(content, ensure_ascii=False), status, content_type="application/json")


_ACTIONS: Mapping[str, Callable[[Controls, Any], object]] = {
    "GET /faults": lambda controls, _: controls.faults.listed(),
    "POST /faults": _add_fault,
    "DELETE /faults": _clear_faults,
    "GET /requests": lambda controls, _: controls.requests.listed(),
    "DELETE /requests": _clear_requests,
    "GET /quarters": lambda controls, _: _quarters(controls),
    "POST /publish-next": _publish_next,
    "POST /correct": _correct,
    "POST /damage": _damage,
    "POST /withhold": _withhold,
    "POST /restore": _restore,
}
