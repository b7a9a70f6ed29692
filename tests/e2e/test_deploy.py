"""Deploying Estrela to an AWS: a second deployment changes nothing, and two central banks never share a lake."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.airflow import AirflowError
from demo.deployment import JOB, LAKE, AnotherSourceError, deploy
from demo.first_run import wait_for_success
from localaws.running import running

ROOT = Path(__file__).parents[2]


def test_deploying_again_changes_nothing_and_another_source_is_refused() -> None:
    with running() as aws:
        deploy(aws.client, ROOT, "http://bcb:8088")
        glue, s3 = aws.client("glue"), aws.client("s3")
        job = glue.get_job(JobName=JOB)["Job"]
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=LAKE)["Contents"]]
        deploy(aws.client, ROOT, "http://bcb:8088")
        assert glue.get_job(JobName=JOB)["Job"]["DefaultArguments"] == job["DefaultArguments"]
        assert [item["Key"] for item in s3.list_objects_v2(Bucket=LAKE)["Contents"]] == keys
        with pytest.raises(AnotherSourceError) as refused:
            deploy(aws.client, ROOT)
    assert job["DefaultArguments"]["--source_host"] == "http://bcb:8088"
    assert str(refused.value) == (
        "the lake has data of http://bcb:8088; choose an empty lake for data of Banco Central do Brasil"
    )


def test_the_first_run_is_waited_for() -> None:
    seen = iter([{}, {"a": "running"}, {"a": "failed", "b": "running"}, {"a": "failed", "b": "success"}])
    assert wait_for_success("star_banking", lambda: next(seen), lambda _: None) == "b"


def test_a_dag_whose_every_run_failed_is_not_waited_for() -> None:
    with pytest.raises(AirflowError, match="a, b of star_banking failed; Airflow's pages show the failed task and its"):
        wait_for_success("star_banking", lambda: {"a": "failed", "b": "failed"}, lambda _: None)
