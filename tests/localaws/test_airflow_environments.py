"""Amazon MWAA: settings of environments are returned as the client set them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.backends import list_of_moto_modules

from localaws.running import Running, running

TAGS = {"project": "estrela"}
ENVIRONMENT: dict[str, Any] = {
    "Name": "daily",
    "AirflowVersion": "3.0.6",
    "EnvironmentClass": "mw1.medium",
    "MinWorkers": 1,
    "MaxWorkers": 4,
    "Schedulers": 2,
    "ExecutionRoleArn": "arn:aws:iam::123456789012:role/airflow",
    "KmsKey": "arn:aws:kms:us-east-1:123456789012:key/1",
    "SourceBucketArn": "arn:aws:s3:::dags",
    "DagS3Path": "dags/",
    "RequirementsS3Path": "requirements.txt",
    "RequirementsS3ObjectVersion": "v1",
    "WebserverAccessMode": "PRIVATE_ONLY",
    "WeeklyMaintenanceWindowStart": "SUN:04:30",
    "AirflowConfigurationOptions": {"core.load_examples": "False"},
    "NetworkConfiguration": {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
    "Tags": TAGS,
}
LOGS = {"TaskLogs": {"Enabled": True, "LogLevel": "WARNING"}}


@pytest.fixture(scope="module")
def airflow(aws: Running) -> Any:
    return aws.client("mwaa", config=Config(inject_host_prefix=False))


def test_moto_lacks_the_service() -> None:
    """If a new moto has it, it has to be compared with ours."""
    assert "mwaa" not in list_of_moto_modules()


def test_an_environment_is_read_back_as_it_was_set(airflow: Any) -> None:
    arn = airflow.create_environment(**ENVIRONMENT, LoggingConfiguration=LOGS)["Arn"]
    environment = airflow.get_environment(Name="daily")["Environment"]
    assert {name: environment[name] for name in ENVIRONMENT} == ENVIRONMENT
    assert (environment["Arn"], environment["Status"], environment["MinWebservers"]) == (arn, "AVAILABLE", 2)
    group = "arn:aws:logs:us-east-1:123456789012:log-group:airflow-daily-"
    logs = environment["LoggingConfiguration"]
    assert logs["TaskLogs"] == LOGS["TaskLogs"] | {"CloudWatchLogGroupArn": f"{group}Task"}
    assert logs["WorkerLogs"] == {"Enabled": False, "LogLevel": "INFO", "CloudWatchLogGroupArn": f"{group}Worker"}
    assert "daily" in airflow.list_environments()["Environments"]
    with pytest.raises(airflow.exceptions.ValidationException, match="exists"):
        airflow.create_environment(**ENVIRONMENT)
    airflow.delete_environment(Name="daily")
    assert "daily" not in airflow.list_environments()["Environments"]
    with pytest.raises(airflow.exceptions.ResourceNotFoundException):
        airflow.get_environment(Name="daily")


def test_a_change_keeps_what_it_does_not_name(airflow: Any) -> None:
    airflow.create_environment(**ENVIRONMENT | {"Name": "changed"}, LoggingConfiguration=LOGS)
    airflow.update_environment(
        Name="changed",
        MaxWorkers=8,
        NetworkConfiguration={"SecurityGroupIds": ["sg-2"]},
        LoggingConfiguration={"WorkerLogs": {"Enabled": True, "LogLevel": "ERROR"}},
    )
    environment = airflow.get_environment(Name="changed")["Environment"]
    assert (environment["MinWorkers"], environment["MaxWorkers"]) == (1, 8)
    assert environment["NetworkConfiguration"] == {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-2"]}
    levels = {kind: logs["LogLevel"] for kind, logs in environment["LoggingConfiguration"].items() if logs["Enabled"]}
    assert levels == {"TaskLogs": "WARNING", "WorkerLogs": "ERROR"}
    assert environment["LastUpdate"]["Status"] == "SUCCESS"


def test_tags_are_added_and_removed(airflow: Any) -> None:
    arn = airflow.create_environment(**ENVIRONMENT | {"Name": "tagged"})["Arn"]
    airflow.tag_resource(ResourceArn=arn, Tags={"git_sha": "1"})
    airflow.untag_resource(ResourceArn=arn, tagKeys=["project"])
    assert airflow.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"git_sha": "1"}
    assert airflow.get_environment(Name="tagged")["Environment"]["Tags"] == {"git_sha": "1"}
    with pytest.raises(airflow.exceptions.ResourceNotFoundException):
        airflow.list_tags_for_resource(ResourceArn=f"{arn}0")


def test_what_is_not_there_is_refused_by_name(aws: Running, airflow: Any) -> None:
    with pytest.raises(ClientError, match="localaws does not implement CreateCliToken of mwaa"):
        airflow.create_cli_token(Name="daily")
    loose = aws.client("mwaa", config=Config(parameter_validation=False, inject_host_prefix=False))
    with pytest.raises(ClientError, match=r"Missing required parameter in input: .*ExecutionRoleArn"):
        loose.create_environment(Name="incomplete")


def test_a_host_with_the_prefix_of_the_service_is_reached_as_a_proxy(aws: Running, airflow: Any) -> None:
    airflow.create_environment(**ENVIRONMENT | {"Name": "proxied"})
    client = aws.client("mwaa", config=Config(proxies={"http": aws.endpoint}))
    assert "proxied" in client.list_environments()["Environments"]
    assert client.get_environment(Name="proxied")["Environment"]["Tags"] == TAGS


@pytest.mark.slow
def test_environments_survive_a_restart(tmp_path: Path) -> None:
    direct = Config(inject_host_prefix=False)
    with running(tmp_path, warm=0) as server:
        server.client("mwaa", config=direct).create_environment(**ENVIRONMENT)
    with running(tmp_path, warm=0) as server:
        assert server.client("mwaa", config=direct).list_environments()["Environments"] == ["daily"]
