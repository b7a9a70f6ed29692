"""Job definitions: created, read, changed, refused as Glue refuses them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.running import Running

COMMAND = {"Name": "glueetl", "ScriptLocation": "s3://lake/job.py"}


@pytest.fixture
def glue(aws: Running) -> Any:
    return aws.client("glue")


@pytest.fixture
def name() -> str:
    return f"job-{uuid.uuid4().hex[:8]}"


def test_a_job_shows_what_was_given_and_glues_defaults(glue: Any, name: str) -> None:
    glue.create_job(Name=name, Role="role", Command=COMMAND, WorkerType="G.2X", NumberOfWorkers=3, Tags={"team": "a"})
    job = glue.get_job(JobName=name)["Job"]
    shown = {key: job[key] for key in ("WorkerType", "NumberOfWorkers", "MaxCapacity", "AllocatedCapacity", "Timeout")}
    assert shown == {
        "WorkerType": "G.2X",
        "NumberOfWorkers": 3,
        "MaxCapacity": 6.0,
        "AllocatedCapacity": 6,
        "Timeout": 480,
    }
    assert job["GlueVersion"] == "5.1"
    assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert job["Command"] == {**COMMAND, "PythonVersion": "3"}
    assert glue.list_jobs(Tags={"team": "a"})["JobNames"] == [name]


def test_an_update_replaces_the_whole_definition(glue: Any, name: str) -> None:
    glue.create_job(Name=name, Role="role", Command=COMMAND, Description="old", DefaultArguments={"--a": "1"})
    glue.update_job(JobName=name, JobUpdate={"Role": "role", "Command": COMMAND, "MaxRetries": 2})
    job = glue.get_job(JobName=name)["Job"]
    assert job["MaxRetries"] == 2
    assert job["DefaultArguments"] == {}
    assert "Description" not in job


def test_a_deleted_job_is_gone(glue: Any, name: str) -> None:
    glue.create_job(Name=name, Role="role", Command=COMMAND)
    glue.delete_job(JobName=name)
    with pytest.raises(glue.exceptions.EntityNotFoundException, match=f"Job {name} not found."):
        glue.get_job(JobName=name)
    assert glue.batch_get_jobs(JobNames=[name])["JobsNotFound"] == [name]


def test_a_job_or_database_of_an_old_name_has_no_old_tags(aws: Running, glue: Any, name: str) -> None:
    tags, tagging = {"team": "a"}, aws.client("resourcegroupstaggingapi")
    glue.create_job(Name=name, Role="role", Command=COMMAND, Tags=tags)
    glue.create_database(DatabaseInput={"Name": name}, Tags=tags)
    assert str(tagging.get_resources()).count(name) == 2
    glue.delete_job(JobName=name)
    glue.delete_database(Name=name)
    assert name not in str(tagging.get_resources())


def test_a_second_job_of_a_name_is_refused(glue: Any, name: str) -> None:
    glue.create_job(Name=name, Role="role", Command=COMMAND, Description="first")
    with pytest.raises(glue.exceptions.AlreadyExistsException, match=f"Job {name} already exists"):
        glue.create_job(Name=name, Role="role", Command=COMMAND, Description="second")
    assert glue.get_job(JobName=name)["Job"]["Description"] == "first"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"MaxCapacity": 4.0, "WorkerType": "G.1X", "NumberOfWorkers": 4},
            "Please do not set Max Capacity if using Worker Type and Number of Workers.",
        ),
        ({"WorkerType": "G.1X"}, "Please set both Worker Type and Number of Workers."),
        ({"NumberOfWorkers": 2}, "Please set both Worker Type and Number of Workers."),
        (
            {"WorkerType": "G.1X", "NumberOfWorkers": 1},
            "To use Worker Type G.1X, minimum allowed value of Number of Workers is 2.",
        ),
        ({"MaxCapacity": 2.0, "AllocatedCapacity": 2}, "Please set only Allocated Capacity or Max Capacity"),
        ({"Command": {"Name": "glueray"}}, "Command.Name is 'glueray'; localaws runs glueetl and pythonshell."),
        ({"Timeout": 10_081}, "Timeout is 10081; a whole number of 1 to 10080 was expected"),
        ({"MaxRetries": 11}, "MaxRetries is 11; a whole number of 0 to 10 was expected"),
        (
            {"Command": {"Name": "pythonshell"}, "MaxCapacity": 2.0},
            "MaxCapacity of a pythonshell job is 2.0; it must be 0.0625 or 1",
        ),
    ],
)
def test_what_glue_refuses_is_refused(glue: Any, name: str, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError) as refused:
        glue.create_job(**{"Name": name, "Role": "role", "Command": COMMAND, **wrong})
    assert refused.value.response["Error"]["Code"] == "InvalidInputException"
    assert refused.value.response["Error"]["Message"] == message
    assert glue.batch_get_jobs(JobNames=[name])["Jobs"] == []
