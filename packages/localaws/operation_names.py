"""Names of operations of REST protocols, which requests do not carry: from botocore's models."""

from __future__ import annotations

import re
from functools import cache

import botocore.session
from botocore.exceptions import UnknownServiceError

_PARAMETER = re.compile(r"\\{\w+\\}")
_GREEDY = re.compile(r"\\{\w+\\\+\\}")


def rest_operation(service: str, method: str, path: str) -> str:
    """Return the operation's name, or method and path where no model of the service's signing name has it."""
    for known, pattern, name in _routes(service):
        if known == method and pattern.fullmatch(path.rstrip("/") or "/"):
            return name
    return f"{method} {path[:200]}"


@cache
def _routes(service: str) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """Return method, pattern of the path, and name of each operation; paths with fewer parameters first."""
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
