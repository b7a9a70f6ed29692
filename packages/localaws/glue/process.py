"""A run's processes as the server sees them: a supervisor and its child, the worker that runs the script."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localaws.glue.job_process.supervisor import MARKER, kill_run

_HERE = Path(__file__).parent
_SUPERVISOR = _HERE / "job_process" / "supervisor.py"
_WORKER = _HERE / "job_process" / "worker.py"
_SHIM = _HERE / "shim"
_STOP_DEADLINE = 30.0
_LONGEST_FAILURE = 16384


class JobProcess:
    """The processes of one run in ``folder``: they write ``output.log`` and ``error.log``, and work in ``work``.

    ``kind`` is ``cold``, ``warm`` or ``archive``: see ``job_process/worker.py``.
    """

    def __init__(self, run_id: str, folder: Path, kind: str, environment: Mapping[str, str]) -> None:
        self.run_id = run_id
        self.folder = folder
        (folder / "work").mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(_SUPERVISOR), run_id, sys.executable, str(_WORKER), kind]
        with self.output.open("ab") as output, self.error.open("ab") as error:
            self._supervisor = subprocess.Popen(
                command,
                cwd=folder / "work",
                env={**environment, MARKER: run_id},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=error,
                start_new_session=True,
            )

    @property
    def output(self) -> Path:
        return self.folder / "output.log"

    @property
    def error(self) -> Path:
        return self.folder / "error.log"

    @property
    def failure(self) -> Path:
        return self.folder / "failure.json"

    @property
    def alive(self) -> bool:
        return self._supervisor.poll() is None

    def resident(self) -> int | None:
        """Resident memory, in bytes, of a warm process that is ready for its order; None before."""
        try:
            return int(json.loads((self.folder / "ready").read_text())["resident"])
        except FileNotFoundError:
            return None

    def order(self, order: Mapping[str, Any]) -> None:
        """Send the order to the worker; see ``job_process/worker.py``. Raises OSError if the disk is full."""
        # Reserve space for the reason of a failure now, so that a job that fills the disk can still report it.
        self.failure.with_suffix(".partial").write_bytes(b" " * _LONGEST_FAILURE)
        self._send(json.dumps({**order, "failure": str(self.failure)}).encode() + b"\n")

    def wait(self, seconds: float) -> int | None:
        """The worker's exit status, or 128 + n for signal n; None if it still runs after ``seconds``."""
        try:
            status = self._supervisor.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        if status < 0:  # the supervisor itself was killed: what it watched over is still there
            kill_run(self.run_id)
            return 128 - status
        return status

    def stop(self) -> None:
        """End the run's whole process tree."""
        self._send(b"stop\n")
        if self.wait(_STOP_DEADLINE) is None:
            self._supervisor.kill()
            self.wait(_STOP_DEADLINE)
        kill_run(self.run_id)

    def failure_message(self, status: int) -> str:
        """Return why the worker ended with ``status``: the script's exception, or the meaning of the status."""
        try:
            return str(json.loads(self.failure.read_text())["message"])
        except FileNotFoundError:
            killed = f" (killed by signal {status - 128})" if status > 128 else ""
            return f"Command failed with exit code {status}{killed}"

    def _send(self, line: bytes) -> None:
        assert self._supervisor.stdin is not None
        try:
            self._supervisor.stdin.write(line)
            self._supervisor.stdin.flush()
        except BrokenPipeError:
            # The process ended by itself: its exit status is the only information.
            return


def caller(role: str) -> str:
    """The access key ID of a run with ``role``: the role's name, so that a log of calls shows the caller."""
    return re.sub(r"[^\w+=,.@-]", "-", role)[:128] or "localaws"


def environment(endpoint: str, region: str, folder: Path) -> dict[str, str]:
    """The environment of a job's process: of the server's own variables it gets only HOME, JAVA_HOME and PATH."""
    kept = {name: os.environ[name] for name in ("HOME", "JAVA_HOME") if name in os.environ}
    return kept | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": str(_SHIM),
        "PYTHONUNBUFFERED": "1",
        "PYSPARK_PYTHON": sys.executable,
        # Not SPARK_CONF_DIR: that folder is part of the class path, which would then differ from the class archive's.
        "PYSPARK_SUBMIT_ARGS": f"--properties-file {shlex.quote(str(folder / 'spark.conf'))} pyspark-shell",
        "SPARK_LOCAL_DIRS": str(folder / "spark"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "localaws",
        "AWS_SECRET_ACCESS_KEY": "localaws",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
