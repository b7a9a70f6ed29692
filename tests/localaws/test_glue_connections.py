"""Connections of Glue, the jobs that use them, and the logs of jobs with a security configuration."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

NETWORK = {
    "Name": "private-a",
    "Description": "The private network",
    "ConnectionType": "NETWORK",
    "ConnectionProperties": {},
    "PhysicalConnectionRequirements": {
        "AvailabilityZone": "us-east-1a",
        "SubnetId": "subnet-1",
        "SecurityGroupIdList": ["sg-1"],
    },
}
ARN = "arn:aws:glue:us-east-1:123456789012:connection/private-a"


def shown(glue: Any, name: str) -> dict[str, Any]:
    connection: dict[str, Any] = glue.get_connection(Name=name)["Connection"]
    return {key: value for key, value in connection.items() if not key.endswith("Time")}


def test_a_connection_is_read_back_changed_and_deleted_with_its_tags(jobs: Any) -> None:
    glue = jobs.glue
    glue.create_connection(ConnectionInput=NETWORK, Tags={"project": "estrela"})
    assert shown(glue, "private-a") == NETWORK | {"Status": "READY"}
    assert glue.get_tags(ResourceArn=ARN)["Tags"] == {"project": "estrela"}
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        glue.create_connection(ConnectionInput=NETWORK)
    moved = NETWORK | {"Description": "moved", "MatchCriteria": ["x"]}
    glue.update_connection(Name="private-a", ConnectionInput=moved)
    assert shown(glue, "private-a") == moved | {"Status": "READY"}
    listed = glue.get_connections(Filter={"ConnectionType": "NETWORK"})["ConnectionList"]
    assert [connection["Description"] for connection in listed if connection["Name"] == "private-a"] == ["moved"]
    glue.delete_connection(ConnectionName="private-a")
    for call in (glue.get_connection, lambda Name: glue.delete_connection(ConnectionName=Name)):
        with pytest.raises(ClientError, match="EntityNotFoundException"):
            call(Name="private-a")
    glue.create_connection(ConnectionInput=NETWORK)
    assert glue.get_tags(ResourceArn=ARN)["Tags"] == {}
    done = glue.batch_delete_connection(ConnectionNameList=["private-a", "none"])
    assert (done["Succeeded"], done["Errors"]["none"]["ErrorCode"]) == (["private-a"], "EntityNotFoundException")


def test_a_password_is_shown_only_to_those_who_do_not_hide_it(jobs: Any) -> None:
    properties = {"JDBC_CONNECTION_URL": "jdbc:postgresql://db/x", "USERNAME": "u", "PASSWORD": "p"}
    wanted = {"Name": "core", "ConnectionType": "JDBC", "ConnectionProperties": properties}
    jobs.glue.create_connection(ConnectionInput=wanted)
    assert shown(jobs.glue, "core")["ConnectionProperties"] == properties
    hidden = jobs.glue.get_connection(Name="core", HidePassword=True)["Connection"]["ConnectionProperties"]
    assert hidden.keys() == properties.keys() - {"PASSWORD"}
    with pytest.raises(ClientError, match="ConnectionType should not be empty or null"):
        jobs.glue.create_connection(ConnectionInput={**wanted, "Name": "odd", "ConnectionType": ""})


def test_a_job_keeps_its_connections_and_logs_by_its_security_configuration_and_role(jobs: Any) -> None:
    name = jobs.create("import os; print(os.environ['AWS_ACCESS_KEY_ID'])", Connections={"Connections": ["private-a"]},
                       SecurityConfiguration="estrela-dev")  # fmt: skip
    assert jobs.glue.get_job(JobName=name)["Job"]["Connections"] == {"Connections": ["private-a"]}
    run = jobs.run(name)
    assert run["LogGroupName"] == "/aws-glue/python-jobs/estrela-dev-role/role"
    assert "Role" not in run
    assert jobs.output(run) == ["role"]
