"""The stack of docker-compose.yml, started from a clean clone of HEAD, with a fake Metabase in place of Metabase."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyathena
import pytest
import requests

from metabase.files import load

pytestmark = [pytest.mark.slow, pytest.mark.docker]

ROOT = Path(__file__).parents[2]
UP_SECONDS = 40 * 60
WAREHOUSE_SECONDS = 15 * 60
PORTS = ("AIRFLOW_PORT", "METABASE_PORT", "AWS_PORT", "MAIL_PORT")
FILES = """
SELECT feed, state, rows_in = rows_loaded + rows_rejected, archived_at IS NOT NULL FROM ledger.files ORDER BY id
"""
FEEDS = {"accounts", "branches", "card_settlements", "customers", "exchange_rates"}
METABASE = ROOT / "metabase"
PROVISIONERS = {
    "provision": "metabase/banking",
    "provision-warehouse": "metabase/warehouse",
    "provision-deliveries": "metabase/deliveries",
}
ANSWERS = """
import json, psycopg
state = json.load(open("/tmp/state.json"))
names = ("host", "port", "dbname", "user", "password")
postgres = [row for row in state["databases"] if row["engine"] == "postgres"]
logins = {row["id"]: {name: row["details"][name] for name in names} for row in postgres}
rows = {}
for card in state["cards"]:
    if card["query"]["database"] in logins:
        with psycopg.connect(**logins[card["query"]["database"]]) as connection:
            rows[card["name"]] = len(connection.execute(card["query"]["sql"]).fetchall())
print(json.dumps(rows))
"""
HTTPS = """
import boto3
athena = boto3.client("athena", endpoint_url="https://aws:8443", region_name="us-east-1",
    aws_access_key_id="localaws", aws_secret_access_key="localaws", verify="/certificates/ca.pem")
print([group["Name"] for group in athena.list_work_groups()["WorkGroups"]])
"""
HEAP = "from localaws.glue.spark_settings import heap; print(heap('G.2X'))"


@dataclass(frozen=True)
class Stack:
    """A compose project of a clone in ``folder``; ``environ`` names the Docker engine and free ports."""

    folder: Path
    environ: dict[str, str]
    project: str = field(default_factory=lambda: f"estrela-test-{uuid.uuid4().hex[:8]}")

    def compose(self, *words: str, check: bool = True, seconds: float = 300) -> str:
        files = ("-f", "docker-compose.yml", "-f", "tests/compose/test.yml")
        command = ["docker", "compose", "-p", self.project, *files, *words]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=seconds, check=False
        )
        assert not check or done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def sql(self, service: str, database: str, query: str) -> str:
        """The rows of a query of one of the PostgreSQL servers, their values apart by ``|``."""
        psql = (
            "psql",
            "--username",
            "postgres",
            "--dbname",
            database,
            "--no-align",
            "--tuples-only",
            "--command",
            query,
        )
        return self.compose("exec", "-T", service, *psql).strip()

    def secret(self, name: str) -> str:
        lines = (self.folder / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)[name]

    def url(self, port: str) -> str:
        return f"http://127.0.0.1:{self.environ[port]}"

    def services(self) -> dict[str, dict[str, Any]]:
        rows = [json.loads(line) for line in self.compose("ps", "--all", "--format", "json").splitlines()]
        return {row["Service"]: row for row in rows}


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def cloned(folder: Path, engine: dict[str, str]) -> Stack:
    """A clone of HEAD in ``folder``, with its own secrets and ports."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True, timeout=120)
    subprocess.run(["make", "--quiet", ".env"], cwd=folder, check=True, timeout=60)
    return Stack(folder, engine | {name: free_port() for name in PORTS})


