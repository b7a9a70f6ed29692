"""The parts of Airflow as ECS runs them: one image, the environment of the planned task definitions, Celery over SQS.

Only the services outside the containers are replaced: by a PostgreSQL with a certificate, the local AWS, and a stand-in
for the endpoint of the ECS agent.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from ecs_agent import Agent, serving
from task_containers import Containers, Definition, containers
from terraform_run import Plan, initialised, plans_of

from demo.airflow import Airflow, token
from localaws import certificates
from localaws.running import Running, running

pytestmark = [pytest.mark.slow, pytest.mark.docker]

ROOT = Path(__file__).parents[2]
PARTS = ("api-server", "scheduler", "dag-processor", "triggerer", "worker")
QUEUES = "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__PREDEFINED_QUEUES"
SHA = "0123456789abcdef0123456789abcdef01234567"
LAKE = "the-lake-of-the-secret"
DAG = """
import time
from airflow.sdk import DAG, Variable, task
from estrela.errors import EstrelaError

with DAG("proof", schedule=None, params={"seconds": 0}):

    @task
    def look():
        print("a line of the proof")
        return Variable.get("estrela_lake")

    @task
    def wait(params=None):
        time.sleep(params["seconds"])

    look() >> wait()
"""
"""A DAG with a task that reads a Variable, and a task that takes long."""


@dataclass(frozen=True)
class Platform:
    """Airflow in containers: the container of each part, by name."""

    containers: Containers
    running: Mapping[str, str]
    airflow: Airflow
    agent: Agent
    aws: Running

    def wait_for(self, run: str, states: set[str], task: str = "") -> str:
        """Wait until a run of the test DAG, or its ``task``, is in one of ``states``, and return the state."""

        def state() -> str:
            if not task:
                return self.airflow.state("proof", run)
            return next(entry.state for entry in self.airflow.tasks("proof", run) if entry.name == task)

        return wait_until(state, lambda current: current in states)

    def hosts(self, run: str) -> set[str]:
        """Return the names of the machines on which the tasks of a run ran."""
        return {task["hostname"] for task in self.get(run, "taskInstances")["task_instances"]}

    def get(self, run: str, path: str) -> Any:
        """Return the answer of Airflow's API about a run of the test DAG."""
        url, headers = self.airflow.url, {"Authorization": f"Bearer {self.airflow.token}"}
        answer = requests.get(f"{url}/api/v2/dags/proof/dagRuns/{run}/{path}", headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()


def wait_until(look: Callable[[], str], is_it: Callable[[str], bool], seconds: float = 300) -> str:
    deadline = time.monotonic() + seconds
    while not is_it(state := look()):
        assert time.monotonic() < deadline, f"still {state!r} after {seconds:.0f} s"
        time.sleep(0.5)
    return state


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    terraform = initialised(tmp_path_factory.mktemp("terraform"))
    return plans_of(terraform.run("test", "-json", "-verbose"))["prod"]


def definitions(plan: Plan) -> dict[str, Definition]:
    """Return the container of each task definition, by name."""
    containers_of_tasks = [
        json.loads(resource.values["container_definitions"])
        for resource in plan
        if resource.kind == "aws_ecs_task_definition"
    ]
    return {only["name"]: only for (only,) in containers_of_tasks}


def served_names(plan: Plan) -> dict[str, str]:
    """Return the names that Service Connect gives to services."""
    connected = {
        service.values["name"]: service.values["service_connect_configuration"][0]["service"]
        for service in plan
        if service.kind == "aws_ecs_service" and service.values["service_connect_configuration"]
    }
    return {name: served[0]["client_alias"][0]["dns_name"] for name, served in connected.items() if served}


def setting(definition: Definition, name: str) -> str:
    return str(next(entry["value"] for entry in definition["environment"] if entry["name"] == name))


@dataclass(frozen=True)
class Places:
    """The surroundings of the containers: ``tasks`` are the definitions, ``passwords`` the secrets by variable."""

    aws: Running
    agent: Agent
    tasks: Mapping[str, Definition]
    passwords: Mapping[str, str]
    authority: Path

    def env(self, task: str) -> dict[str, str]:
        """Return the variables that ECS adds to the environment of a task, and the local addresses."""
        named = {secret["name"]: self.passwords[f"{task}/{secret['name']}"] for secret in self.tasks[task]["secrets"]}
        local = {**self.aws.env, "ECS_AGENT_URI": self.agent.uri, "DATABASE_HOST": "database"}
        given = {entry["name"]: entry["value"] for entry in self.tasks[task]["environment"]}
        if QUEUES in given:
            queues = json.loads(given[QUEUES])
            url = self.aws.client("sqs").get_queue_url(QueueName="estrela-prod-airflow")["QueueUrl"]
            local[QUEUES] = json.dumps({name: queue | {"url": url} for name, queue in queues.items()})
        return {name: value for name, value in (local | named).items() if name != "DATABASE_HOST" or name in given}

    def certificates(self, task: str) -> list[str]:
        """Return the option that replaces Amazon's certificate authority by that of the test."""
        return [f"--volume={self.authority}:{setting(self.tasks[task], 'PGSSLROOTCERT')}:ro"]


def passwords(tasks: Mapping[str, Definition]) -> dict[str, str]:
    """Return a value for each secret of each task, keyed by ``task/VARIABLE``."""
    common = {secret["name"]: secrets.token_hex(16) for task in tasks.values() for secret in task["secrets"]}
    common["DATABASE_PASSWORD"] = common["PASSWORD_AIRFLOW"]
    by_variable = {
        f"{name}/{secret['name']}": common[secret["name"]] for name, task in tasks.items() for secret in task["secrets"]
    }
    return by_variable | {
        "database-roles/DATABASE_USER": "postgres",
        "database-roles/DATABASE_PASSWORD": secrets.token_hex(16),
    }


def release(folder: Path) -> Path:
    """Pack the DAGs of this commit as deploy.sh does, with the test DAG added."""
    path = folder / "release.zip"
    command = ["git", "archive", "--format", "zip", "--output", str(path), "HEAD", "dags", "packages/estrela"]
    subprocess.run(command, cwd=ROOT, check=True)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("dags/proof.py", DAG)
    return path


def prepare_aws(aws: Running, plan: Plan, tasks: Mapping[str, Definition], archive: Path) -> None:
    """Create the broker's planned queue, the buckets, and a Variable; put the release into its bucket."""
    (queue,) = [
        resource
        for resource in plan
        if resource.kind == "aws_sqs_queue" and resource.values["name"] == "estrela-prod-airflow"
    ]
    names = {
        "VisibilityTimeout": "visibility_timeout_seconds",
        "ReceiveMessageWaitTimeSeconds": "receive_wait_time_seconds",
    }
    attributes = {name: str(queue.values[planned]) for name, planned in names.items()}
    aws.client("sqs").create_queue(QueueName=queue.values["name"], Attributes=attributes)
    logs = setting(tasks["airflow-worker"], "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER").split("/")[2]
    bucket, _, prefix = setting(tasks["dag-sync"], "DAG_RELEASES").removeprefix("s3://").partition("/")
    s3 = aws.client("s3")
    for name in (logs, bucket):
        s3.create_bucket(Bucket=name)
    s3.upload_file(str(archive), bucket, f"{prefix}/{SHA}.zip")
    aws.client("secretsmanager").create_secret(Name="estrela-prod/airflow/variables/estrela_lake", SecretString=LAKE)


def start_database(engine: Containers, folder: Path, password: str) -> None:
    """Start a PostgreSQL with the host name ``database`` and a certificate for it."""
    certificates.ensure(folder, ["database"])
    (folder / "server-key.pem").chmod(0o644)
    engine.build(
        "estrela-test-postgres", "--file", str(ROOT / "tests/compose/postgres.Dockerfile"), str(ROOT / "tests/compose")
    )
    options = ["--network-alias=database", f"--volume={folder}:/certificates:ro", "--entrypoint=bash"]
    # PostgreSQL refuses a key file that other users may read.
    key = "install -m 600 /certificates/server-key.pem /tmp/key.pem"
    tls = "-c ssl=on -c ssl_key_file=/tmp/key.pem -c ssl_cert_file=/certificates/server.pem"
    words = ["-c", f"{key} && exec bash /usr/local/bin/postgres.sh {tls}"]
    name = engine.start("database", "estrela-test-postgres", options, words, {"POSTGRES_PASSWORD": password})
    ready = "pg_isready --quiet --host 127.0.0.1 && echo ready || true"
    wait_until(lambda: engine.execute(name, "bash", "-c", ready), lambda said: said == "ready", 60)


@pytest.fixture(scope="module")
def platform(engine: dict[str, str], prod: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Every part of Airflow, started after the tasks that run once."""
    folder, tasks = tmp_path_factory.mktemp("platform"), definitions(prod)
    image, served = "estrela-test-airflow", served_names(prod)
    with containers(engine) as started_containers, pytest.MonkeyPatch.context() as patch:
        started_containers.build(image, "--file", str(ROOT / "airflow/Dockerfile"), str(ROOT))
        patch.setenv("LOCALAWS_HOST", started_containers.gateway)
        with running(folder / "aws") as aws, serving(started_containers.gateway) as agent:
            prepare_aws(aws, prod, tasks, release(folder))
            places = Places(aws, agent, tasks, passwords(tasks), folder / "certificates" / "ca.pem")
            start_database(
                started_containers, folder / "certificates", places.passwords["database-roles/DATABASE_PASSWORD"]
            )
            for task, words in (("database-roles", []), ("airflow-setup", []), ("dag-sync", ["sync", SHA])):
                definition = tasks[task] if not words else {**tasks[task], "command": words}
                certified = places.certificates(task) if task != "dag-sync" else []
                name = started_containers.start_task(definition, image, places.env(task), *certified)
                assert started_containers.wait(name) == 0, started_containers.log(name)
            started = {}
            for part in (*PARTS, "metrics"):
                task = f"airflow-{part}"
                alias = [f"--network-alias={served[task]}"] if task in served else []
                started[part] = started_containers.start_task(
                    tasks[task], image, places.env(task), *places.certificates(task), *alias
                )
            url = f"http://{started_containers.address(started['api-server'])}:8080"
            signed_in = token(url, "its container's", places.passwords["airflow-setup/ADMIN_PASSWORD"])
            # The API server that tasks report to initializes at its first request, for which the first task would have
            # to wait.
            requests.get(f"{url}/execution/health", timeout=120).raise_for_status()
            yield Platform(started_containers, started, Airflow(url, folder, signed_in), agent, aws)


def test_every_part_is_healthy(platform: Platform) -> None:
    def health() -> str:
        return " ".join(platform.containers.health(platform.running[part]) for part in PARTS)

    assert wait_until(health, lambda states: "starting" not in states) == " ".join(["healthy"] * len(PARTS))


def test_every_container_says_which_release_it_sees(platform: Platform) -> None:
    command = ("python", "-m", "airflow_on_ecs.dag_release", "--folder", "/dags", "current")
    said = {platform.containers.execute(platform.running[part], *command) for part in ("worker", "dag-processor")}
    assert said == {f"current release: {SHA}"}


def test_every_dag_of_the_release_can_be_read(platform: Platform) -> None:
    for dag in ("proof", "star_banking", "maintain_banking", "freshness"):
        platform.airflow.wait_for_dag(dag)


def test_a_dag_runs_by_celery_over_sqs_and_its_log_is_in_s3(platform: Platform) -> None:
    run = platform.airflow.trigger("proof", {})
    assert platform.wait_for(run, {"success", "failed"}) == "success"
    assert platform.hosts(run) == {platform.containers.hostname(platform.running["worker"])}
    assert platform.get(run, "taskInstances/look/xcomEntries/return_value")["value"] == LAKE
    # A log is written to S3 only after its task has ended.
    assert "a line of the proof" in wait_until(lambda: log_of(platform, "look"), bool, 60)


def log_of(platform: Platform, task: str) -> str:
    """Return the log of a task of the test DAG in S3, or "" before it exists."""
    s3 = platform.aws.client("s3")
    bucket = next(entry["Name"] for entry in s3.list_buckets()["Buckets"] if "-logs-" in entry["Name"])
    objects = s3.list_objects_v2(Bucket=bucket, Prefix="airflow/dag_id=proof/").get("Contents", [])
    keys = [stored["Key"] for stored in objects if f"task_id={task}/" in stored["Key"]]
    return "".join(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys)


def test_the_metrics_reach_cloudwatch(platform: Platform) -> None:
    metrics = platform.aws.client("cloudwatch").list_metrics(Namespace="Estrela")["Metrics"]
    assert {metric["MetricName"] for metric in metrics} >= {"ActiveTasks", "SchedulerHeartbeatAge", "FailedRuns"}


def test_a_worker_that_is_told_to_stop_has_asked_for_protection_and_ends_its_task_first(platform: Platform) -> None:
    worker = platform.running["worker"]
    wait_until(lambda: str(platform.agent.requests[-1:]), lambda request: "True" not in request)
    platform.agent.requests.clear()
    run = platform.airflow.trigger("proof", {"seconds": 30})
    platform.wait_for(run, {"running"}, "wait")
    asked: list[Any] = [body for _, body in platform.agent.requests]
    assert asked == [{"ProtectionEnabled": True, "ExpiresInMinutes": 120}]
    assert platform.containers.stop(worker) == 0
    assert platform.wait_for(run, {"success", "failed"}) == "success"
    (task,) = [entry for entry in platform.airflow.tasks("proof", run) if entry.name == "wait"]
    assert task.seconds
    assert task.seconds >= 30
    assert platform.hosts(run) == {platform.containers.hostname(worker)}
