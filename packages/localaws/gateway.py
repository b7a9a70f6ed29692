"""Requests as clients send them: headers with their own names, and targets with the host of a service.

WSGI maps ``x-amz-meta-a_b`` and ``x-amz-meta-a-b`` to the same key; S3 distinguishes them. Clients put a prefix before
the host for some operations, such as ``api.`` for Amazon MWAA; before an address that is no host name. A client whose
HTTP proxy is this server sends such a request here, with the absolute form of its target (RFC 9112, section 3.2.2).
"""

from __future__ import annotations

from typing import Any

from cheroot.server import HTTPConnection, HTTPRequest
from cheroot.wsgi import Gateway_10

HEADERS = "localaws.headers"


class OriginalHeadersGateway(Gateway_10):
    """Adds ``environ["localaws.headers"]``: a dict of lower-case names to values, latin-1 decoded."""

    def get_environ(self) -> Any:
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        environ[HEADERS] = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.req.inheaders.items()
        }
        return environ


class AnyTargetRequest(HTTPRequest):
    """A request whose target may have the absolute form, as it has for a proxy."""

    def __init__(self, server: Any, conn: Any) -> None:
        super().__init__(server, conn, proxy_mode=True)


class AnyTargetConnection(HTTPConnection):
    """A connection with such requests."""

    RequestHandlerClass = AnyTargetRequest
