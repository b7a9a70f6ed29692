"""Files on an FTPS server, read as streams.

Servers such as vsftpd refuse data connections that do not resume the TLS session of the control connection, which
``ftplib`` does not do by itself.
"""

from __future__ import annotations

import ftplib
import io
import socket
import ssl
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from estrela.errors import ExtractError, SourceRejectedError, SourceUnavailableError, bounded
from estrela.hooks.chunk_stream import ChunkStream
from estrela.hooks.secret import Secret

LOST = (OSError, EOFError, ftplib.error_temp)
"""Connection errors, and FTP errors that the server declares temporary."""
ATTEMPTS = 3
NOT_IMPLEMENTED = ("500", "501", "502", "504")
"""Reply codes of a server that does not support a command or its option."""


@dataclass(frozen=True)
class FtpsServer:
    """Address and login of a server. ``is_implicit`` means TLS from the first byte, usually on port 990.

    ``authority`` is the PEM certificate of the authority that signed the server's certificate, "" for public
    authorities. ``newest_tls`` limits the version of TLS. ``timeout``, in seconds, applies to each socket operation.
    """

    host: str
    user: str
    password: str = field(repr=False)
    port: int = 21
    is_implicit: bool = False
    authority: str = ""
    newest_tls: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
    timeout: float = 30.0

    @classmethod
    def from_secret(cls, secret: Secret) -> FtpsServer:
        """Read host, username, password, and optionally port, implicit (``true``) and authority from a secret.

        Raises SettingsError if the secret cannot be read or lacks a field.
        """
        host, user, password = map(secret.field, ("host", "username", "password"))
        given = secret.fields()
        is_implicit = given.get("implicit", "").lower() == "true"
        port = int(given.get("port") or (990 if is_implicit else 21))
        return cls(host, user, password, port, is_implicit, given.get("authority", ""))

    def context(self) -> ssl.SSLContext:
        """Return a TLS context that verifies the certificate and the host name."""
        context = ssl.create_default_context(cadata=self.authority or None)
        context.maximum_version = self.newest_tls
        return context


@dataclass(frozen=True)
class FtpsFile:
    """A file in a folder, as the server lists it."""

    path: str
    size: int
    modified: datetime

    @property
    def name(self) -> str:
        """Name without the folder."""
        return self.path.rpartition("/")[2]


class _Connection(ftplib.FTP_TLS):
    """A control connection whose data connections resume its TLS session."""

    is_implicit = False

    def connect_to(self, server: FtpsServer) -> None:
        """Connect and log in, and encrypt data connections."""
        self.is_implicit = server.is_implicit
        self.connect(server.host, server.port, server.timeout)
        self.login(server.user, server.password)
        self.prot_p()

    def connect(self, host: str = "", port: int = 0, timeout: float = -999, source_address: object = None) -> str:
        if not self.is_implicit:
            return super().connect(host, port, timeout)
        self.host, self.port, self.timeout = host, port, timeout
        plain = socket.create_connection((host, port), timeout)
        self.af = plain.family
        self.sock = self.context.wrap_socket(plain, server_hostname=host)
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        plain, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321 - wrapped in TLS below
        session = cast(ssl.SSLSocket, self.sock).session
        return self.context.wrap_socket(plain, server_hostname=self.host, session=session), size


@dataclass(frozen=True)
class FtpsHook:
    """Lists and reads the files of one server; never deletes. ``source`` names the server in errors.

    Raises SourceUnavailableError if the server may answer later, SourceRejectedError if it refuses.
    """

    server: FtpsServer
    source: str

    def files(self, folder: str) -> list[FtpsFile]:
        """Return the files of ``folder``, sorted by name."""
        with self._connected() as connection:
            try:
                listed = list(connection.mlsd(folder, ["type", "size", "modify"]))
            except ftplib.error_perm as error:
                if not str(error).startswith(NOT_IMPLEMENTED):
                    raise
                return sorted(_looked_up(connection, folder), key=lambda file: file.path)
        files = [(name, facts) for name, facts in listed if facts.get("type") == "file"]
        return [
            FtpsFile(f"{folder}/{name}", int(facts["size"]), _time(facts["modify"])) for name, facts in sorted(files)
        ]

    def read(self, file: FtpsFile) -> io.RawIOBase:
        """Return the content as a stream; after a lost connection, reading resumes at the same byte."""
        return FtpsStream(self, file)

    @contextmanager
    def _connected(self) -> Iterator[_Connection]:
        with (
            self.faults(),
            closing(_Connection(context=self.server.context(), timeout=self.server.timeout)) as connection,
        ):
            connection.connect_to(self.server)
            yield connection
            with suppress(*LOST, ftplib.Error):
                connection.quit()

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Convert errors of the server and the connection to an ExtractError."""
        try:
            yield
        except ftplib.error_perm as error:
            raise SourceRejectedError(self.source, bounded(error), status=int(str(error)[:3])) from error
        except ssl.SSLCertVerificationError as error:
            raise ExtractError(self.source, f"its certificate is not trusted: {error.verify_message}") from error
        except (*LOST, ftplib.Error) as error:
            raise SourceUnavailableError(self.source, f"{type(error).__name__}: {bounded(error)}") from error

    @contextmanager
    def transfer(self, path: str, offset: int) -> Iterator[socket.socket]:
        """Open the data connection of ``path``, starting at byte ``offset``."""
        with self._connected() as connection:
            connection.voidcmd("TYPE I")
            with closing(connection.transfercmd(f"RETR {path}", offset or None)) as data:
                yield data


class FtpsStream(ChunkStream):
    """The content of one file. Reads raise an ExtractError if fewer bytes arrive than the server listed."""

    def __init__(self, hook: FtpsHook, file: FtpsFile) -> None:
        self._hook, self._file, self._place = hook, file, 0
        super().__init__(self._content())

    def _content(self) -> Generator[bytes, None, None]:
        for attempt in range(ATTEMPTS):
            try:
                yield from self._part()
            except SourceUnavailableError:
                if attempt == ATTEMPTS - 1:
                    raise
            if self._place >= self._file.size:
                return
        problem = f"{self._file.path} ended after {self._place:,} of {self._file.size:,} bytes, {ATTEMPTS} times"
        raise SourceUnavailableError(self._hook.source, problem)

    def _part(self) -> Iterator[bytes]:
        """Yield the bytes that one connection delivers."""
        with self._hook.transfer(self._file.path, self._place) as data:
            while chunk := _received(data):
                self._place += len(chunk)
                yield chunk


def _received(data: socket.socket) -> bytes:
    """Return the next bytes; b"" at the end, even if the server ends TLS without a close_notify."""
    try:
        return data.recv(1 << 16)
    except ssl.SSLEOFError:
        return b""


def _looked_up(connection: ftplib.FTP, folder: str) -> Iterator[FtpsFile]:
    """Yield the files of a server that lists only names, with size and time requested for each."""
    for name in connection.nlst(folder):
        path = f"{folder}/{name.rpartition('/')[2]}"
        try:
            connection.voidcmd("TYPE I")
            size = connection.size(path)
            modified = connection.voidcmd(f"MDTM {path}").partition(" ")[2]
        except ftplib.error_perm:
            continue  # a folder has no size
        yield FtpsFile(path, size or 0, _time(modified))


def _time(text: str) -> datetime:
    return datetime.strptime(text.partition(".")[0].strip(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
