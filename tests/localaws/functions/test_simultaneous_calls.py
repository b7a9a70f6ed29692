"""Requests that change one function at the same time: none of them undoes another."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

WORKERS = 12


def at_once(call: Callable[[Any], Any], values: Iterable[Any]) -> list[str]:
    """Call a function with each value, several at a time, and return the codes of its errors, "" without one."""

    def outcome(value: Any) -> str:
        try:
            call(value)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(outcome, values))


def test_permissions_and_tags_that_are_added_together_are_all_kept(functions: Any) -> None:
    client, name = functions.client, functions.create("def handler(e, c): return 1")
    arn = client.get_function_configuration(FunctionName=name)["FunctionArn"]
    sids = [f"s{number}" for number in range(48)]

    def permit(sid: str) -> None:
        client.add_permission(
            FunctionName=name, StatementId=sid, Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
        )

    assert set(at_once(permit, sids)) == {""}
    policy = json.loads(client.get_policy(FunctionName=name)["Policy"])
    assert {statement["Sid"] for statement in policy["Statement"]} == set(sids)
    assert set(at_once(lambda tag: client.tag_resource(Resource=arn, Tags={tag: "1"}), sids)) == {""}
    assert set(client.list_tags(Resource=arn)["Tags"]) == set(sids)
    last = sids[-1]
    assert set(at_once(lambda sid: client.remove_permission(FunctionName=name, StatementId=sid), sids[:-1])) == {""}
    (left,) = json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"]
    assert left["Sid"] == last


def test_of_two_functions_with_one_name_only_one_is_created(functions: Any) -> None:
    code = {"ZipFile": functions.zipped({"app.py": "def handler(e, c): return 1"})}

    def create(name: str) -> None:
        functions.client.create_function(
            FunctionName=name, Runtime="python3.11", Role="arn:aws:iam::123456789012:role/r", Handler="app.handler",
            Code=code,
        )  # fmt: skip

    names = [f"twice-{number // 4}" for number in range(32)]
    assert Counter(at_once(create, names)) == {"": 8, "ResourceConflictException": 24}
