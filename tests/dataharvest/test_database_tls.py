"""With a root certificate, no connection is made to a server that cannot prove its name."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dataharvest.database.session import Database
from estrela.errors import LoadError
from estrela.hooks.secret import Secret
from localaws import certificates

REFUSAL = b"E\x00\x00\x00\x19SFATAL\x00C28000\x00Mit asked\x00\x00"


@contextmanager
def server(certificate: Path | None) -> Iterator[int]:
    """A server that speaks PostgreSQL's protocol as far as its answer to the startup message: the error "it asked"."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()  # a refused client tries again with the secret as it is then
                    with connection, suppress(OSError):
                        answer(connection, certificate)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def answer(connection: socket.socket, certificate: Path | None) -> None:
    connection.recv(8)  # SSLRequest
    connection.sendall(b"S" if certificate else b"N")
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "server.pem", certificate / "server-key.pem")
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(1024)
            secure.sendall(REFUSAL)


def connect(port: int, root_certificate: str) -> str:
    """Return why a function cannot connect."""
    fields = {"username": "u", "password": "p", "host": "localhost", "port": port, "dbname": "d"}
    client: Any = SimpleNamespace(get_secret_value=lambda SecretId: {"SecretString": json.dumps(fields)})
    database = Database.from_secret(Secret(client, "database"), root_certificate)
    with pytest.raises(LoadError) as caught, database.transaction():
        pass
    return str(caught.value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("certificates")
    for name, host in (("right", "localhost"), ("renamed", "database.example"), ("foreign", "localhost")):
        certificates.ensure(made / name, [host])
    return made


@pytest.mark.parametrize(
    ("served", "reason"),
    [
        (None, "server does not support SSL, but SSL was required"),
        ("foreign", "certificate verify failed"),
        ("renamed", 'server certificate for "database.example" does not match host name "localhost"'),
        ("right", "it asked"),  # so far came the connection
    ],
)
def test_a_server_is_verified(folder: Path, served: str | None, reason: str) -> None:
    root = folder / (served if served in ("right", "renamed") else "right") / "ca.pem"
    with server(folder / served if served else None) as port:
        assert re.search(re.escape(reason), connect(port, str(root)))
