"""With a root certificate, no connection is made to a server that cannot prove its identity."""

from __future__ import annotations

import json
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
from estrela.hooks.database import DatabaseManager
from estrela.hooks.database_role import RoleRotation
from estrela.hooks.secret import Secret
from estrela.model.feed_origin import DatabaseTable
from estrela.model.feeds import feeds
from estrela.warehouse_parts import WarehouseParts
from localaws import certificates

REFUSAL = b"E\x00\x00\x00\x19SFATAL\x00C28000\x00Mit asked\x00\x00"


@contextmanager
def server(certificate: Path | None) -> Iterator[int]:
    """A server that speaks PostgreSQL's protocol as far as its answer to the startup message, the error "it asked"."""
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


def secrets_of(port: int, **more: str) -> Any:
    """Return a Secrets Manager with the login of one database."""
    fields = {"username": "u", "password": "p", "host": "localhost", "port": port, "dbname": "d", **more}
    return SimpleNamespace(get_secret_value=lambda **_: {"SecretString": json.dumps(fields)})


def connect(port: int, root_certificate: str) -> str:
    """Return the reason why a function cannot connect."""
    database = Database.from_secret(Secret(secrets_of(port), "database"), root_certificate)
    with pytest.raises(LoadError) as caught, database.transaction():
        pass
    return str(caught.value)


def rotate(port: int) -> str:
    """Return the reason why the function that rotates the passwords of roles cannot connect."""
    with pytest.raises(LoadError) as caught:
        RoleRotation(secrets_of(port), "master").run("testSecret", "role", "version")
    return str(caught.value)


def manage(port: int, root_certificate: str = "", **fields: str) -> str:
    """Return the reason why functions and runs of the feeds cannot connect."""
    manager = DatabaseManager.from_secret(Secret(secrets_of(port, **fields), "database"), root_certificate)
    with pytest.raises(LoadError) as caught:
        manager.query("SELECT 1")
    return str(caught.value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("certificates")
    for name, host in (("right", "localhost"), ("renamed", "database.example"), ("foreign", "localhost")):
        certificates.ensure(root / name, [host])
    return root


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
        assert [reason in words for words in (connect(port, str(root)), manage(port, str(root)))] == [True] * 2


def test_a_secret_may_bring_the_authority_of_its_server(folder: Path) -> None:
    own, other = folder / "foreign" / "ca.pem", folder / "right" / "ca.pem"
    with server(folder / "foreign") as port:
        assert "it asked" in manage(port, str(other), authority=own.read_text())
        assert "certificate verify failed" in manage(port, str(own), authority=other.read_text())


@pytest.mark.parametrize(("served", "reason"), [("right", "it asked"), ("foreign", "certificate verify failed")])
def test_a_run_of_a_feed_verifies_the_warehouse_and_its_source(folder: Path, served: str, reason: str) -> None:
    given = {"ESTRELA_WAREHOUSE_SECRET": "warehouse", "ESTRELA_ROOT_CERTIFICATE": str(folder / "right" / "ca.pem")}
    origin = next(feed.origin for feed in feeds().values() if isinstance(feed.origin, DatabaseTable))
    with server(folder / served) as port:
        session: Any = SimpleNamespace(client=lambda _: secrets_of(port))
        parts = WarehouseParts(given, session)
        for database in (parts.database, parts.source(origin)):
            with pytest.raises(LoadError, match=reason):
                database.query("SELECT 1")


@pytest.mark.parametrize("served", ["right", "foreign"])
def test_the_environment_of_a_function_on_aws_has_every_connection_verified(
    folder: Path, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """terraform/modules/function sets the variable, so code that connects need not set it."""
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", str(folder / "right" / "ca.pem"))
    reason = "it asked" if served == "right" else "certificate verify failed"
    with server(folder / served) as port:
        assert [reason in words for words in (connect(port, ""), rotate(port), manage(port))] == [True] * 3
