"""``python -m airflow_on_ecs.health scheduler``: check whether this container's component of Airflow is alive.

A component never checks another one. Otherwise ECS would replace all containers when the API server is down.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from airflow_on_ecs.start import airflow_environment

ALIVE_FILE = Path("/tmp/worker-alive")  # noqa: S108 - a volume of the container, which nobody else has
ALIVE_SECONDS = 60.0
TIMEOUT_SECONDS = 10.0


def answers(url: str) -> bool:
    """Return whether a server in this container answers with status 200."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - a fixed address
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError):
        return False


def is_fresh(path: Path, now: float) -> bool:
    """Return whether the worker touched ``path`` within the last minute."""
    return path.exists() and now - path.stat().st_mtime < ALIVE_SECONDS


def has_live_job(kind: str) -> bool:
    """Return whether Airflow's database has a recent heartbeat of this container's job.

    Used for components without a server.
    """
    command = ["airflow", "jobs", "check", "--job-type", kind, "--local"]
    return subprocess.run(command, env=airflow_environment(os.environ), check=False).returncode == 0


CHECKS: Mapping[str, Callable[[], bool]] = {
    "api-server": lambda: answers("http://127.0.0.1:8080/api/v2/version"),
    "scheduler": lambda: answers("http://127.0.0.1:8974/health"),
    "dag-processor": lambda: has_live_job("DagProcessorJob"),
    "triggerer": lambda: has_live_job("TriggererJob"),
    "worker": lambda: is_fresh(ALIVE_FILE, time.time()),
}


def main(part: str) -> int:
    """Return exit status 0 if the component is alive, else 1."""
    return 0 if CHECKS[part]() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
