"""Versions and aliases, as in AWS's recordings (tests/aws/services/lambda_/test_lambda_api.snapshot.json)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


def test_versions_and_aliases(functions: Any) -> None:
    client, name = functions.client, functions.create("def handler(e, c): return 1")
    assert client.publish_version(FunctionName=name)["Version"] == "1"
    assert client.publish_version(FunctionName=name, Description="d")["Version"] == "1"  # nothing changed
    new = functions.zipped({"app.py": "def handler(e, c): return 2"})
    assert client.update_function_code(FunctionName=name, ZipFile=new, Publish=True)["Version"] == "2"
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert [functions.invoke(name, Qualifier=q)[0] for q in ("1", "2", "$LATEST", "live")] == [1, 2, 2, 1]
    client.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    assert {functions.invoke(name, Qualifier="live")[0] for _ in range(60)} == {1, 2}
    assert {client.get_function_configuration(FunctionName=name, Qualifier="live")["Version"] for _ in range(20)} == {
        "1"
    }
    with pytest.raises(ClientError) as error:
        client.delete_function(FunctionName=name, Qualifier="1")
    assert error.value.response["Error"]["Code"] == "ResourceConflictException"
    versions = client.list_versions_by_function(FunctionName=name)["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "1", "2"]
    assert not {"State", "LastUpdateStatus", "RuntimeVersionConfig"} & versions[1].keys()
    client.update_function_configuration(FunctionName=name, Description="another")
    published = client.publish_version(FunctionName=name)
    assert (published["Version"], published["Description"]) == ("3", "another")
    with pytest.raises(ClientError) as error:
        client.update_alias(FunctionName=name, Name="nobody", FunctionVersion="1")
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    assert error.value.response["Error"]["Message"] == f"Alias not found: {arn}:nobody"
    client.delete_function(FunctionName=name)
    with pytest.raises(ClientError):
        client.get_function(FunctionName=name)


def test_the_first_version_is_answered_under_the_name_of_the_function(functions: Any) -> None:
    code = {"ZipFile": functions.zipped({"app.py": "def handler(e, c): return 1"})}
    function = functions.client.create_function(
        FunctionName="published", Runtime="python3.11", Role="arn:aws:iam::123456789012:role/r", Handler="app.handler",
        Code=code, Publish=True,
    )  # fmt: skip
    assert (function["Version"], function["FunctionArn"].rpartition(":")[2]) == ("1", "published")


def test_a_deprecated_runtime_is_refused(functions: Any) -> None:
    with pytest.raises(ClientError) as error:
        functions.create("def handler(e, c): return 1", Runtime="python3.7")
    text = "The runtime parameter of python3.7 is no longer supported for creating or updating AWS Lambda functions."
    advice = "We recommend you use a supported runtime while creating or updating functions."
    assert error.value.response["Error"]["Message"] == f"{text} {advice}"


def test_a_mapping_on_a_queue_has_no_last_result_and_is_the_only_one(functions: Any) -> None:
    functions.server.client("sqs").create_queue(QueueName="mapped")
    name = functions.create("def handler(e, c): return 1")
    given = {"FunctionName": name, "EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:mapped", "Enabled": False}
    mapping = functions.client.create_event_source_mapping(**given)
    assert "LastProcessingResult" not in mapping
    assert mapping["State"] == "Disabled"
    with pytest.raises(ClientError) as error:
        functions.client.create_event_source_mapping(**given)
    both = f'(" {given["EventSourceArn"]} ") and function (" {name} ")'
    advice = f"Please update or delete the existing mapping with UUID {mapping['UUID']}"
    assert error.value.response["Error"]["Message"] == (
        f"An event source mapping with SQS arn {both} already exists. {advice}"
    )
    functions.client.delete_event_source_mapping(UUID=mapping["UUID"])
