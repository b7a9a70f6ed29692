"""deploy.sh to the local AWS, star banking, feeds and DataHarvest on it, nothing left after the destroy."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from recorded_calls import calls_of, for_code, refused
from terraform_run import Terraform

from localaws.home import Home
from localaws.running import Running

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.long
BY_ECS = {"Files", "Key", "LogBucket", "LogObjects", "Protection", "Queue"}
"""Statements in the role of Airflow's workers that ECS, Celery and their logs need."""
OPTIONS = {"Mail", "Redshift", "RedshiftLogin", "RedshiftResults", "SourceCredentials"}
"""Statements for features that the local environment, or star banking, does not use."""
BY_GLUE = {"Code", "Key", "Logs", "Metrics", "SecurityConfiguration"}
"""Statements in Glue's roles for actions of Glue itself."""
BY_ICEBERG = {"Catalog", "LakeObjects", "Views"}
"""Statements for tables: here Iceberg reads and commits in other ways than on AWS, and Athena acts for its caller."""
SELDOM = {
    "glue:BatchStopJobRun": "a task was killed, or its run took too long",
    "glue:UpdateTable": "a release has changed the columns of a table of the platform",
    "s3:GetBucketLocation": "Athena looks for the bucket of a query's result",
    "sns:Publish": "a task failed for good, or data is old",
}
"""Actions that are not called by a run without a fault, and the condition under which they are."""


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a separate local AWS to which Terraform has been applied."""
    if not shutil.which("terraform") or not shutil.which("aws"):
        pytest.skip("NOT TESTED, terraform or aws is not on the PATH")
    home = tmp_path_factory.mktemp("deployed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    settings = Terraform(tmp_path_factory.mktemp("terraform")).env
    kept = {name: value for name, value in settings.items() if name != "TF_DATA_DIR"}
    env = {**kept, "LOCALAWS_HOME": str(home), "LOCALAWS_PORT": port, "LOCALAWS_CALLS": str(home / "calls.jsonl")}
    try:
        deploy(env, "apply", "--yes")
        yield env
    finally:
        subprocess.run([sys.executable, "-m", "localaws", "down", "--home", str(home)], env=env, check=False)


def deploy(env: dict[str, str], *arguments: str) -> str:
    command = [str(ROOT / "deploy.sh"), *arguments, "--target", "local"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


def run_local(env: dict[str, str], *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "demo.deployed", *arguments]
    done = subprocess.run(command, env=env | {"COLUMNS": "200"}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def server(env: dict[str, str]) -> Running:
    home = Path(env["LOCALAWS_HOME"])
    record = Home(home).read_record()
    assert record
    return Running(record.endpoint, record.region, home, record.pid)


def test_a_second_plan_changes_nothing(env: dict[str, str]) -> None:
    assert "No changes." in deploy(env, "plan")


def test_a_run_that_takes_too_long_leaves_no_glue_run_and_no_process(env: dict[str, str]) -> None:
    status, words = run_local(env, "--only", "star", "--deadline", "20")
    assert (status, "run-local: run manual__" in words) == (1, True), words
    states = {run["JobRunState"] for run in server(env).client("glue").get_job_runs(JobName="estrela-local")["JobRuns"]}
    assert states <= {"SUCCEEDED", "FAILED", "STOPPED", "STOPPING"}
    assert airflow_processes() == []


def airflow_processes() -> list[int]:
    """Return the processes whose environment names the Airflow of run-local."""
    home, pids = str(ROOT / ".demo" / "deployed-local" / "airflow"), []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("AIRFLOW_HOME") == home:
                pids.append(process.pid)
    return pids


def test_the_platform_runs_on_what_was_deployed(env: dict[str, str]) -> None:
    status, words = run_local(env)
    assert status == 0, words
    assert "Feeds: the dropped file is registered: New" in words
    account = "Feeds: Done, 1 rows in = 1 loaded + 0 rejected, now s3://estrela-local-archive-123456789012/archive/"
    assert account in words
    assert "DAG feed_card_settlements: success" in words
    assert re.search(r"DataHarvest: one day gave \d+ messages, and DuckDB computes the same values", words), words
    assert "DAG star_banking: success" in words
    assert "DAG maintain_banking: success" in words
    assert "Athena's workgroup estrela-local-metabase answered" in words


def test_airflow_and_glue_runs_call_what_their_roles_allow(env: dict[str, str]) -> None:
    """In the earlier tests nothing was called that AWS would refuse, and all that is allowed was called."""
    listed = server(env).client("secretsmanager").get_paginator("list_secrets").paginate()
    secrets = {secret["Name"]: secret["ARN"] for page in listed for secret in page["SecretList"]}
    called = {
        role: calls_of(Path(env["LOCALAWS_CALLS"]), f"estrela-local-{caller}", secrets)
        for caller, role in (
            ("airflow-worker", "airflow_ecs.worker.task"),
            ("glue", "lake.job"),
            ("feeds-glue", "feed_job"),
        )
    }
    refusals = {(role, call) for role, calls in called.items() for call in refused(calls, role, "local")}
    assert refusals == set()
    actions = {role: {action for action, _ in calls} for role, calls in called.items()}
    others = {"airflow_ecs.worker.task": BY_ECS | OPTIONS, "lake.job": BY_GLUE | BY_ICEBERG | OPTIONS}
    unused = {role: for_code(role, statements) - actions[role] - SELDOM.keys() for role, statements in others.items()}
    assert unused == {role: set() for role in others}
    assert actions["feed_job"] >= {
        "s3:GetObjectVersion",
        "s3:DeleteObjectVersion",
        "secretsmanager:GetSecretValue",
    }


def test_a_destroy_needs_nothing_that_was_built_and_leaves_nothing(env: dict[str, str]) -> None:
    shutil.rmtree(ROOT / "dist")
    deploy(env, "destroy", "--destroy", "local")
    assert not (ROOT / "dist").exists()
    aws = server(env)
    assert [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]] == [
        "estrela-state-123456789012-us-east-1"
    ]
    assert aws.client("glue").list_jobs()["JobNames"] == []
    assert aws.client("glue").get_connections()["ConnectionList"] == []
    assert aws.client("secretsmanager").list_secrets()["SecretList"] == []
    assert aws.client("iam").list_roles()["Roles"] == []
    assert aws.client("lambda").list_functions()["Functions"] == []
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == []
    assert aws.client("dynamodb").list_tables()["TableNames"] == []
    assert aws.client("rds").describe_db_instances()["DBInstances"] == []
