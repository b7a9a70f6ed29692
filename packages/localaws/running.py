"""A server in its own process for the length of a ``with`` block, for tests."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import boto3

from localaws.errors import HomeNotWritableError, StartError
from localaws.home import Home, ServerRecord

START_DEADLINE = 90.0
STOP_DEADLINE = 20.0
_creation = Lock()
"""Threads may share a session, but it may create only one client at a time."""


@dataclass(frozen=True)
class Running:
    """A running server: its ``endpoint``, ``region``, ``home`` folder and process id."""

    endpoint: str
    region: str
    home: Path
    pid: int

    @property
    def env(self) -> dict[str, str]:
        """Return the variables that make boto3, awswrangler, PyAthena and the AWS command line use this server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "localaws",
            "AWS_SECRET_ACCESS_KEY": "localaws",
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
        }

    @property
    def command(self) -> str:
        """The command that runs the AWS command line with this server, in a shell without these variables."""
        return f"AWS_ACCESS_KEY_ID=localaws AWS_SECRET_ACCESS_KEY=localaws aws --endpoint-url {self.endpoint}"

    def wait_until_warm(self, processes: int, seconds: float = 300.0) -> None:
        """Return once ``processes`` Glue processes wait for a run. Raises StartError after ``seconds``."""
        deadline = time.monotonic() + seconds
        while len(list(Home(self.home).runs.glob("*/ready"))) < processes:
            if time.monotonic() > deadline:
                raise StartError(
                    f"fewer than {processes} warm processes within {seconds:.0f} s; see {Home(self.home).log}"
                )
            time.sleep(0.1)

    def session(self) -> boto3.session.Session:
        """Return a new boto3 session with the credentials of this server."""
        return boto3.session.Session("localaws", "localaws", region_name=self.region)

    def client(self, service: str, **options: Any) -> Any:
        """Return a boto3 client of ``service`` for this server. Threads may call this at the same time."""
        with _creation:
            return self._session.client(service, endpoint_url=self.endpoint, **options)  # type: ignore[call-overload]

    @cached_property
    def _session(self) -> boto3.session.Session:
        """The session of all clients, shared because each session takes 0.1 s to load botocore's data from files."""
        return self.session()


@contextmanager
def running(  # noqa: PLR0913
    home: Path | None = None,
    *,
    port: int = 0,
    warm: int = 0,
    region: str = "us-east-1",
    java_options: str = "",
    athena: str = "",
    trino: str = "",
    misdeliver: str = "",
    seed: int = 0,
) -> Iterator[Running]:
    """Start ``localaws up`` on a free port, yield it and stop it. Without ``home`` its state is deleted with the block.

    ``athena`` is ``duckdb`` or ``trino`` (default: LOCALAWS_ATHENA, else duckdb). ``trino`` is the URL of a running
    Trino; without it the server starts its own. ``misdeliver`` makes event delivery unreliable, as in
    ``duplicates=0.2,reorder,lose=0.01,delay=2s``; the same ``seed`` causes the same faults. ``java_options`` are the
    options of the JVMs of Glue runs (default: LOCALAWS_JAVA_OPTIONS).

    Raises StartError with the server's own message, or HomeNotWritableError.
    """
    with tempfile.TemporaryDirectory(prefix="localaws-") as temporary:
        folder = home or Path(temporary)
        options = {"port": port, "warm": warm, "region": region, "seed": seed}
        chosen = {"java-options": java_options, "athena": athena, "trino": trino, "misdeliver": misdeliver}
        options |= {name: value for name, value in chosen.items() if value}
        process = launch(folder, *[f"--{name}={value}" for name, value in options.items()])
        try:
            record = wait_until_ready(process, folder)
            yield Running(record.endpoint, record.region, folder, record.pid)
        finally:
            _stop(process)


def launch(home: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start a server process that writes its output to ``HOME/server.log`` and survives the caller's terminal.

    Raises HomeNotWritableError.
    """
    command = [sys.executable, "-m", "localaws", "up", "--foreground", "--home", str(home), *options]
    try:
        home.mkdir(parents=True, exist_ok=True)
        log = Home(home).log.open("wb")
    except OSError as error:
        raise HomeNotWritableError(home, error.strerror or str(error)) from error
    with log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def wait_until_ready(process: subprocess.Popen[bytes], home: Path) -> ServerRecord:
    """Wait until the server of ``process`` answers and return its record. Raises StartError with its output."""
    deadline = time.monotonic() + START_DEADLINE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StartError(Home(home).log.read_text(errors="replace").strip()[-2000:])
        record = Home(home).read_record()
        if record and record.pid == process.pid:
            return record
        time.sleep(0.02)
    _stop(process)
    raise StartError(f"no answer within {START_DEADLINE:.0f} s; see {Home(home).log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
