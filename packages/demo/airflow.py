"""A real Airflow on this machine: metadata database, scheduler, DAG processor and API server."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from demo.processes import process

READY_SECONDS = 300.0
"""Longest wait for Airflow to start or to read a DAG; on a busy machine it takes minutes."""
READS_AGAIN = Retry(
    total=4, backoff_factor=0.2, status_forcelist=(502, 503, 504), allowed_methods=("GET",), raise_on_status=False
)
"""A busy server may not answer in time; a request that only reads is sent again."""
SERVICES = ("api-server", "dag-processor", "scheduler")


class AirflowError(Exception):
    """A request to Airflow failed; the message names the log to read."""


@dataclass(frozen=True)
class Task:
    """One task of a DAG run: its state and its wall time in seconds, None before it has ended."""

    name: str
    state: str
    seconds: float | None
    started: str | None


@dataclass(frozen=True)
class Airflow:
    """A running Airflow, accessed through its REST API."""

    url: str
    home: Path
    token: str

    def wait_for_dag(self, dag_id: str) -> None:
        """Wait until the DAG processor has read the DAG; raise AirflowError with its import errors."""
        deadline = time.monotonic() + READY_SECONDS
        while self._call("GET", f"/dags?dag_id_pattern={dag_id}")["total_entries"] == 0:
            errors = self._call("GET", "/importErrors")["import_errors"]
            if errors:
                raise AirflowError(f"DAG file {errors[0]['filename']} cannot be imported: {errors[0]['stack_trace']}")
            if time.monotonic() > deadline:
                raise AirflowError(f"Airflow did not read DAG {dag_id} within {READY_SECONDS:.0f} s; see {self.home}")
            time.sleep(0.3)

    def trigger(self, dag_id: str, conf: Mapping[str, Any]) -> str:
        """Start a DAG run with these params; return its id."""
        self._call("PATCH", f"/dags/{dag_id}", {"is_paused": False})
        return str(self._call("POST", f"/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf})["dag_run_id"])

    def state(self, dag_id: str, run_id: str) -> str:
        return str(self._call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def states(self, dag_id: str) -> dict[str, str]:
        """Return the state of each run of a DAG, by run id."""
        rows = self._call("GET", f"/dags/{dag_id}/dagRuns")["dag_runs"]
        return {row["dag_run_id"]: row["state"] for row in rows}

    def tasks(self, dag_id: str, run_id: str) -> list[Task]:
        rows = self._call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return [Task(row["task_id"], row["state"] or "waiting", row["duration"], row["start_date"]) for row in rows]

    def reason(self, dag_id: str, run_id: str, task_id: str) -> str:
        """Return why a task failed: the text of the exception in its newest log."""
        folder = self.home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        attempts = sorted(folder.glob("attempt=*.log"))
        lines = attempts[-1].read_text(errors="replace").splitlines() if attempts else []
        details = [detail for line in lines for detail in json.loads(line).get("error_detail") or ()]
        text = details[-1]["exc_value"] if details else "its log has no error"
        return f"{text} (log: {attempts[-1] if attempts else folder})"

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        return dict(_answer(method, f"{self.url}/api/v2{path}", 30, json=body, headers=headers).json())


@contextlib.contextmanager
def airflow(home: Path, dags: Path, env: Mapping[str, str], port: int = 0) -> Iterator[Airflow]:
    """Run Airflow in ``home`` for the duration of the block; its database is created on first use and kept."""
    home.mkdir(parents=True, exist_ok=True)
    url = f"http://127.0.0.1:{port or _free_port()}"
    full = {**os.environ, **_settings(home, dags, url), **env}
    _migrate(home, full)
    with contextlib.ExitStack() as stack:
        children = {
            service: stack.enter_context(process([*_command(), service], full, home / f"{service}.log"))
            for service in SERVICES
        }
        flow = Airflow(url, home, token(url, home / "api-server.log", watch=lambda: require_alive(children, home)))
        # Airflow builds its execution API at the first request. This request does it, so the first task need not wait.
        _answer("GET", f"{url}/execution/health", READY_SECONDS)
        yield flow


def _command() -> list[str]:
    return [sys.executable, "-m", "airflow"]


def _settings(home: Path, dags: Path, url: str) -> dict[str, str]:
    """Return settings for SQLite, parallel tasks and the loopback interface; every user is an admin."""
    port = url.rpartition(":")[2]
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "true",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": port,
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": _secret(home),
        "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "false",
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "false",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
    }


def _secret(home: Path) -> str:
    """Return the key that Airflow's components sign with; it is created once, readable only by its owner."""
    path = home / "jwt-secret"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text()


def _migrate(home: Path, env: Mapping[str, str]) -> None:
    """Create or upgrade the metadata database, unless this version of Airflow did so before."""
    done = home / f"migrated-{version('apache-airflow')}"
    if done.exists():
        return
    finished = subprocess.run([*_command(), "db", "migrate"], env=dict(env), capture_output=True, check=False)
    if finished.returncode:
        raise AirflowError(f"airflow db migrate failed: {finished.stderr.decode(errors='replace')[-2000:]}")
    done.touch()


def _answer(method: str, url: str, seconds: float, **options: Any) -> requests.Response:
    """Return Airflow's answer; a GET without one within ``seconds`` is sent again. Raises AirflowError."""
    try:
        with requests.Session() as session:
            session.mount(url, HTTPAdapter(max_retries=READS_AGAIN))
            answer = session.request(method, url, timeout=seconds, **options)
    except requests.RequestException as error:
        raise AirflowError(f"{method} {url} was not answered: {error}") from error
    if not answer.ok:
        raise AirflowError(f"{method} {url} answered {answer.status_code}: {answer.text[:500]}")
    return answer


def require_alive(children: Mapping[str, subprocess.Popen[bytes]], home: Path) -> None:
    """Raise AirflowError with the last line of the log of a service that has ended."""
    for service, child in children.items():
        if child.poll() is not None:
            log = home / f"{service}.log"
            last = next(reversed(log.read_text(errors="replace").strip().splitlines()), "its log is empty")
            raise AirflowError(f"Airflow's {service} ended with status {child.returncode}: {last[:300]}; see {log}")


def token(url: str, log: object, password: str = "", watch: Callable[[], None] = lambda: None) -> str:
    """Wait for the API server and return a token: for the user ``admin``, or for anybody if ``password`` is empty.

    ``watch`` is called while waiting, and may raise an exception if waiting is pointless.
    """
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        watch()
        with contextlib.suppress(requests.ConnectionError, requests.Timeout):
            answer = _ask_for_token(f"{url}/auth/token", password)
            if answer.ok:
                return str(answer.json()["access_token"])
            if answer.status_code == requests.codes.unauthorized:
                raise AirflowError(f"Airflow at {url} does not accept the password of admin")
        time.sleep(0.3)
    raise AirflowError(f"Airflow's API server did not answer within {READY_SECONDS:.0f} s; see {log}")


def _ask_for_token(url: str, password: str) -> requests.Response:
    if not password:
        return requests.get(url, timeout=10)
    return requests.post(url, json={"username": "admin", "password": password}, timeout=10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
