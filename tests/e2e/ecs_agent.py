"""A stand-in for the endpoint that the ECS agent provides in every container."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Agent(ThreadingHTTPServer):
    """Answers like the ECS agent, or with ``refusal`` if it is set."""

    refusal: dict[str, Any] | None = None

    def __init__(self, host: str) -> None:
        super().__init__((host, 0), Handler)
        self.host = host
        self.requests: list[tuple[str, dict[str, Any]]] = []

    @property
    def uri(self) -> str:
        return f"http://{self.host}:{self.server_port}/api/0123"


class Handler(BaseHTTPRequestHandler):
    server: Agent

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, body))
        answer = json.dumps(self.server.refusal or {"protection": body}).encode()
        self.send_response(400 if self.server.refusal and "error" in self.server.refusal else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def serving(host: str = "127.0.0.1") -> Iterator[Agent]:
    """Serve for the length of the block."""
    with Agent(host) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()
