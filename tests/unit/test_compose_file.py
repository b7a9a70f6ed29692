"""Rules of docker-compose.yml: resource limits, no privileges, pinned versions, loopback only, no secrets."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.compose_warehouse import SENDER, SHARE_PORT
from demo.harvest_database import SECRET as DATAHARVEST_SECRET
from demo.harvest_database import url_of
from demo.warehouse_deployment import ARCHIVE, LANDING, PII
from demo.warehouse_deployment import SECRETS as SECRET_NAMES
from metabase.files import load
from metabase.provision.target import target_from

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {name for name, service in SERVICES.items() if service.get("restart") == "no"}
# Names of variables with a secret, but not of those with the path of a secret's file.
SECRET = re.compile(r"(PASS|SECRET|TOKEN|FERNET|ENCRYPTION|_KEY)(?!.*_FILE$)")
# localaws takes any credentials; the others are names of secrets in Secrets Manager
NO_SECRET = {"localaws", *SECRET_NAMES.values(), PII, DATAHARVEST_SECRET}


def environments() -> list[tuple[str, str, str]]:
    return [(service, *pair) for service, it in SERVICES.items() for pair in it.get("environment", {}).items()]


def stages(dockerfile: Path) -> dict[str, list[str]]:
    """Return the lines of each stage by name; the last stage is also under ""."""
    stage_lines: dict[str, list[str]] = {}
    for line in dockerfile.read_text().splitlines():
        if line.startswith("FROM "):
            lines = stage_lines[line.rpartition(" AS ")[2]] = stage_lines[""] = []
        elif stage_lines:
            lines.append(line)
    return stage_lines


def test_it_has_the_services_of_the_whole() -> None:
    airflow = {f"airflow-{part}" for part in ("api-server", "scheduler", "dag-processor", "triggerer", "migrate")}
    assert airflow | {"postgres", "aws", "bcb", "metabase", "provision"} <= set(SERVICES)
    assert {"warehouse", "aurora", "ftps", "mail", "deploy-warehouse"} <= set(SERVICES)


def test_the_dags_of_the_feeds_are_told_what_is_deployed() -> None:
    given = SERVICES["airflow-scheduler"]["environment"]
    prefix = "AIRFLOW_VAR_ESTRELA_"
    assert (given[f"{prefix}LANDING"], given[f"{prefix}ARCHIVE"]) == (LANDING, ARCHIVE)
    assert (given[f"{prefix}WAREHOUSE_SECRET"], given[f"{prefix}PII_SECRET"]) == (SECRET_NAMES["warehouse"], PII)
    assert given[f"{prefix}ALERT_SENDER"] == SENDER
    waits = {"airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"}
    assert all("deploy-warehouse" in SERVICES[name]["depends_on"] for name in waits), (
        "a DAG runs before its feeds are there"
    )


def test_the_share_requires_the_reuse_of_sessions_on_its_port() -> None:
    lines = (ROOT / "packages" / "backoffice_parties" / "vsftpd.conf").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    assert (settings["require_ssl_reuse"], settings["listen_port"]) == ("YES", str(SHARE_PORT))
    assert {settings["rsa_cert_file"], settings["rsa_private_key_file"]} == {
        "/certificates/server.pem", "/certificates/server-key.pem",
    }  # fmt: skip
    assert "ftps" in SERVICES["certificates"]["command"]
    assert f"'127.0.0.1', {SHARE_PORT}" in SERVICES["ftps"]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_bounded_and_unprivileged(name: str) -> None:
    service = SERVICES[name]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_checked_or_runs_once(name: str) -> None:
    assert ("healthcheck" in SERVICES[name]) != (name in ONCE)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_what_its_dependencies_promise(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if other in ONCE else "service_healthy"
        assert how["condition"] == expected, other


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_is_root(name: str) -> None:
    service = SERVICES[name]
    builders = [it["build"] for it in SERVICES.values() if it["image"] == service["image"] and "build" in it]
    if builders:
        lines = stages(ROOT / builders[0]["dockerfile"])[builders[0].get("target", "")]
        user = [line for line in lines if line.startswith("USER ")][-1].split()[1]
    else:
        user = service["user"]
    assert user.partition(":")[0] not in ("", "0", "root")


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_built_here_or_pinned(name: str) -> None:
    image = SERVICES[name]["image"]
    if not any(it["image"] == image and "build" in it for it in SERVICES.values()):
        assert re.search(r":v?\d+(\.\d+)*$|:v?\d+\.\d+", image), image


def test_base_images_are_pinned() -> None:
    for dockerfile in (ROOT / "airflow" / "Dockerfile", ROOT / "packages" / "Dockerfile"):
        names = set(stages(dockerfile))
        bases = {line.split()[1] for line in dockerfile.read_text().splitlines() if line.startswith("FROM ")} - names
        assert bases <= {"python:3.11-slim-bookworm", "public.ecr.aws/glue/aws-glue-libs:5.0.10"}


def test_ports_are_open_to_this_machine_alone() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert {"airflow-api-server", "metabase", "aws"} <= set(ports)
    assert all(port.startswith("127.0.0.1:") for published in ports.values() for port in published)


def test_no_secret_is_in_the_file() -> None:
    secrets = [
        (service, name)
        for service, name, value in environments()
        if SECRET.search(name) and not _is_asked_for(str(value))
    ]
    assert secrets == []
    assert not re.search(r"://[^:/\s]+:[^$@\s]+@", TEXT), "a password in a URL"


def _is_asked_for(value: str) -> bool:
    return value.startswith("${") or value in NO_SECRET


def test_the_version_of_metabase_is_in_one_place() -> None:
    command = ["git", "grep", "-l", "metabase/metabase:", ":!tests"]
    named = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert named.split() == ["docker-compose.yml"]


def secrets_of_compose() -> dict[str, str]:
    script = ROOT / "packages" / "demo" / "compose_secrets.py"
    lines = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    return dict(line.split("=", 1) for line in lines.splitlines())


def test_each_secret_is_made_anew_and_asked_for_by_name() -> None:
    first, second = secrets_of_compose(), secrets_of_compose()
    profiles = (first.pop("COMPOSE_PROFILES"), second.pop("COMPOSE_PROFILES"))
    assert profiles == ("mirror", "mirror")
    assert set(re.findall(r"\$\{(\w+):\?", TEXT)) == set(first)
    assert not set(first.values()) & set(second.values())
    assert all(
        len(value) == (32 if name.endswith("PASSWORD") else 64) for name, value in first.items() if "FERNET" not in name
    )
    assert len(base64.urlsafe_b64decode(first["AIRFLOW_FERNET_KEY"])) == 32


@pytest.mark.parametrize("folder", [".gitignore", ".dockerignore"])
def test_the_secrets_stay_on_this_machine(folder: str) -> None:
    lines = (ROOT / folder).read_text().split()
    assert ".env" in lines or ("*" in lines and "**/.env" in lines)


def test_the_provisioner_takes_its_environment() -> None:
    target = target_from(SERVICES["provision"]["environment"], read_secret=lambda name: {})
    options = dict(pair.split("=", 1) for pair in target.lake.options.split(";"))
    assert {options[f"{name}Endpoint"] for name in ("Athena", "AthenaStreaming", "S3")} == {"https://aws:8443"}
    assert "--https-port=8443" in SERVICES["aws"]["command"]
    given = SERVICES["provision"]["environment"]
    assert (given["METABASE_DATA"], given["AWS_ENDPOINT_URL"]) == ("lake", "http://aws:4566")


@pytest.mark.parametrize(
    ("name", "server", "secret"),
    [
        ("provision-warehouse", "warehouse", SECRET_NAMES["warehouse"]),
        ("provision-deliveries", "dataharvest", DATAHARVEST_SECRET),
    ],
)
def test_a_provisioner_connects_metabase_to_the_server_of_its_site(name: str, server: str, secret: str) -> None:
    *command, folder = SERVICES[name]["command"]
    assert (command, load(ROOT / folder).server) == (["metabase", "apply", "--folder"], server)
    asked: list[str] = []

    def read_secret(wanted: str) -> dict[str, str]:
        asked.append(wanted)
        return {"host": "h", "port": "5432", "dbname": "d", "username": "u", "password": "p"}

    target = target_from(SERVICES[name]["environment"], read_secret)
    assert asked == [secret]
    assert [(known, database.ssl) for known, database in target.servers.items()] == [(server, False)]
    assert SERVICES[name]["environment"]["METABASE_DATA"] == "invented"


def test_one_provisioner_runs_after_the_other() -> None:
    """Several would create the administrator and the groups at once."""
    chain = ["provision", "provision-warehouse", "provision-deliveries", "ready"]
    for before, after in pairwise(chain):
        assert before in SERVICES[after]["depends_on"]


def test_the_demo_of_dataharvest_fills_the_database_that_metabase_reads() -> None:
    names = ("DATAHARVEST_URL", "DATAHARVEST_PASSWORD")
    deployed, filled = (SERVICES[name]["environment"] for name in ("deploy-warehouse", "harvest"))
    assert [deployed[name] for name in names] == [filled[name] for name in names]
    assert url_of(filled).host in SERVICES["harvest"]["depends_on"]


def config(env_file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["docker", "compose", "--project-directory", str(ROOT), "--env-file", str(env_file), *options, "config"]
    if (
        not shutil.which("docker")
        or subprocess.run([*command[:2], "version"], capture_output=True, check=False).returncode
    ):
        pytest.skip("NO DOCKER COMPOSE: install Docker with Compose v2 to have it read docker-compose.yml")
    environ = {name: value for name, value in os.environ.items() if name not in secrets_of_compose()}
    return subprocess.run([*command, "--services"], capture_output=True, text=True, env=environ, check=False)


@pytest.mark.parametrize(
    ("options", "only"),
    [
        ((), {"aws", "bcb", "deploy"}),
        (("--profile", "live"), {"aws", "deploy-live"}),
        (("--profile", "glue"), {"aws-glue", "bcb", "deploy"}),
        (("--profile", "trino"), {"aws-trino", "trino", "bcb", "deploy"}),
        (("--profile", "harvest"), {"harvest"}),
    ],
)
def test_compose_reads_each_profile(tmp_path: Path, options: tuple[str, ...], only: set[str]) -> None:
    env = tmp_path / ".env"
    env.write_text("".join(f"{name}={value}\n" for name, value in secrets_of_compose().items()))
    read = config(env, *options)
    assert read.returncode == 0, read.stderr
    always = {name for name, service in SERVICES.items() if "profiles" not in service}
    assert set(read.stdout.split()) == always | only


def test_without_secrets_it_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("COMPOSE_PROFILES=mirror\n")
    read = config(tmp_path / ".env")
    assert read.returncode != 0
    assert "is missing a value: run 'make .env' first, it makes the secrets" in read.stderr
