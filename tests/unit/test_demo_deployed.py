"""make run-local: its refusals, and that it leaves no Glue run behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from demo import deployed
from demo.deployed import NotDeployedError, airflow_env, deployed_variables, main
from localaws.running import Running


def test_without_a_local_aws_it_says_how_to_deploy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOCALAWS_HOME", str(tmp_path))
    assert main([]) == 1
    problem = f"no local AWS runs with its state in {tmp_path}; run: make deploy-local"
    assert capsys.readouterr().out == f"run-local: {problem}\n"


@mock_aws
def test_the_variables_are_those_of_the_deployed_secrets() -> None:
    secrets = boto3.client("secretsmanager", "us-east-1")
    for name, value in (("estrela-local/airflow/variables/estrela_lake", "lake"), ("estrela-dev/other", "no")):
        secrets.create_secret(Name=name, SecretString=value)
    assert deployed_variables(secrets, "local") == {"estrela_lake": "lake"}
    with pytest.raises(NotDeployedError, match="the local AWS has no secrets estrela-dev/airflow/variables/"):
        deployed_variables(secrets, "dev")


def test_airflow_learns_the_lake_only_from_the_secrets() -> None:
    env = airflow_env(Running("http://127.0.0.1:1", "us-east-1", Path(), 1), "http://bcb", "local")
    assert "estrela-local/airflow/variables" in env["AIRFLOW__SECRETS__BACKEND_KWARGS"]
    assert not [name for name in env if name.startswith("AIRFLOW_VAR_ESTRELA_LAKE")]
    assert env["AIRFLOW_VAR_ESTRELA_AWS_COMMAND"] == (
        "AWS_ACCESS_KEY_ID=localaws AWS_SECRET_ACCESS_KEY=localaws aws --endpoint-url http://127.0.0.1:1"
    )


class Glue:
    """A job whose runs started just now, in these states, one page per run."""

    def __init__(self, **states: str) -> None:
        started = datetime.now(UTC)
        self.runs = [{"Id": name, "JobRunState": state, "StartedOn": started} for name, state in states.items()]
        self.stopped: list[str] = []

    def get_paginator(self, operation: str) -> Glue:
        assert operation == "get_job_runs"
        return self

    def paginate(self, JobName: str) -> Iterator[dict[str, Any]]:
        for run in self.runs:
            yield {"JobRuns": [run]}

    def batch_stop_job_run(self, JobName: str, JobRunIds: list[str]) -> None:
        self.stopped += JobRunIds


def test_active_runs_are_stopped_also_after_an_error() -> None:
    glue = Glue(a="RUNNING", b="SUCCEEDED", c="WAITING")
    with pytest.raises(RuntimeError), deployed._stopping_runs(glue, "estrela-local"):
        raise RuntimeError
    assert glue.stopped == ["a", "c"]
    idle = Glue(a="FAILED")
    with deployed._stopping_runs(idle, "estrela-local"):
        pass
    assert idle.stopped == []
