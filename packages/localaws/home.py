"""The home folder, which contains the whole state of a server, and the lock that one server at a time has on it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from localaws.errors import HomeInUseError, HomeNotWritableError

LOCK_DEADLINE = 1.0
"""Seconds to wait for the lock: :meth:`Home.is_locked` in another process takes it for a moment."""


@dataclass(frozen=True)
class ServerRecord:
    """Content of ``server.json`` about the running server."""

    pid: int
    endpoint: str
    region: str


class Home:
    """The folders of one home.

    - ``s3/<bucket>/<key>``: objects; ``meta/``: their metadata
    - ``state/``: pickled moto state
    - ``runs/<run id>/``: Glue runs
    - ``queries/``: Athena's history
    - ``redshift/``: its PostgreSQL, statements and results
    - ``airflow.json``: environments of Amazon MWAA
    - ``functions/``: Lambda's functions, their code and events; created with the first function
    - ``tmp/``: on the same file system, so that a rename out of it is atomic
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.s3 = self.root / "s3"
        self.meta = self.root / "meta"
        self.state = self.root / "state"
        self.runs = self.root / "runs"
        self.queries = self.root / "queries"
        self.airflow = self.root / "airflow.json"
        self.functions = self.root / "functions"
        self.redshift = self.root / "redshift"
        self.tmp = self.root / "tmp"
        self.log = self.root / "server.log"
        self.record_file = self.root / "server.json"
        self._lock: IO[str] | None = None

    def acquire(self) -> None:
        """Create the folders and take the lock. Raises HomeNotWritableError or HomeInUseError."""
        try:
            for folder in (self.s3, self.meta, self.state, self.runs, self.queries, self.tmp):
                folder.mkdir(parents=True, exist_ok=True)
            lock = (self.root / "lock").open("a")
            deadline = time.monotonic() + LOCK_DEADLINE
            while not _take(lock, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    lock.close()
                    raise HomeInUseError(self.root, self._owner())
                time.sleep(0.01)
        except OSError as error:
            raise HomeNotWritableError(self.root, error.strerror or str(error)) from error
        self._lock = lock

    def acquire_and_release(self) -> None:
        """Take the lock and release it, to raise the errors of :meth:`acquire` before another process is started."""
        self.acquire()
        self.release()

    def release(self) -> None:
        self.record_file.unlink(missing_ok=True)
        if self._lock:
            self._lock.close()
            self._lock = None

    def write_record(self, record: ServerRecord) -> None:
        replace_file(self.record_file, json.dumps(asdict(record)).encode())

    def read_record(self) -> ServerRecord | None:
        """Return the record of the running server, or None if no server has the lock of this home."""
        if not self.is_locked():
            return None
        try:
            return ServerRecord(**json.loads(self.record_file.read_text()))
        except FileNotFoundError:
            return None

    def is_locked(self) -> bool:
        try:
            with (self.root / "lock").open() as lock:
                return not _take(lock, fcntl.LOCK_SH)
        except FileNotFoundError:
            return False
        except OSError:
            return True

    def _owner(self) -> str:
        record = self.read_record()
        return f"the server with pid {record.pid} at {record.endpoint}" if record else "another server"


def _take(lock: IO[str], kind: int) -> bool:
    """Take ``lock``, LOCK_EX or LOCK_SH, until its file is closed; return False if another one prevents that."""
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def replace_file(path: Path, data: bytes) -> None:
    """Write ``data`` atomically: a reader sees either the old or the new bytes."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
