"""Messages to users who start parts of the demo: ports, volumes, addresses, a missing lake."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from demo import compose_up
from demo.__main__ import port_of
from demo.airflow import AirflowError, require_alive
from demo.pages import main as pages
from demo.pages import newest_lake
from demo.ports import PortTakenError
from demo.world import WorldError
from metabase.cli import main as metabase

PROJECT = Path(__file__).parents[2]


def test_a_port_that_is_taken_is_named_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError) as refused:
            port_of(["airflow", str(port)])
    said = str(refused.value)
    assert said.startswith(f"port {port} is taken")
    assert said.endswith(f": stop this program, or choose another port: make airflow PORT={port + 1}")


def test_a_port_that_is_none_is_refused() -> None:
    assert port_of([]) == 0
    with pytest.raises(WorldError) as refused:
        port_of(["airflow", "80x"])
    assert str(refused.value) == "PORT=80x is not a port; use a number from 1 to 65535: make airflow PORT=8081"


def test_a_service_of_airflow_that_ends_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "scheduler.log").write_text("first\nno such database\n")
    child = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    child.wait()
    with pytest.raises(AirflowError) as refused:
        require_alive({"scheduler": child}, tmp_path)
    assert str(refused.value) == (
        f"Airflow's scheduler ended with status 3: no such database; see {tmp_path / 'scheduler.log'}"
    )


def test_preview_without_aws_and_without_a_demo_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pages(["page.html"], {}, tmp_path) == 1
    assert capsys.readouterr().err == (
        "preview: no AWS is configured, and no demo has run here. Run 'make demo' first, or configure AWS:"
        " export AWS_REGION=us-east-1, with credentials\n"
    )


def test_preview_takes_the_lake_of_the_last_demo(tmp_path: Path) -> None:
    for world in ("real", "synthetic"):
        (tmp_path / ".demo" / world / "aws").mkdir(parents=True)
    (tmp_path / ".demo" / "real" / "dashboards.html").write_text("")
    assert newest_lake(tmp_path) == tmp_path / ".demo" / "real" / "aws"


def test_the_command_without_a_region_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    assert metabase(["preview", "--out", "page.html"], {}) == 1
    assert capsys.readouterr().err == (
        "error: AWS_REGION: is not set, so no AWS is named; set it, with credentials, or draw the last demo's lake:"
        " make preview\n"
    )


DOCKER = """#!/bin/sh
case "$*" in
  "compose up -d --build") exit {up} ;;
  "compose ps --all --format json") echo '{{"Service":"postgres","ExitCode":0,"Health":"healthy"}}'
    echo '{{"Service":"airflow-migrate","ExitCode":1,"Health":""}}' ;;
  "compose logs --no-log-prefix --no-color --tail 15 airflow-migrate") echo '{log}' ;;
  "compose logs --no-log-prefix --no-color --tail 1 ready") echo 'Airflow: http://localhost:8080 (admin)' ;;
  "volume ls --quiet --filter label=com.docker.compose.project=estrela") echo 'estrela_postgres' ;;
  *) echo "not expected: $*" >&2; exit 99 ;;
esac
"""


def docker(folder: Path, monkeypatch: pytest.MonkeyPatch, *, up: int = 0, log: str = "") -> None:
    program = folder / "docker"
    program.write_text(DOCKER.format(up=up, log=log))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_the_stack_ends_with_its_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docker(tmp_path, monkeypatch)
    assert compose_up.main() == 0
    assert capsys.readouterr().out == "Airflow: http://localhost:8080 (admin)\n"


@pytest.mark.parametrize(("log", "advice"), [
    ("no space left", "Fix the cause and run 'make up' again; it continues from here."),
    ("FATAL: password authentication failed", "The databases in the volumes have the passwords of an"
     " earlier .env. Restore that .env, or delete the data: docker compose down --volumes"),
])  # fmt: skip
def test_a_failed_one_shot_shows_its_log_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], log: str, advice: str
) -> None:
    docker(tmp_path, monkeypatch, up=1, log=log)
    assert compose_up.main() == 1
    assert capsys.readouterr().err == (
        "\nairflow-migrate ended with exit code 1. The end of its log (all of it: docker compose logs"
        f" airflow-migrate):\n{log}\n{advice}\n"
    )


def test_a_new_env_over_old_volumes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, monkeypatch)
    script = PROJECT / "packages" / "demo" / "compose_secrets.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        ".env was not created: the databases in the volumes estrela_postgres have the passwords of an earlier .env."
        " Restore that .env, or delete the data: docker volume rm estrela_postgres\n"
    )
