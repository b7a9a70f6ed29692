"""Update expressions do what unchanged moto does with them, however often a text is used."""

from __future__ import annotations

import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.expressions import UpdateExpressionParser

from localaws.running import Running

EXPRESSIONS: dict[str, tuple[dict[str, str], tuple[dict[str, Any], ...]]] = {
    "SET #n = :v, b = :v": ({"#n": "a"}, ({":v": {"S": "x"}}, {":v": {"N": "2"}})),
    "SET c = if_not_exists(c, :zero) + :v": ({}, ({":zero": {"N": "0"}, ":v": {"N": "5"}},) * 3),
    "SET l = list_append(if_not_exists(l, :n), :l) REMOVE b": ({}, ({":n": {"L": []}, ":l": {"L": [{"N": "1"}]}},) * 3),
    "SET m = :m": ({}, ({":m": {"M": {"x": {"L": [{"S": "y"}]}}}},)),
    "SET m.x[0] = :v": ({}, ({":v": {"S": "z"}}, {":v": {"S": "w"}})),
    "ADD c :v, s :s": ({}, ({":v": {"N": "1"}, ":s": {"SS": ["p", "q"]}}, {":v": {"N": "-4"}, ":s": {"SS": ["r"]}})),
    "DELETE s :s": ({}, ({":s": {"SS": ["p"]}}, {":s": {"SS": ["q", "r"]}})),
    "SET missing.x = :v": ({}, ({":v": {"S": "x"}},) * 2),
    "SET id = :v": ({}, ({":v": {"S": "x"}},) * 2),
    "SET a = :v, a = :v": ({}, ({":v": {"S": "x"}},) * 2),
    "SET a = :v +": ({}, ({":v": {"S": "x"}},) * 2),
    "SET a = #unknown": ({}, ({},) * 2),
}  # fmt: skip


def answers(client: Any) -> list[Any]:
    """The item, or the error, after each call."""
    table = f"t-{uuid.uuid4().hex[:8]}"
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    collected: list[Any] = []
    for key in ("first", "second"):
        for expression, (names, calls) in EXPRESSIONS.items():
            for values in calls:
                given = {"ExpressionAttributeNames": names} if names else {}
                given |= {"ExpressionAttributeValues": values} if values else {}
                try:
                    client.update_item(TableName=table, Key={"id": {"S": key}}, UpdateExpression=expression, **given)
                except ClientError as error:
                    collected.append(error.response["Error"])
                item = client.get_item(TableName=table, Key={"id": {"S": key}}).get("Item", {})
                collected.append(
                    {name: sorted(value["SS"]) if "SS" in value else value for name, value in item.items()}
                )
    return collected


def test_update_expressions_do_what_unchanged_moto_does(aws: Running) -> None:
    with mock_aws(), pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ACCESS_KEY_ID", "x")
        patched.setenv("AWS_SECRET_ACCESS_KEY", "x")
        expected = answers(boto3.client("dynamodb", "us-east-1"))
    errors = [answer for answer in expected if "Code" in answer]
    assert len(errors) == 20
    assert answers(aws.client("dynamodb")) == expected


def test_what_is_replaced_is_there() -> None:
    assert callable(validators.deepcopy)
    assert UpdateExpressionParser.make("SET a = :v").children
