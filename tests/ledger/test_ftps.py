"""FtpsHook with a real FTPS server, and a feed whose files are on it."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from ledger_warehouse import Warehouse
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import TLS_FTPHandler
from pyftpdlib.servers import FTPServer

from estrela.cli import main
from estrela.errors import ExtractError, SourceRejectedError, SourceUnavailableError
from estrela.etl.extractors import ftps_extractor
from estrela.hooks.ftps import FtpsHook, FtpsServer
from localaws.running import Running

RATES = "Banco\nCotações\nData;Moeda;Taxa\n01/11/2026;USD;5,4321\n01/11/2026;JPY;1.000,5\n"


def certificate(folder: Path) -> Path:
    """Write a key and a self-signed certificate for 127.0.0.1 into one file."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ftps of tests")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


class Share:
    """An FTPS server on a folder. ``handler`` is a separate class, so that a test may change it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "share"
        (self.folder / "out" / "rates" / "old").mkdir(parents=True)
        pem = certificate(folder)
        self.authority = pem.read_text()[pem.read_text().index("-----BEGIN CERTIFICATE") :]
        authorizer = DummyAuthorizer()
        authorizer.add_user("estrela", "secret", str(self.folder), perm="elr")
        facts = {
            "certfile": str(pem),
            "authorizer": authorizer,
            "tls_control_required": True,
            "tls_data_required": True,
        }
        self.handler: Any = type("Handler", (TLS_FTPHandler,), facts)
        self._server = FTPServer(("127.0.0.1", 0), self.handler)
        self.port = self._server.socket.getsockname()[1]
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._is_over.is_set():
            self._server.serve_forever(timeout=0.05, blocking=False)

    def close(self) -> None:
        self._is_over.set()
        self._thread.join()
        self._server.close_all()

    @property
    def server(self) -> FtpsServer:
        return FtpsServer("127.0.0.1", "estrela", "secret", self.port, authority=self.authority, timeout=30)

    @property
    def hook(self) -> FtpsHook:
        return FtpsHook(self.server, "rates")


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Share]:
    ftps_share = Share(tmp_path)
    yield ftps_share
    ftps_share.close()


def test_files_are_listed_and_read_over_resumed_sessions(share: Share) -> None:
    content = os.urandom(3_000_000)
    path = share.folder / "out" / "rates" / "a.bin"
    path.write_bytes(content)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    (file,) = share.hook.files("/out/rates")
    assert (file.name, file.size, file.modified) == ("a.bin", 3_000_000, datetime.fromtimestamp(1_700_000_000, UTC))
    with share.hook.read(file) as stream:
        assert stream.read() == content
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        hook = FtpsHook(replace(share.server, newest_tls=version), "rates")
        with hook.transfer(file.path, 2_999_990) as data:
            assert data.session_reused  # type: ignore[attr-defined]
            assert data.recv(100) == content[-10:]


VSFTPD = """
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
anonymous_enable=YES
no_anon_password=YES
local_enable=NO
anon_root={root}
secure_chroot_dir={empty}
seccomp_sandbox=NO
ssl_enable=YES
allow_anon_ssl=YES
force_anon_logins_ssl=YES
force_anon_data_ssl=YES
require_ssl_reuse=YES
ssl_ciphers=HIGH
rsa_cert_file={pem}
"""


@pytest.fixture
def vsftpd() -> Iterator[tuple[FtpsServer, Path]]:
    """Start a vsftpd that requires TLS session reuse; yield it and its folder."""
    program = shutil.which("vsftpd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None or os.geteuid() != 0:
        pytest.skip("session reuse is NOT tested against vsftpd: it needs root and Debian's package vsftpd")
    with tempfile.TemporaryDirectory(prefix="vsftpd-") as name, socket.socket() as probe:
        folder = Path(name)
        for place in (folder, folder / "root", folder / "root" / "out", folder / "empty"):
            place.mkdir(mode=0o755, exist_ok=True)
            place.chmod(0o755)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        pem, settings = certificate(folder), folder / "vsftpd.conf"
        settings.write_text(VSFTPD.format(port=port, root=folder / "root", empty=folder / "empty", pem=pem).lstrip())
        child = subprocess.Popen([program, str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(port)
            authority = pem.read_text()[pem.read_text().index("-----BEGIN CERTIFICATE") :]
            yield FtpsServer("127.0.0.1", "anonymous", "x", port, authority=authority), folder / "root"
        finally:
            child.terminate()
            child.wait(10)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail("vsftpd did not start")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_vsftpd_that_requires_session_reuse(vsftpd: tuple[FtpsServer, Path], version: ssl.TLSVersion) -> None:
    server, folder = vsftpd
    content = os.urandom(500_000)
    for name in ("a.bin", "b.bin", "c.bin"):
        (folder / "out" / name).write_bytes(content)
    hook = FtpsHook(replace(server, newest_tls=version), "rates")
    files = hook.files("/out")
    assert [(listed.name, listed.size) for listed in files] == [
        ("a.bin", 500_000),
        ("b.bin", 500_000),
        ("c.bin", 500_000),
    ]
    for file in files:
        with hook.read(file) as stream:
            assert stream.read() == content


def test_a_server_without_mlsd(share: Share) -> None:
    (share.folder / "out" / "rates" / "a.txt").write_bytes(b"12345")
    del_mlsd = {name: facts for name, facts in share.handler.proto_cmds.items() if name != "MLSD"}
    share.handler.proto_cmds = del_mlsd
    assert [(file.path, file.size) for file in share.hook.files("/out/rates")] == [("/out/rates/a.txt", 5)]


def test_a_transfer_that_breaks_is_resumed(share: Share) -> None:
    (share.folder / "out" / "rates" / "a.txt").write_bytes(b"0123456789")
    (file,) = share.hook.files("/out/rates")
    with share.hook.read(replace(file, size=20)) as stream, pytest.raises(SourceUnavailableError) as caught:
        stream.read()
    assert str(caught.value) == "rates: /out/rates/a.txt ended after 10 of 20 bytes, 3 times"


def test_errors_say_whether_to_try_again(share: Share) -> None:
    with pytest.raises(SourceRejectedError, match=r"^rates: 530 Authentication failed") as refused:
        FtpsHook(replace(share.server, password="x"), "rates").files("/out/rates")
    assert refused.value.status == 530
    with pytest.raises(
        ExtractError, match=r"^rates: its certificate is not trusted: self.signed certificate"
    ) as caught:
        FtpsHook(replace(share.server, authority=""), "rates").files("/out/rates")
    assert not caught.value.retriable
    assert "secret" not in repr(share.server)
    port = share.port
    share.close()
    with pytest.raises(SourceUnavailableError):
        FtpsHook(replace(share.server, port=port), "rates").files("/out/rates")


def test_a_feed_comes_from_a_share(
    warehouse: Warehouse,
    aws: Running,
    share: Share,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = warehouse.database.engine.url.render_as_string(hide_password=False)
    places = {
        "ESTRELA_WAREHOUSE_URL": url,
        "ESTRELA_LANDING": warehouse.bucket,
        "ESTRELA_ARCHIVE": f"{warehouse.bucket}-archive",
    }
    for name, value in {**aws.env, **places}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(ftps_extractor.time, "sleep", lambda _: None)
    server = share.server
    fields = {"host": server.host, "username": server.user, "password": server.password, "port": server.port,
              "authority": server.authority}  # fmt: skip
    aws.client("secretsmanager").create_secret(Name="estrela/ftps/backoffice", SecretString=json.dumps(fields))
    file = share.folder / "out" / "rates" / "rates_20261101.csv"
    file.write_text(RATES)
    (file.parent / "rates_20261102.csv.part").write_text("not yet")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    for copied in (1, 0):
        assert main(["ledger", "load", "--feed", "exchange_rates"]) == 0
        assert f"extract: files registered {copied}, files {copied}\n" in capsys.readouterr().out
    rows = warehouse.query(
        "SELECT currency, CAST(rate AS text) AS rate, source_line FROM warehouse.exchange_rates ORDER BY 3"
    )
    assert rows == [("USD", "5.432100", 4), ("JPY", "1000.500000", 5)]