@pytest.fixture(scope="module")
def stack(engine: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = cloned(tmp_path_factory.mktemp("clone") / "estrela", engine)
    try:
        stack.compose("up", "--detach", "--build", seconds=UP_SECONDS)
        yield stack
    except BaseException:
        print(stack.compose("logs", "--no-color", "--tail", "40", check=False))
        raise
    finally:
        stack.compose("down", "--volumes", "--timeout", "20", check=False)


def test_every_service_is_healthy_or_completed(stack: Stack) -> None:
    rows = stack.services()
    states = {name: row["Health"] or f"exit {row['ExitCode']}" for name, row in rows.items()}
    # The last container may still run when the command returns.
    assert {name: state for name, state in states.items() if state not in ("healthy", "exit 0")} == {}
    assert {"airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"} <= set(states)
    assert {name for name, state in states.items() if state == "exit 0"} >= {
        "deploy",
        "deploy-warehouse",
        "first-run",
        *PROVISIONERS,
    }


def test_the_dag_has_succeeded_by_its_own_schedule(stack: Stack) -> None:
    airflow, password = stack.url("AIRFLOW_PORT"), stack.secret("AIRFLOW_ADMIN_PASSWORD")
    signed_in = requests.post(f"{airflow}/auth/token", json={"username": "admin", "password": password}, timeout=30)
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    dag = requests.get(f"{airflow}/api/v2/dags/star_banking", headers=headers, timeout=30).json()
    runs = requests.get(f"{airflow}/api/v2/dags/star_banking/dagRuns", headers=headers, timeout=30).json()["dag_runs"]
    assert not dag["is_paused"]
    assert [(run["run_type"], run["state"]) for run in runs] == [("scheduled", "success")]


def states_of(stack: Stack, dag: str) -> list[tuple[str, str]]:
    """Type and state of each run of a DAG."""
    airflow, password = stack.url("AIRFLOW_PORT"), stack.secret("AIRFLOW_ADMIN_PASSWORD")
    signed_in = requests.post(f"{airflow}/auth/token", json={"username": "admin", "password": password}, timeout=30)
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    runs = requests.get(f"{airflow}/api/v2/dags/{dag}/dagRuns", headers=headers, timeout=30).json()["dag_runs"]
    return [(run["run_type"], run["state"]) for run in runs]


def test_the_warehouse_holds_what_its_parties_delivered(stack: Stack) -> None:
    """By the DAGs' own schedules: from S3, the FTPS share and the core system's database; and people are told."""
    deadline = time.monotonic() + WAREHOUSE_SECONDS
    while states_of(stack, "warehouse") != [("scheduled", "success")]:
        assert time.monotonic() < deadline, states_of(stack, "warehouse")
        assert ("scheduled", "failed") not in states_of(stack, "warehouse")
        time.sleep(5)
    files = [line.split("|") for line in stack.sql("warehouse", "warehouse", FILES).splitlines()]
    assert {feed for feed, *_ in files} == FEEDS
    assert {state for _, state, *_ in files} <= {"Done", "Filtered Out"}
    assert all(balanced == "t" and archived == "t" for _, state, balanced, archived in files if state == "Done")
    assert stack.sql("warehouse", "warehouse", "SELECT count(*) FROM warehouse.exchange_rates") == "15"
    source = stack.sql("aurora", "core", "SELECT count(*), sum(balance) FROM core.accounts")
    assert stack.sql("warehouse", "warehouse", "SELECT count(*), sum(balance) FROM warehouse.accounts") == source
    subjects = [mail["subject"] for mail in requests.get(f"{stack.url('MAIL_PORT')}/messages.json", timeout=30).json()]
    assert any("card_settlements" in subject for subject in subjects), subjects


def test_airflow_asks_for_a_password(stack: Stack) -> None:
    airflow = stack.url("AIRFLOW_PORT")
    wrong = requests.post(f"{airflow}/auth/token", json={"username": "admin", "password": "admin"}, timeout=30)
    assert (wrong.status_code, requests.get(f"{airflow}/api/v2/dags", timeout=30).status_code) == (401, 401)


def test_athena_answers_from_outside(stack: Stack) -> None:
    with pyathena.connect(
        work_group="estrela",
        region_name="us-east-1",
        endpoint_url=stack.url("AWS_PORT"),
        aws_access_key_id="localaws",
        aws_secret_access_key="localaws",
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT count(*), sum(total), count(DISTINCT quarter_code) FROM banking_refined.fact_complaints")
        rows, complaints, quarters = cursor.fetchone() or (0, 0, 0)
    assert rows > 500
    assert complaints > 10_000
    assert quarters > 20


def test_the_dashboards_are_there_and_as_declared(stack: Stack) -> None:
    metabase, password = stack.url("METABASE_PORT"), stack.secret("METABASE_ADMIN_PASSWORD")
    who = {"username": "admin@estrela.localhost", "password": password}
    session = requests.post(f"{metabase}/api/session", json=who, timeout=30).json()["id"]
    headers = {"X-Metabase-Session": session}
    dashboards = requests.get(f"{metabase}/api/search?models=dashboard", headers=headers, timeout=30).json()["data"]
    assert {row["name"] for row in dashboards} == {
        "Complaints", "Fees", "Pipeline health", "Files and warehouse", "Deliveries",
    }  # fmt: skip
    for name, folder in PROVISIONERS.items():
        planned = stack.compose("run", "--rm", "--no-deps", name, "metabase", "plan", "--folder", folder)
        assert planned.splitlines()[-1] == "0 changes", name


def test_metabase_reaches_the_tables_of_the_feeds_and_of_dataharvest(stack: Stack) -> None:
    """Each question, by the connection that Metabase stores, from its container."""
    printed = stack.compose("exec", "-T", "metabase", "python", "-c", ANSWERS)
    rows: dict[str, int] = json.loads(printed)
    questions = {site: [q.title for q in load(METABASE / site).questions] for site in ("warehouse", "deliveries")}
    assert sorted(rows) == sorted(title for titles in questions.values() for title in titles)
    assert rows["Arrivals by feed and state"] >= len(FEEDS)


def test_metabase_reaches_athena_over_https(stack: Stack) -> None:
    """With the authority in Metabase's truststore, from Metabase's container, as Metabase's user."""
    assert "'estrela'" in stack.compose("exec", "-T", "metabase", "python", "-c", HTTPS)


def test_a_job_takes_a_quarter_of_what_its_container_may_use(stack: Stack) -> None:
    said = stack.compose("exec", "-T", "aws", "python", "-c", HEAP).strip()
    assert said == f"{6 * 1024 // 4}m"


def test_no_process_of_ours_is_root(stack: Stack) -> None:
    running = [name for name, row in stack.services().items() if row["State"] == "running"]
    users = {name: stack.compose("exec", "-T", name, "id", "-u").strip() for name in running}
    assert "0" not in users.values(), users
    assert len(users) >= 8
