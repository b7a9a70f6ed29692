"""Lambda's Runtime API for one execution environment, on its own loopback port.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. The environment's process requests one invocation after
another and posts their results.
"""

from __future__ import annotations

import queue
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from socketserver import BaseServer

_PREFIX = "/2018-06-01/runtime"


@dataclass(frozen=True)
class Invocation:
    """One invocation as the runtime receives it; ``deadline`` is in milliseconds since the epoch."""

    request_id: str
    payload: bytes
    arn: str
    deadline: int
    client_context: str = ""

    def headers(self) -> dict[str, str]:
        """Return the headers of the HTTP response that contains the invocation."""
        trace = f"Root=1-{self.deadline // 1000:08x}-{self.request_id.replace('-', '')[:24]};Sampled=0"
        context = {"Lambda-Runtime-Client-Context": self.client_context} if self.client_context else {}
        return {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(self.deadline),
            "Lambda-Runtime-Invoked-Function-Arn": self.arn,
            "Lambda-Runtime-Trace-Id": trace,
            **context,
        }


@dataclass(frozen=True)
class Report:
    """A message of the process: ``kind`` is ``ready``, ``response``, ``error`` or ``init error``."""

    kind: str
    body: bytes = b""


class RuntimeApi:
    """The server; ``reports`` are the messages of the process, in order."""

    def __init__(self) -> None:
        self.reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self._invocations: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self._current = ""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, name="runtime API", daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port, for AWS_LAMBDA_RUNTIME_API."""
        host, port = self._socket.getsockname()
        return f"{host}:{port}"

    def offer(self, invocation: Invocation) -> None:
        """Pass the next invocation to the process."""
        self._current = invocation.request_id
        self._invocations.put(invocation)

    def next_invocation(self) -> Invocation | None:
        """Wait for an invocation; None at the end of the environment. The first call means that the runtime is up."""
        self.reports.put(Report("ready"))
        return self._invocations.get()

    def take(self, path: str, body: bytes) -> bool:
        """Accept a report of the process; return False for a path that the API does not have."""
        if path == f"{_PREFIX}/init/error":
            self.reports.put(Report("init error", body))
            return True
        for kind in ("response", "error"):
            if path == f"{_PREFIX}/invocation/{self._current}/{kind}":
                self.reports.put(Report(kind, body))
                return True
        return False

    def close(self) -> None:
        """End the server."""
        self._invocations.put(None)
        for opened in [self._socket, *self._connections]:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, address = self._socket.accept()
            except OSError:  # closed
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.append(connection)
            threading.Thread(target=_serve, args=(self, connection, address), daemon=True).start()


def _serve(api: RuntimeApi, connection: socket.socket, address: Any) -> None:
    with suppress(OSError, ValueError):  # the process was killed, or the server closed
        _Handler(connection, address, cast("BaseServer", api))
    with suppress(OSError):
        connection.close()


class _Handler(BaseHTTPRequestHandler):
    """One connection. An answer is sent in one write: TCP's delayed acknowledgement would add 40 ms to a second."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: Any  # the RuntimeApi

    def do_GET(self) -> None:
        if self.path != f"{_PREFIX}/invocation/next":
            self._send(404, {}, b"{}")
            return
        invocation = self.server.next_invocation()
        if invocation:
            self._send(200, invocation.headers(), invocation.payload)
        else:
            self.close_connection = True

    def do_POST(self) -> None:
        body = self._body()
        is_known = self.server.take(self.path, body)
        self._send(
            202 if is_known else 400, {}, b'{"status":"OK"}' if is_known else b'{"errorType":"InvalidRequestID"}'
        )

    def log_message(self, *_: Any) -> None:
        """Log nothing: the invocation is logged elsewhere."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
