"""Requests that Lambda refuses, with the texts of AWS's recordings (lambda_/test_lambda_api.snapshot.json)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:lambda:us-east-1:123456789012:function"
LONG = "a" * 65


@pytest.fixture(scope="module")
def name(functions: Any) -> str:
    return str(functions.create("def handler(event, context): return 1"))


def refusal(call: Any, **given: Any) -> tuple[str, str, Any]:
    """Return code, message and Type of the error."""
    with pytest.raises(ClientError) as error:
        call(**given)
    response = error.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response.get("Type")


@pytest.mark.parametrize(
    ("operation", "given", "missing"),
    [
        ("get_function", {}, "nobody"),
        ("delete_function", {"Qualifier": "7"}, "nobody"),
        ("invoke", {}, "nobody:$LATEST"),
        ("put_function_concurrency", {"ReservedConcurrentExecutions": 1}, "nobody:$LATEST"),
        ("create_alias", {"Name": "a", "FunctionVersion": "1"}, "nobody:1"),
        ("get_function", {"FunctionName": LONG}, LONG),
    ],
)
def test_a_function_that_does_not_exist(functions: Any, operation: str, given: dict[str, Any], missing: str) -> None:
    call = getattr(functions.client, operation)
    expected = ("ResourceNotFoundException", f"Function not found: {ARN}:{missing}", "User")
    assert refusal(call, **{"FunctionName": "nobody", **given}) == expected


def test_versions_and_names_that_are_refused(functions: Any) -> None:
    client = functions.client
    text = "$LATEST version cannot be deleted without deleting the function."
    expected = ("InvalidParameterValueException", text, "User")
    assert refusal(client.delete_function, FunctionName="nobody", Qualifier="$LATEST") == expected
    constraint = "failed to satisfy constraint: Member must"
    with pytest.raises(ClientError) as error:
        functions.create("", FunctionName=LONG)
    text = f"1 validation error detected: Value '{LONG}' at 'functionName' {constraint} have length less than or equal"
    assert error.value.response["Error"]["Message"] == f"{text} to 64"
    wrong = f"{'a' * 140}!"
    with pytest.raises(ClientError) as error:
        functions.create("", FunctionName=wrong)
    start = f"2 validation errors detected: Value '{wrong}' at 'functionName' {constraint}"
    message = error.value.response["Error"]["Message"]
    assert message.startswith(f"{start} have length less than or equal to 140; Value '{wrong}' at 'functionName'")
    for runtime in ("PYTHON3.11", "cobol85"):
        with pytest.raises(ClientError) as error:
            functions.create("", Runtime=runtime)
        details = error.value.response["Error"]
        assert details["Code"] == "InvalidParameterValueException"
        start = f"Value {runtime} at 'runtime' {constraint} satisfy enum value set: [nodejs20.x, python3.14, "
        assert details["Message"].startswith(start)
        assert details["Message"].endswith("java8.al2] or be a valid ARN")


def test_aliases_and_weights_that_are_refused(functions: Any, name: str) -> None:
    client, given = functions.client, {"FunctionName": name, "Name": "a", "FunctionVersion": "$LATEST"}
    weights = {"RoutingConfig": {"AdditionalVersionWeights": {"1": 2}}}
    limits = "Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0"
    text = f"failed to satisfy constraint: Map value must satisfy constraint: [{limits}, Member must not be null]"
    start = "1 validation error detected: Value '{1=2.0}' at 'routingConfig.additionalVersionWeights'"
    assert refusal(client.create_alias, **given, **weights)[:2] == ("ValidationException", f"{start} {text}")
    weights = {"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}}
    text = "$LATEST is not supported for an alias pointing to more than 1 version"
    assert refusal(client.create_alias, **given, **weights) == ("InvalidParameterValueException", text, None)


def test_policies_of_what_does_not_exist(functions: Any, name: str) -> None:
    client = functions.client
    permission = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    missing = ("ResourceNotFoundException", f"Cannot find alias arn: {ARN}:{name}:nobody", "User")
    assert refusal(client.add_permission, FunctionName=name, Qualifier="nobody", **permission) == missing
    assert refusal(client.remove_permission, FunctionName=name, Qualifier="nobody", StatementId="s") == missing
    gone = ("ResourceNotFoundException", "The resource you requested does not exist.", "User")
    for given in ({"FunctionName": "nobody"}, {"FunctionName": name, "Qualifier": "77"}, {"FunctionName": name}):
        assert refusal(client.get_policy, **given) == gone


def test_revisions_of_what_has_no_policy_yet(functions: Any, name: str) -> None:
    permission = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    call = functions.client.add_permission
    code, text, _ = refusal(call, FunctionName=name, RevisionId="wrong", **permission)
    assert code == "PreconditionFailedException"
    assert text.endswith("Call the GetPolicy API to retrieve the latest Revision Id")
    revision = functions.client.get_function_configuration(FunctionName=name)["RevisionId"]
    call(FunctionName=name, RevisionId=revision, **permission)
    functions.client.remove_permission(FunctionName=name, StatementId="s")


def test_empty_settings_and_settings_of_a_missing_alias_are_refused(functions: Any, name: str) -> None:
    client, arn = functions.client, f"{ARN}:{name}"
    empty = "An error occurred and the request cannot be processed."
    assert refusal(client.tag_resource, Resource=arn, Tags={})[:2] == ("InvalidParameterValueException", empty)
    text = "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null"
    assert refusal(client.untag_resource, Resource=arn, TagKeys=[])[:2] == ("ValidationException", text)
    needed = "You must specify at least one of error handling or destination setting."
    put = client.put_function_event_invoke_config
    assert refusal(put, FunctionName="nobody")[:2] == ("InvalidParameterValueException", needed)
    gone = ("ResourceNotFoundException", "The function doesn't exist.")
    assert refusal(put, FunctionName=name, Qualifier="nobody", MaximumRetryAttempts=1)[:2] == gone
    update = client.update_function_event_invoke_config
    assert refusal(update, FunctionName="nobody", MaximumRetryAttempts=1)[:2] == gone


def test_a_reservation_that_leaves_too_little(functions: Any, name: str) -> None:
    text = "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below"
    expected = ("InvalidParameterValueException", f"{text} its minimum value of [100].", None)
    call = functions.client.put_function_concurrency
    assert refusal(call, FunctionName=name, ReservedConcurrentExecutions=901) == expected
