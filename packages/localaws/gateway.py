"""Requests as clients send them: headers with their own names, and targets with the host of a service; whole answers.

WSGI maps ``x-amz-meta-a_b`` and ``x-amz-meta-a-b`` to the same key; S3 distinguishes them. Clients put a prefix before
the host for some operations, such as ``api.`` for Amazon MWAA; before an address that is no host name. A client whose
HTTP proxy is this server sends such a request here, with the absolute form of its target (RFC 9112, section 3.2.2).

An answer's headers are sent together with the first part of its body. AWS's SDK for Go closes a connection whose answer
begins before it has seen the end of its own request, as happens on a busy machine. It then reads no more than has
arrived, takes the answer for lost and sends the request again, so that what it creates already exists.

The thread that answered a request waits a moment for the next one of its connection. Most clients send several in a
row; the selector's thread would have to be woken for each, and would have to wake another one.
"""

from __future__ import annotations

import io
import select
import socket
import threading
from typing import Any

from cheroot.server import HTTPConnection, HTTPRequest
from cheroot.wsgi import Gateway_10

HEADERS = "localaws.headers"
WAITING_CONNECTIONS = 64
"""Threads that may wait for a next request at the same time."""
_WAIT_MILLISECONDS = 200
_waiting = threading.Semaphore(WAITING_CONNECTIONS)


class OriginalHeadersGateway(Gateway_10):
    """Adds ``environ["localaws.headers"]``: a dict of lower-case names to values, latin-1 decoded."""

    def get_environ(self) -> Any:
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        environ[HEADERS] = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.req.inheaders.items()
        }
        return environ


class RequestReader(io.BufferedReader):
    """The requests of a connection. cheroot has a class for this, on top of Python's slow version of ``io``."""

    def __init__(self, sock: socket.socket, size: int) -> None:
        self._source = _Source(sock, "rb")
        super().__init__(self._source, size)

    def has_data(self) -> bool:
        """Return whether a part of the next request is in the buffer."""
        self._source.is_paused = True
        try:
            return bool(self.peek(1))
        finally:
            self._source.is_paused = False


class _Source(socket.SocketIO):
    """A socket that gives nothing while it is paused."""

    is_paused = False

    def readinto(self, buffer: Any) -> int | None:
        return None if self.is_paused else super().readinto(buffer)


class AnswerWriter:
    """The answers of a connection; what is held is sent with what is written next."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self.held = b""

    def write(self, data: bytes) -> int:
        """Send what is held and these bytes. Raises OSError."""
        rest, self.held = memoryview(self.held + data), b""
        while rest:
            rest = rest[self._socket.send(rest) :]
        return len(data)


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

    def communicate(self) -> bool:
        """Answer requests until none has come for a moment; return whether the connection stays open."""
        while is_open := super().communicate():  # type: ignore[no-untyped-call]
            if not self._has_next():
                break
        return bool(is_open)

    def _has_next(self) -> bool:
        """Wait for the next request, unless too many threads do so."""
        if self.rfile.has_data():
            return True
        if not _waiting.acquire(blocking=False):
            return False
        try:
            poll = select.poll()
            poll.register(self.socket, select.POLLIN)
            return bool(poll.poll(_WAIT_MILLISECONDS))
        finally:
            _waiting.release()


def _file_of(sock: Any, mode: str, size: int) -> Any:
    return RequestReader(sock, size) if "r" in mode else AnswerWriter(sock)
