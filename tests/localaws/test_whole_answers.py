"""An answer reaches its client at once: a client that stops to listen after the headers has the body too."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from cheroot import wsgi

from localaws.gateway import AnyTargetConnection, OriginalHeadersGateway

BODIES = {"/small": [b'{"a": 1}'], "/empty": [], "/parts": [b"", b"first", b"second"]}


def application(environ, start_response):  # type: ignore[no-untyped-def]
    body = BODIES[environ["PATH_INFO"]]
    length = [] if environ["PATH_INFO"] == "/parts" else [("Content-Length", str(sum(map(len, body))))]
    start_response("200 OK", [("X-Name", "value"), *length])
    return body


@pytest.fixture(scope="module")
def server() -> Iterator[wsgi.Server]:
    server = wsgi.Server(("127.0.0.1", 0), application)
    server.gateway = OriginalHeadersGateway
    server.prepare()
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("path", "packets"),
    [
        ("/small", [b'{"a": 1}']),
        ("/empty", [b""]),
        ("/parts", [b"5\r\nfirst\r\n", b"6\r\nsecond\r\n", b"0\r\n\r\n"]),
    ],
)
def test_headers_are_sent_together_with_the_body(server: wsgi.Server, path: str, packets: list[bytes]) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        theirs.settimeout(10)
        connection = AnyTargetConnection(server, theirs)
        assert connection.communicate()
        ours.settimeout(10)
        first = ours.recv(1 << 16)
        head, _, body = first.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\nX-Name: value\r\n")
        assert [body, *(ours.recv(1 << 16) for _ in packets[1:])] == packets
