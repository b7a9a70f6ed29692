"""Operation names of REST requests, which do not carry them: looked up in botocore's models."""

from __future__ import annotations

import re
from functools import cache

import botocore.session
from botocore.exceptions import UnknownServiceError

_PARAMETER = re.compile(r"\\{\w+\\}")
_GREEDY = re.compile(r"\\{\w+\\\+\\}")


def rest_operation(service: str, method: str, path: str) -> str:
    """Return the operation's name, or method and path if no model with the service's signing name has the operation."""
    for known, pattern, name in _routes(service):
        if known == method and pattern.fullmatch(path.rstrip("/") or "/"):
            return name
    return f"{method} {path[:200]}"


@cache
def _routes(service: str) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """Return method, path pattern and name of each operation, those with fewer path parameters first."""
    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return ()
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = re.escape(http["requestUri"].partition("?")[0].rstrip("/") or "/")
        pattern = _PARAMETER.sub("[^/]+", _GREEDY.sub(".+", path))
        routes.append((path.count("{"), http["method"], pattern, name))
    return tuple((method, re.compile(pattern), name) for _, method, pattern, name in sorted(routes))
