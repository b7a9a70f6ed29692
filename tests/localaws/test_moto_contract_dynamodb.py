"""Expressions do what unchanged moto does with them, however often a text is used."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.dynamodb import models, responses
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser
from moto.dynamodb.parsing.expressions import UpdateExpressionParser

from localaws.dynamodb.assignments import pairs_of
from localaws.dynamodb.expressions import install
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
    "SET #n = :v, #m = :w": (
        {"#n": "a", "#m": "n"}, tuple({":v": v, ":w": {"M": {"x": {"L": [v]}}}} for v in ({"S": "x"}, {"NULL": True})),
    ),
    " set #n=:v ": ({"#n": "a"}, ({":v": {"SS": ["p"]}}, {":v": {"BOOL": False}})),
    "SET #k = :v": ({"#k": "id"}, ({":v": {"S": "x"}},) * 2),
    "SET #n = :v, #m = :v": ({"#n": "a", "#m": "a"}, ({":v": {"S": "x"}},) * 2),
    "SET #n = :w": ({"#n": "a"}, ({":v": {"S": "x"}},) * 2),
    "SET #m = :v": ({"#n": "a"}, ({":v": {"S": "x"}},) * 2),
    "SET #n = :v REMOVE a": ({"#n": "b"}, ({":v": {"S": "x"}},) * 2),
}  # fmt: skip

CONDITIONS: dict[str, tuple[dict[str, str], tuple[dict[str, Any], ...]]] = {
    "attribute_not_exists(id)": ({}, ({},) * 2),
    "#a = :v AND (attribute_exists(b) OR NOT c < :w)": (
        {"#a": "a"}, tuple({":v": {"S": v}, ":w": {"N": w}} for v, w in [("x", "4"), ("x", "9"), ("y", "4")]),
    ),
    "c BETWEEN :v AND :w AND a IN (:x, :y)": (
        {}, tuple({":v": {"N": v}, ":w": {"N": "7"}, ":x": {"S": "x"}, ":y": {"S": "y"}} for v in ("3", "6")),
    ),
    "begins_with(a, :v) AND size(m.l) > :w": ({}, tuple({":v": {"S": "x"}, ":w": {"N": w}} for w in ("1", "2"))),
    "((a = :v))": ({}, ({":v": {"S": "x"}},) * 2),
}  # fmt: skip
"""Conditions for the item that :func:`outcomes` puts, with the names and values of each call."""


def outcomes(client: Any) -> list[Any]:
    """Return whether the item met each condition, or the error."""
    table, attributes = f"t-{uuid.uuid4().hex[:8]}", {"a": {"S": "x"}, "c": {"N": "5"}}
    item = {"id": {"S": "k"}, **attributes, "m": {"M": {"l": {"L": [{"S": "1"}, {"S": "2"}]}}}}
    create(client, table)
    client.put_item(TableName=table, Item=item)
    collected: list[Any] = []
    for condition, (names, calls) in CONDITIONS.items():
        for values in calls:
            given = {"ExpressionAttributeNames": names} if names else {}
            given |= {"ExpressionAttributeValues": values} if values else {}
            try:
                client.put_item(TableName=table, Item=item, ConditionExpression=condition, **given)
            except ClientError as error:
                collected.append(error.response["Error"])
            else:
                collected.append("met")
    return collected


def create(client: Any, table: str) -> None:
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def answers(client: Any) -> list[Any]:
    """The item, or the error, after each call."""
    table = f"t-{uuid.uuid4().hex[:8]}"
    create(client, table)
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


def unchanged(work: Callable[[Any], list[Any]]) -> list[Any]:
    """Return what ``work`` returns for unchanged moto."""
    with mock_aws(), pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ACCESS_KEY_ID", "x")
        patched.setenv("AWS_SECRET_ACCESS_KEY", "x")
        return work(boto3.client("dynamodb", "us-east-1"))


def test_update_expressions_do_what_unchanged_moto_does(aws: Running) -> None:
    expected = unchanged(answers)
    errors = [answer for answer in expected if "Code" in answer]
    assert len(errors) == 36
    assert answers(aws.client("dynamodb")) == expected


def test_conditions_do_what_unchanged_moto_does(aws: Running) -> None:
    expected = unchanged(outcomes)
    codes = {answer if answer == "met" else answer["Code"] for answer in expected}
    assert codes == {"met", "ConditionalCheckFailedException", "ValidationException"}
    assert outcomes(aws.client("dynamodb")) == expected


def test_what_is_replaced_is_there() -> None:
    assert callable(validators.deepcopy)
    assert UpdateExpressionParser.make("SET a = :v").children
    assert len(ConditionExpressionParser("a = :v", None, None)._lex_condition_expression()) == 3
    assert callable(DepthFirstTraverser.traverse_node_recursively)


def test_the_condition_of_an_update_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lexed: list[str] = []
    original = ConditionExpressionParser._lex_condition_expression
    with mock_aws(), pytest.MonkeyPatch.context() as patched:
        keep_patches(patched)
        install()
        monkeypatch.setattr(
            ConditionExpressionParser,
            "_lex_condition_expression",
            lambda parser: lexed.append(parser.condition_expression) or original(parser),
        )
        client = boto3.client("dynamodb", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        create(client, "t")
        for value in ("x", "y"):
            client.update_item(
                TableName="t",
                Key={"id": {"S": "k"}},
                UpdateExpression="SET #a = :v",
                ConditionExpression="attribute_not_exists(#a) OR #a <> :v",
                ExpressionAttributeNames={"#a": "a"},
                ExpressionAttributeValues={":v": {"S": value}},
            )
    assert lexed == ["attribute_not_exists(#a) OR #a <> :v"] * 2


def keep_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore at the end what :func:`install` replaces."""
    for place, names in {
        models: (
            "UpdateExpressionValidator", "UpdateExpressionExecutor", "create_condition_expression_parser",
        ),
        responses: ("create_condition_expression_parser",),
        validators: ("deepcopy",),
        ConditionExpressionParser: ("_lex_condition_expression", "parse"),
        DepthFirstTraverser: ("traverse_node_recursively",),
        DynamoType: ("__deepcopy__",),
    }.items():  # fmt: skip
        for name in names:
            monkeypatch.setattr(place, name, getattr(place, name))
    monkeypatch.setattr(UpdateExpressionParser, "make", staticmethod(UpdateExpressionParser.make))


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("SET #a = :v,#b=:w", (("#a", ":v"), ("#b", ":w"))),
        (" set #a = :v ", (("#a", ":v"),)),
        ("SET #a.#b = :v", ()),
        ("SET #a = :v + :w", ()),
        ("SET #a = if_not_exists(#a, :v)", ()),
        ("SET a = :v", ()),
        ("SET #a = :v REMOVE #b", ()),
        ("REMOVE #a", ()),
    ],
)
def test_plain_assignments_are_recognized(text: str, pairs: tuple[tuple[str, str], ...]) -> None:
    assert pairs_of(text) == pairs


def test_assignments_are_not_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_patches(monkeypatch)
    install()
    tree, item = UpdateExpressionParser.make("SET #a = :v"), Item(DynamoType({"S": "k"}), None, {"b": {"S": "x"}})
    monkeypatch.setattr(DepthFirstTraverser, "traverse_node_recursively", None)
    for size, fits in ((404_997, True), (404_998, False)):
        value = {"S": "v" * size}
        valid = models.UpdateExpressionValidator(tree, {"#a": "a"}, {":v": value}, item=item, table=Fields()).validate()
        valid.normalize()
        with nullcontext() if fits else pytest.raises(ItemSizeTooLarge):
            models.UpdateExpressionExecutor(valid, item, {}).execute()
        assert len(item.to_json()["Attributes"]["a"]["S"]) == 404_997


class Fields:
    """The part of moto's table that the validation of assignments needs."""

    attr = ({"AttributeName": "id", "AttributeType": "S"},)
