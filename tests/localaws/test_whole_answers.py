"""Connections: an answer arrives as a whole, and requests that follow each other are answered without a pause."""

from __future__ import annotations

import socket
import threading
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


def test_requests_that_follow_each_other_are_answered_by_one_thread(server: wsgi.Server) -> None:
    request = b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10)
        theirs.settimeout(10)
        stays_open: list[bool] = []
        connection = AnyTargetConnection(server, theirs)
        thread = threading.Thread(target=lambda: stays_open.append(connection.communicate()))
        thread.start()
        for at_once in (1, 1, 3):
            ours.sendall(request * at_once)
            answers = b""
            while answers.count(b'{"a": 1}') < at_once:
                answers += ours.recv(1 << 16)
        thread.join(10)
        assert stays_open == [True], "a pause gives the thread back, and leaves the connection open"


def test_an_answer_larger_than_the_buffers_of_the_socket_arrives(server: wsgi.Server) -> None:
    body = bytes(range(256)) * 40_000
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10)
        theirs.settimeout(10)
        writer = AnyTargetConnection(server, theirs).wfile
        writer.held = b"head"
        thread = threading.Thread(target=writer.write, args=(body,))
        thread.start()
        received = bytearray()
        while len(received) < len(body) + 4:
            received += ours.recv(1 << 20)
        thread.join(10)
        assert received == b"head" + body
