"""Secrets Manager rotates a secret by its function, one step after the other."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from moto.secretsmanager.models import SecretsManagerBackend
from waiting import eventually

ROTATE = """
    import boto3

    secrets = boto3.client("secretsmanager")

    def handler(event, context):
        secret, version = event["SecretId"], event["ClientRequestToken"]
        name = secrets.describe_secret(SecretId=secret)["Name"]
        if event["Step"] == "createSecret":
            secrets.put_secret_value(
                SecretId=secret, ClientRequestToken=version, SecretString="new", VersionStages=["AWSPENDING"]
            )
        if event["Step"] == "testSecret" and "refused" in name:
            raise ValueError("refused")
        if event["Step"] == "finishSecret":
            stages = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
            (old,) = [name for name, labels in stages.items() if "AWSCURRENT" in labels]
            secrets.update_secret_version_stage(
                SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=version, RemoveFromVersionId=old
            )
        print("step", event["Step"], name)
"""
MONTHLY = {"AutomaticallyAfterDays": 30}


@pytest.fixture(scope="module")
def secrets(functions: Any) -> Any:
    return functions.server.client("secretsmanager")


@pytest.fixture(scope="module")
def rotation(functions: Any) -> tuple[str, str]:
    """The name and the ARN of a function that rotates secrets."""
    name = functions.create(ROTATE)
    return name, functions.client.get_function(FunctionName=name)["Configuration"]["FunctionArn"]


def test_moto_calls_its_own_functions_with_the_arguments_that_are_taken_over() -> None:
    """install() replaces this method."""
    assert list(inspect.signature(SecretsManagerBackend.rotate_secret).parameters) == [
        "self", "secret_id", "client_request_token", "rotation_lambda_arn", "rotation_rules", "rotate_immediately",
    ]  # fmt: skip


def steps(functions: Any, rotation: tuple[str, str], secret: str) -> list[str]:
    words = [line.split() for line in functions.lines(rotation[0]) if line.startswith("step ")]
    return [step for _, step, name in words if name == secret]


def test_a_rotation_runs_each_step_and_ends_with_the_new_value(
    secrets: Any, functions: Any, rotation: tuple[str, str]
) -> None:
    secrets.create_secret(Name="rotated", SecretString="old")
    started = secrets.rotate_secret(SecretId="rotated", RotationLambdaARN=rotation[1], RotationRules=MONTHLY)
    eventually(lambda: secrets.describe_secret(SecretId="rotated").get("LastRotatedDate"))
    value = secrets.get_secret_value(SecretId="rotated")
    assert (value["SecretString"], value["VersionId"]) == ("new", started["VersionId"])
    assert secrets.get_secret_value(SecretId="rotated", VersionStage="AWSPREVIOUS")["SecretString"] == "old"
    described = secrets.describe_secret(SecretId="rotated")
    assert (described["RotationEnabled"], described["RotationLambdaARN"]) == (True, rotation[1])
    assert described["RotationRules"] == MONTHLY
    expected = ["createSecret", "setSecret", "testSecret", "finishSecret"]
    assert eventually(lambda: steps(functions, rotation, "rotated") == expected)


def test_a_failed_rotation_keeps_the_old_value_and_is_attempted_again(
    secrets: Any, functions: Any, rotation: tuple[str, str]
) -> None:
    secrets.create_secret(Name="refused", SecretString="old")
    secrets.rotate_secret(SecretId="refused", RotationLambdaARN=rotation[1], RotationRules=MONTHLY)
    eventually(lambda: len(steps(functions, rotation, "refused")) == 2)
    assert secrets.get_secret_value(SecretId="refused")["SecretString"] == "old"
    with pytest.raises(secrets.exceptions.InvalidRequestException, match="A previous rotation isn't complete"):
        secrets.rotate_secret(SecretId="refused")
    eventually(lambda: len(steps(functions, rotation, "refused")) == 4)
    described = secrets.describe_secret(SecretId="refused")
    assert sorted(described["VersionIdsToStages"].values()) == [["AWSCURRENT"], ["AWSPENDING"]]
    assert "LastRotatedDate" not in described


def test_a_later_rotation_is_only_tested_now(secrets: Any, functions: Any, rotation: tuple[str, str]) -> None:
    secrets.create_secret(Name="later", SecretString="old")
    secrets.rotate_secret(
        SecretId="later", RotationLambdaARN=rotation[1], RotationRules=MONTHLY, RotateImmediately=False
    )
    eventually(lambda: len(secrets.describe_secret(SecretId="later")["VersionIdsToStages"]) == 1)
    assert eventually(lambda: steps(functions, rotation, "later")) == ["testSecret"]
    assert secrets.get_secret_value(SecretId="later")["SecretString"] == "old"


def test_a_function_must_exist_and_a_rotation_can_be_switched_off(secrets: Any, rotation: tuple[str, str]) -> None:
    secrets.create_secret(Name="off", SecretString="old")
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.rotate_secret(SecretId="off", RotationLambdaARN=f"{rotation[1]}0", RotationRules=MONTHLY)
    assert "RotationEnabled" not in secrets.describe_secret(SecretId="off")
    secrets.rotate_secret(SecretId="off", RotationLambdaARN=rotation[1], RotationRules=MONTHLY)
    secrets.cancel_rotate_secret(SecretId="off")
    assert secrets.describe_secret(SecretId="off")["RotationEnabled"] is False
