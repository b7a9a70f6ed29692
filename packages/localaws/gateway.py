"""Requests as clients send them: headers with their own names, and targets with the host of a service; whole answers.

WSGI maps ``x-amz-meta-a_b`` and ``x-amz-meta-a-b`` to the same key; S3 distinguishes them. Clients put a prefix before
the host for some operations, such as ``api.`` for Amazon MWAA; before an address that is no host name. A client whose
HTTP proxy is this server sends such a request here, with the absolute form of its target (RFC 9112, section 3.2.2).

An answer's headers are sent together with the first part of its body. AWS's SDK for Go closes a connection whose answer
begins before it has seen the end of its own request, as happens on a busy machine. It then reads no more than has
arrived, takes the answer for lost and sends the request again, so that what it creates already exists.
"""

from __future__ import annotations

import io
from typing import Any

from cheroot.makefile import StreamReader, StreamWriter
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


class AnswerWriter(StreamWriter):
    """The socket of a connection; what is held is sent with what is written next."""

    held = b""

    def write(self, data: Any, *_: Any) -> int:
        """Send what is held and these bytes."""
        held, self.held = self.held, b""
        return int(super().write(held + data))  # type: ignore[no-untyped-call]


class AnyTargetRequest(HTTPRequest):
    """A request whose target may have the absolute form, as it has for a proxy."""

    def __init__(self, server: Any, conn: Any) -> None:
        super().__init__(server, conn, proxy_mode=True)

    def send_headers(self) -> None:
        """Hold the headers until the body begins."""
        writer, self.conn.wfile = self.conn.wfile, io.BytesIO()
        try:
            super().send_headers()
            writer.held = self.conn.wfile.getvalue()
        finally:
            self.conn.wfile = writer

    def respond(self) -> None:
        """Answer; headers without a body are sent at the end."""
        super().respond()
        if self.conn.wfile.held:
            self.conn.wfile.write(b"")


class AnyTargetConnection(HTTPConnection):
    """A connection with such requests."""

    RequestHandlerClass = AnyTargetRequest

    def __init__(self, server: Any, sock: Any, makefile: Any = None) -> None:
        super().__init__(server, sock, _file_of)


def _file_of(sock: Any, mode: str, size: int) -> Any:
    return StreamReader(sock, mode, size) if "r" in mode else AnswerWriter(sock, mode, size)
