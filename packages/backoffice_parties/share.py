"""An FTPS share: a real server (pyftpdlib) on a folder, with its own certificate."""

from __future__ import annotations

import ipaddress
import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import TLS_FTPHandler
from pyftpdlib.servers import FTPServer

LOOPBACK = "127.0.0.1"
USER = "estrela"


@dataclass(frozen=True)
class Share:
    """A running server on ``folder``: its port, the password of ``estrela``, and the certificate to trust (PEM)."""

    folder: Path
    port: int
    authority: str
    password: str = field(repr=False)

    @property
    def secret(self) -> dict[str, object]:
        """The fields of the secret with which Estrela connects to it."""
        place = {"host": LOOPBACK, "port": self.port, "authority": self.authority}
        return {**place, "username": USER, "password": self.password}


@contextmanager
def share(folder: Path) -> Iterator[Share]:
    """Serve ``folder/share`` for the duration of the block, on the loopback interface and a free port."""
    # Without a log handler, pyftpdlib prints a line for every command.
    quiet = logging.getLogger("pyftpdlib")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    root = folder / "share"
    root.mkdir(parents=True, exist_ok=True)
    pem = _certificate(folder)
    password, authorizer = secrets.token_hex(16), DummyAuthorizer()
    authorizer.add_user(USER, password, str(root), perm="elr")
    facts = {"certfile": str(pem), "authorizer": authorizer, "tls_control_required": True, "tls_data_required": True}
    handler: Any = type("Handler", (TLS_FTPHandler,), facts)
    server = FTPServer((LOOPBACK, 0), handler)
    is_over = threading.Event()

    def serve() -> None:
        while not is_over.is_set():
            server.ioloop.loop(timeout=0.05, blocking=False)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        text = pem.read_text()
        authority = text[text.index("-----BEGIN CERTIFICATE") :]
        yield Share(root, server.socket.getsockname()[1], authority, password)
    finally:
        is_over.set()
        thread.join()
        server.close_all()


def _certificate(folder: Path) -> Path:
    """Write a key and its certificate for the loopback address into one file that only its owner may read."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "FTPS share of a party")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(1))
        .not_valid_after(now + timedelta(30))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "share.pem"
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(*form) + certificate.public_bytes(serialization.Encoding.PEM))
    return path
